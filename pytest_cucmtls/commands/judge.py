"""`cucmtls judge`: a run folder again from its files alone, or somebody else's captures, traces and certificates."""

import argparse
import json
import os
import re
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pytest_cucmtls.model.errors import ConfigurationInvalid
from pytest_cucmtls.model.verdicts import exit_code

if TYPE_CHECKING:
    from pytest_cucmtls.evidence.given.given_files import GivenFiles
    from pytest_cucmtls.evidence.judged_files import JudgedFiles
    from pytest_cucmtls.model.verdicts import Verdict
    from pytest_cucmtls.model.waivers import Waiver

T = TypeVar("T")
_FILE_OPTIONS = ("capture", "trace", "certificate", "trust", "authority")
_CLUSTER_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `judge` to the `cucmtls` parser; `run` of the parsed arguments returns the exit code."""
    judge = commands.add_parser(
        "judge",
        help="judge a run folder or a bundle again, or captures, traces and certificates alone",
        description="Judges a run folder or a sealed bundle again, or files from anywhere: --capture, --trace, --certificate … "
        "give every verdict they support and say what to collect for the rest.",
    )
    judge.add_argument("folder", nargs="?", type=Path, metavar="RUNFOLDER|BUNDLE")
    files = judge.add_argument_group("files instead of a folder")
    files.add_argument("--capture", nargs="+", action="extend", default=[], type=Path, metavar="FILE", help="pcap or pcapng")
    files.add_argument(
        "--trace",
        nargs="+",
        action="extend",
        default=[],
        type=Path,
        metavar="FILE",
        help="SDL, SDI, call logs; folders, zip, tar",
    )
    files.add_argument(
        "--certificate",
        action="append",
        default=[],
        metavar="A=FILE",
        help="CallManager certificate as a node's admin page shows it",
    )
    files.add_argument("--trust", action="append", default=[], metavar="A=FILE", help="members of CallManager-trust of a cluster")
    files.add_argument(
        "--authority", nargs="+", action="extend", default=[], type=Path, metavar="FILE", help="the CA's certificates"
    )
    files.add_argument("--node", action="append", default=[], metavar="A=ADDRESS[,ADDRESS]", help="which nodes are a cluster's")
    files.add_argument(
        "--extension", action="append", default=[], metavar="A=1018", help="number of the called party of a cluster"
    )
    files.add_argument(
        "--pattern", action="append", default=[], metavar="A=98XX[@PARTITION]", help="route pattern that was intended"
    )
    files.add_argument("--inventory", type=Path, help="clusters.toml that declares all of this")
    files.add_argument(
        "--out", type=Path, metavar="FOLDER", help="new folder for evidence and verdicts (default: reports/judged-…)"
    )
    judge.add_argument("--policy", help="another policy than the run's own")
    judge.add_argument("--json", action="store_true", help="the verdicts as JSON")
    judge.add_argument(
        "--accept-waived",
        action="store_true",
        help="exit code 0 when all that is left is covered by unexpired waivers; the verdicts stay what they are",
    )
    judge.set_defaults(run=_judge)


def _judge(parsed: argparse.Namespace) -> int:
    given = [name for name in _FILE_OPTIONS if getattr(parsed, name)]
    if parsed.folder is not None and given:
        text = "a run folder is judged by itself, without further files"
        raise ConfigurationInvalid("judge", f"--{given[0]}", text, remedy="Leave the folder out to judge the files.")
    if parsed.folder is not None:
        return _again(parsed)
    if not given:
        text = "nothing to judge: give a run folder, a bundle, or files with --capture, --trace, --certificate"
        raise ConfigurationInvalid("judge", "", text)
    return _files(parsed)


def _again(parsed: argparse.Namespace) -> int:
    from pytest_cucmtls.evidence.bundles.opened import opened_bundle, redaction_note
    from pytest_cucmtls.evidence.rejudge import rejudge
    from pytest_cucmtls.evidence.verdicts_json import verdicts_as_json
    from pytest_cucmtls.report.verdict_text import verdict_lines

    with ExitStack() as stack:
        folder = stack.enter_context(opened_bundle(parsed.folder))
        note = redaction_note(folder)
        again = rejudge(folder, parsed.policy)
    if parsed.json:
        document = verdicts_as_json(again.verdicts, again.about)
        print(json.dumps(document | {"differences": list(again.differences)}, indent=1, ensure_ascii=False))
    else:
        print("\n".join([*verdict_lines(again.verdicts), *([note] if note else [])]))
        for difference in again.differences:
            print(f"differs from the recorded verdicts: {difference}")
        if again.compared and not again.differences:
            print(f"the same as the {again.compared} verdicts recorded with the run")
        print("\n".join(_waiver_lines(again.verdicts, again.waivers)), end="")
    return _code(parsed, again.verdicts)


def _waiver_lines(verdicts: "Sequence[Verdict]", waivers: "Sequence[Waiver]") -> list[str]:
    """What is waived, what of it had expired, and waivers beside no finding; nothing where there are no waivers."""
    from pytest_cucmtls.evidence.waiving import waiver_lines

    found = waiver_lines(verdicts, waivers)
    return ["waivers:", *(f"  {line}" for line in found), ""] if found else []


def _code(parsed: argparse.Namespace, verdicts: "Sequence[Verdict]") -> int:
    """As ever, unless the caller accepts what somebody answers for."""
    from pytest_cucmtls.evidence.waiving import exit_code_accepting_waived

    return exit_code_accepting_waived(verdicts) if parsed.accept_waived else exit_code([one.outcome for one in verdicts])


def _files(parsed: argparse.Namespace) -> int:
    from pytest_cucmtls.evidence.judged_files import judge_files
    from pytest_cucmtls.evidence.verdicts_json import verdicts_as_json

    judged = judge_files(_given(parsed), parsed.out or _new_folder())
    written = _html_report(judged)
    if parsed.json:
        print(json.dumps(verdicts_as_json(judged.verdicts, judged.about), indent=1, ensure_ascii=False))
    else:
        print("\n".join(_lines(judged, written)))
    return _code(parsed, judged.verdicts)


def _given(parsed: argparse.Namespace) -> "GivenFiles":
    from pytest_cucmtls.evidence.given.given_files import GivenFiles
    from pytest_cucmtls.inventory import read_inventory

    return GivenFiles(
        captures=tuple(parsed.capture),
        traces=tuple(parsed.trace),
        certificates=_pairs("--certificate", parsed.certificate, Path),
        trusts=_pairs("--trust", parsed.trust, Path),
        authorities=tuple(parsed.authority),
        addresses=_addresses(parsed.node),
        extensions=_pairs("--extension", parsed.extension, str),
        patterns=_pairs("--pattern", parsed.pattern, str),
        inventory=read_inventory(parsed.inventory) if parsed.inventory else None,
        policy=parsed.policy,
    )


def _pairs(option: str, texts: Sequence[str], as_value: Callable[[str], T]) -> tuple[tuple[str, T], ...]:
    found = []
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not value or not _CLUSTER_NAME.fullmatch(name):
            problem = f"must look like A=…, not {text!r}"
            raise ConfigurationInvalid("judge", option, problem, remedy="The letter or name before = says whose it is.")
        found.append((name, as_value(value)))
    return tuple(found)


def _addresses(texts: Sequence[str]) -> tuple[tuple[str, str], ...]:
    pairs = _pairs("--node", texts, str)
    return tuple((name, address.strip()) for name, value in pairs for address in value.split(",") if address.strip())


def _new_folder() -> Path:
    return Path("reports") / f"judged-{datetime.now(UTC):%Y%m%d-%H%M%S}-{os.getpid()}"


def _html_report(judged: "JudgedFiles") -> Path:
    """The acceptance report as a page, beside the files."""
    from pytest_cucmtls.report.html.page import write_html_report

    place = judged.folder / "report.html"
    write_html_report(place, judged.verdicts, judged.evidence, judged.about)
    return place


def _lines(judged: "JudgedFiles", written: Path) -> list[str]:
    from pytest_cucmtls.evidence.judged_files import what_to_collect
    from pytest_cucmtls.report.verdict_text import verdict_lines
    from pytest_cucmtls.run.conclusion import Conclusion

    conclusion = Conclusion(judged.folder, judged.verdicts, judged.evidence, ())
    return [
        *verdict_lines(judged.verdicts),
        *(
            f"to decide {count} more, {', '.join(facts[:4])}{' …' if len(facts) > 4 else ''}: {wanted}"
            for count, facts, wanted in what_to_collect(judged.verdicts)
        ),
        *judged.notes,
        *_waiver_lines(judged.verdicts, judged.waivers)[:-1],
        *conclusion.sentences(),
        f"the files as received, and verdicts.json, are in {judged.folder}",
        f"the report is {written}",
    ]
