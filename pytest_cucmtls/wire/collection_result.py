"""RTMT's trace collection result (``<QueryResult>``): which files of which node and service were collected."""

import re
from html import unescape

from pytest_cucmtls.model.traces import CollectedFile, TraceCollection

_ELEMENT = re.compile(r"<(Node|ServiceName|FileType|FileName)\b([^<>]{0,2048})>")
_ATTRIBUTE = re.compile(r'\b(name|size)="([^"]{0,1024})"')
MOST_FILES = 20_000


def looks_like_one(beginning: bytes) -> bool:
    """XML whose root is ``QueryResult``."""
    return beginning.lstrip()[:512].startswith(b"<?xml") and b"<QueryResult>" in beginning[:2048]


def parse_collection_result(data: bytes) -> TraceCollection:
    """Read without an XML parser: nothing in the file can make it fetch, expand or fail."""
    node = service = None
    kind, files = "", list[CollectedFile]()
    for element, inside in _ELEMENT.findall(data.decode("utf-8", "replace")):
        values = {key: unescape(value) for key, value in _ATTRIBUTE.findall(inside)}
        name = values.get("name", "")
        if element == "Node":
            node = node or name
        elif element == "ServiceName":
            service = service or name
        elif element == "FileType":
            kind = name
        elif len(files) < MOST_FILES:
            size = values.get("size", "")
            files.append(CollectedFile(kind, name, int(size) if size.isascii() and size.isdigit() and len(size) < 16 else None))
    return TraceCollection(node, service, tuple(files))
