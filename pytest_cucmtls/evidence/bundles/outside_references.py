"""Finds what a delivered page would ask the outside world for: addresses, protocol-relative hosts, analytics tags.

Applies to what a browser renders (HTML, SVG, style sheets, scripts). Plain words in a page may name an address: that loads
nothing. In a script every address counts, because nobody can see what becomes of it; XML namespaces are names, not addresses.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

from pytest_cucmtls.evidence.folder_walk import read_bytes, walk
from pytest_cucmtls.model.errors import FileUnreadable

RENDERED = (".html", ".htm", ".xhtml", ".svg", ".css", ".js", ".mjs")
"""Endings of files a browser renders or runs."""
_LOADING = frozenset(
    [
        "src",
        "href",
        "srcset",
        "data",
        "action",
        "formaction",
        "poster",
        "background",
        "ping",
        "manifest",
        "cite",
        "code",
        "codebase",
        "xlink:href",
        "imagesrcset",
    ]
)
_ADDRESS = re.compile(r"(?:(?:https?|wss?|ftp):)?//[\w\[][^\s\"'`<>()\\]*", re.IGNORECASE)
_IN_STYLE = re.compile(r"(?:url\(|@import)\s*[\"']?\s*((?:(?:https?|ftp):)?//[^\s\"')]+)", re.IGNORECASE)
_IN_SCRIPT = re.compile(r"(?:https?|wss?|ftp)://[^\s\"'`<>()\\]+|[\"'`]//[a-z0-9-]+\.[^\s\"'`<>()\\]+", re.IGNORECASE)
_ANALYTICS = re.compile(
    r"googletagmanager|google-analytics|\bgtag\s*\(|\bG-[A-Z0-9]{8,12}\b(?=[\"'&])|plausible\.io|matomo|hotjar|cdn\.segment|"
    r"mixpanel|sentry\.io|clarity\.ms|doubleclick",
    re.IGNORECASE,
)
_NAMESPACE = re.compile(
    r"https?://www\.w3\.org/(?:1998/Math/MathML|1999/xhtml|1999/xlink|2000/svg|2000/xmlns/?|XML/1998/namespace)"
)


@dataclass(frozen=True, slots=True)
class OutsideReference:
    """One place that leads outside."""

    path: str
    line: int
    what: str
    """The address, or the name of the analytics tag; at most 120 characters."""

    def __str__(self) -> str:
        return f"{self.path}, line {self.line}: refers to {self.what}"


def outside_references(folder: Path) -> tuple[OutsideReference, ...]:
    """Every outside reference in the rendered files of a folder, raw evidence and private files left out.

    Raises: FileUnreadable.
    """
    found: list[OutsideReference] = []
    for path, regular in walk(folder):
        if regular and path.split("/")[0] not in ("raw", "private"):
            found += references_in(path, read_bytes(folder / path)) if path.lower().endswith(RENDERED) else ()
    return tuple(found)


def references_in(path: str, data: bytes) -> tuple[OutsideReference, ...]:
    """Those of one file; its ending says how it is read. A file that is neither page, style nor script has none."""
    text, ending = data.decode("utf-8", "replace"), path.lower().rpartition(".")[2]
    if ending in ("js", "mjs"):
        places = _in_script(text, 1)
    elif ending == "css":
        places = _in_style(text, 1)
    elif f".{ending}" in RENDERED:
        places = _in_page(text)
    else:
        return ()
    return tuple(OutsideReference(path, line, what[:120]) for line, what in places)


def refuse_outside_references(path: str, data: bytes) -> None:
    """Raises: FileUnreadable, naming the first place of a file that leads outside."""
    found = references_in(path, data)
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise FileUnreadable(
            path,
            f"line {found[0].line} refers to {found[0].what}{more}; what is delivered must need nothing from outside",
            remedy="Remove the file from the run folder, or generate it without outside references.",
        )


def _in_page(text: str) -> Iterator[tuple[int, str]]:
    reader = _PageReader()
    reader.feed(text)
    reader.close()
    yield from reader.found


def _in_style(text: str, first_line: int) -> Iterator[tuple[int, str]]:
    for found in _IN_STYLE.finditer(text):
        yield first_line + text.count("\n", 0, found.start()), found[1]


def _in_script(text: str, first_line: int) -> Iterator[tuple[int, str]]:
    for pattern in (_IN_SCRIPT, _ANALYTICS):
        for found in pattern.finditer(text):
            if not _NAMESPACE.fullmatch(found[0].rstrip(";,")):
                yield first_line + text.count("\n", 0, found.start()), found[0].strip("\"'`")


class _PageReader(HTMLParser):
    """Attributes that load, styles, scripts; text of the page is only text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[int, str]] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag if tag in ("style", "script") else self._inside
        line = self.getpos()[0]
        refresh = any(name == "http-equiv" and (value or "").lower() == "refresh" for name, value in attrs)
        for name, value in attrs:
            if value is None:
                continue
            if value.lstrip().lower().startswith("data:") and "://" not in value:
                continue  # base64 may hold two slashes
            if name in _LOADING or (refresh and name == "content"):
                self.found += [(line, one[0]) for one in _ADDRESS.finditer(value)]
            elif name == "style":
                self.found += _in_style(value, line)
            elif name == "srcdoc":
                self.found += [(line, what) for _, what in _in_page(value)]
            elif name.startswith("on"):
                self.found += _in_script(value, line)

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside:
            self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "style":
            self.found += _in_style(data, self.getpos()[0])
        elif self._inside == "script":
            self.found += _in_script(data, self.getpos()[0])
