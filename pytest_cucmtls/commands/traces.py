"""`cucmtls read-trace`: what CUCM trace files say, file by file, or the story of one call across all of them."""

import argparse
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_cucmtls.model.errors import FileUnreadable
from pytest_cucmtls.model.verdicts import EXIT_CODES

if TYPE_CHECKING:
    from pytest_cucmtls.capture.trace_files import NamedTrace


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `read-trace` to the `cucmtls` parser; `run` of the parsed arguments returns the exit code."""
    reader = commands.add_parser(
        "read-trace",
        help="what CUCM trace files say, or the story of one call in them",
        description="Reads SDL and SDI traces and call logs of any release from 8 on: files (plain, .gz, .gzo), folders, "
        "zip and tar archives, of any number of nodes and in any order.",
    )
    reader.add_argument("files", nargs="+", type=Path, metavar="FILE|FOLDER|ARCHIVE")
    reader.add_argument("--call", metavar="CALL-ID|NUMBER", help="tell the story of this call, or of the calls of this number")
    reader.add_argument("--json", action="store_true", help="one JSON object per file, or per call")
    reader.set_defaults(run=_read_trace)


def _read_trace(parsed: argparse.Namespace) -> int:
    from pytest_cucmtls.capture.trace_files import read_traces

    found = read_traces(parsed.files)
    return _stories(found, parsed) if parsed.call else _files(found, as_json=parsed.json)


def _files(found: "Iterable[NamedTrace]", *, as_json: bool) -> int:
    """Every file, node by node in order; a file named on the command line that is no trace makes the answer undecided."""
    from pytest_cucmtls.report.trace_json import trace_as_json
    from pytest_cucmtls.report.trace_text import trace_lines
    from pytest_cucmtls.wire.trace_joining import joined

    traces = list(found)
    for name, report in joined([(trace.name, trace.report) for trace in traces]):
        if as_json:
            print(json.dumps(trace_as_json(report, name), ensure_ascii=False))
        else:
            print("\n".join(trace_lines(report, name)))
    usable = traces and any(trace.report.readable for trace in traces)
    refused = any(trace.given and not trace.report.readable for trace in traces)
    return EXIT_CODES["ok"] if usable and not refused else EXIT_CODES["undecided"]


def _stories(found: "Iterable[NamedTrace]", parsed: argparse.Namespace) -> int:
    from pytest_cucmtls.report.trace_story_json import story_as_json
    from pytest_cucmtls.report.trace_text import story_lines
    from pytest_cucmtls.wire.trace_story import call_stories

    readable = [(trace.name, trace.report) for trace in found if trace.report.readable]
    if not readable:
        raise FileUnreadable(", ".join(map(str, parsed.files)), "holds no trace", remedy="Give SDL, SDI or call log files.")
    stories = call_stories(readable, parsed.call)
    if parsed.json:
        for story in stories:
            print(json.dumps(story_as_json(story), ensure_ascii=False))
    elif stories:
        print("\n".join(story_lines(stories)))
    else:
        print(f"no call {parsed.call} in {len(readable)} trace files")
    return EXIT_CODES["ok"] if stories else EXIT_CODES["undecided"]
