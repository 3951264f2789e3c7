"""`file list … detail` and the summary of `file get`."""

import re

from pytest_cucmtls.model.cucm import LogFile
from pytest_cucmtls.wire.cli_terminal import plain

_ENTRY = re.compile(
    r"^(?P<modified>\d{1,2} [A-Z][a-z]{2},\d{4} \d{2}:\d{2}:\d{2})[ \t]+"
    r"(?P<size><dir>|[\d,]{1,20})[ \t]+(?P<name>\S.{0,255}?)[ \t]*$",
    re.MULTILINE,
)
_AFFECTED = re.compile(r"Number of files affected:\s*(\d{1,9})")


def parse_file_list(text: str, folder: str = "") -> tuple[LogFile, ...]:
    """Files (not directories) of a detailed listing, in the order shown; `path` is `folder`/name below ``activelog``.

    `modified` stays as printed (node's zone), sizes lose their thousands commas. An output without entries is an empty list.
    """
    text = plain(text)
    prefix = folder.rstrip("/") + "/" if folder else ""
    return tuple(
        LogFile(entry["name"], prefix + entry["name"], int(entry["size"].replace(",", "") or 0), entry["modified"])
        for entry in _ENTRY.finditer(text)
        if entry["size"] != "<dir>"
    )


def parse_folder_list(text: str) -> tuple[str, ...]:
    """Names of the directories of a detailed listing, in the order shown."""
    text = plain(text)
    return tuple(entry["name"] for entry in _ENTRY.finditer(text) if entry["size"] == "<dir>")


def parse_files_affected(text: str) -> int | None:
    """How many files `file get` or `file delete` announces, or None when it does not say."""
    match = _AFFECTED.search(text)
    return int(match[1]) if match else None
