"""`cucmtls rehearse`: breaks a configured simulated pair, lets you look for the fault, then judges and explains.

With `--score` every fault of the catalogue is tried without anybody looking, and the judgement is scored.

Exit codes: 0 the judgement found something (or there was nothing to find), with --score: everything was right; 1 with
--score: something was not; 2 usage; 3 it found nothing.
"""

import argparse
import json
import os
import secrets
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_cucmtls.model.errors import ConfigurationInvalid
from pytest_cucmtls.model.inventory import Mode
from pytest_cucmtls.model.verdicts import EXIT_CODES, Outcome

if TYPE_CHECKING:
    from pytest_cucmtls.model.verdicts import Verdict
    from pytest_cucmtls.simulated_clusters import SimulatedPair

Commands = Any
"""What `ArgumentParser.add_subparsers` returns (argparse gives its class no public name)."""

SURPRISES = (
    "all_calls_forwarded",
    "clear_text_member_as_fallback",
    "clear_text_member_first",
    "client_certificate_not_requested",
    "destination_port_plain",
    "device_security_mode_non_secure",
    "directory_number_shadows_pattern",
    "incoming_transport_plain",
    "route_pattern_missing",
    "srtp_not_allowed",
    "subject_name_of_old_peer_kept",
    "subject_name_wrong",
    "trace_names_another_cipher",
    "trunk_secure_without_tls",
    "two_significant_digits",
)
"""Faults drawn when none is named: each shows itself on a pair that was configured before."""


def add_commands(commands: Commands) -> None:
    """Add `rehearse` to the `cucmtls` command."""
    rehearse = commands.add_parser("rehearse", help="break a simulated pair and look for the fault, as training")
    rehearse.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="NAME[@CLUSTER]",
        help="default: one drawn by lot; with --score: a number such as F-056",
    )
    rehearse.add_argument("--list", action="store_true", help="list the faults and end")
    rehearse.add_argument("--score", action="store_true", help="try the whole catalogue and score the judgement (under a minute)")
    rehearse.add_argument("--json", action="store_true", help="with --score: the scores as JSON")
    rehearse.add_argument("--pair", choices=("modern", "source-document"), default="modern")
    rehearse.add_argument("--policy", help="judge by this policy instead of the pair's own")
    rehearse.add_argument("--folder", type=Path, help="keep the run here (default: a temporary folder)")
    rehearse.set_defaults(run=_rehearse)


def _rehearse(parsed: argparse.Namespace) -> int:
    from pytest_cucmtls.simulated_clusters import simulated_faults

    if parsed.score:
        return _score(parsed)
    known = simulated_faults()
    if parsed.list:
        for name, description in known.items():
            print(f"{name:<46} {description}")
        return EXIT_CODES["ok"]
    chosen = [_place(word) for word in parsed.fault] or [(secrets.choice(SURPRISES), secrets.choice("AB"))]
    for name, _ in chosen:
        if name not in known:
            raise ConfigurationInvalid("rehearse", "--fault", f"there is no fault {name!r}; --list names them")
    if parsed.folder is not None:
        return _in_folder(parsed, parsed.folder, chosen, known)
    with tempfile.TemporaryDirectory(prefix="cucmtls-rehearse-") as folder:
        return _in_folder(parsed, Path(folder), chosen, known)


def _score(parsed: argparse.Namespace) -> int:
    """Try the catalogue, print a line per row as it comes and the totals."""
    from pytest_cucmtls.rehearsal.scored_catalogue import as_json, chosen_rows, heading, line, score_rows, summary

    rows, scores = chosen_rows(parsed.fault), []
    if not parsed.json:
        print(heading(), flush=True)
    with tempfile.TemporaryDirectory(prefix="cucmtls-score-") as folder:
        for one in score_rows(rows, parsed.folder or Path(folder)):
            scores.append(one)
            if not parsed.json:
                print(line(one), flush=True)
    print(
        json.dumps(as_json(scores), indent=1, ensure_ascii=False)
        if parsed.json
        else f"\n{summary(scores, whole=not parsed.fault)}"
    )
    return EXIT_CODES["finding" if any(one.complaints for one in scores) else "ok"]


def _place(word: str) -> tuple[str, str]:
    name, _, cluster = word.partition("@")
    return name, cluster or "A"


def _in_folder(parsed: argparse.Namespace, folder: Path, chosen: list[tuple[str, str]], known: dict[str, str]) -> int:
    """Start, configure, break, let the user look, judge, explain."""
    from pytest_cucmtls.inventory import Credentials
    from pytest_cucmtls.procedure.session import open_run
    from pytest_cucmtls.rehearsal.bench import configure
    from pytest_cucmtls.simulated_clusters import start_simulated_pair

    print("starting a simulated pair and configuring it by the ten steps", flush=True)
    pair = start_simulated_pair(parsed.pair, folder / "simulator", parent_process_id=os.getpid())
    try:
        credentials = Credentials(pair.credentials_file)
        with open_run(pair.inventory(Mode.APPLY, parsed.policy), folder / "preparation", credentials, _say_nothing) as hands:
            configure(hands)
            for name, cluster in chosen:
                pair.inject(name, cluster)
            _let_look(pair, len(chosen))
            for one in hands.clusters:
                hands.writer(one).axl().reset_sip_trunk(one.spec.trunk)
        verdicts = _judge(pair, folder / "run", parsed.policy)
    finally:
        pair.stop()
    return _explain(verdicts, chosen, known)


def _let_look(pair: "SimulatedPair", faults: int) -> None:
    """The pair stays up until Enter; without a terminal nobody is there to look."""
    print(f"{faults} fault{'s' if faults > 1 else ''} injected. Look for it with any tool that speaks to Unified CM:")
    print(f"  inventory  {pair.inventory_file}")
    print(f"  passwords  {pair.credentials_file}")
    if sys.stdin.isatty():
        input("Enter: judge and explain ")


def _judge(pair: "SimulatedPair", folder: Path, policy: str | None) -> "list[Verdict]":
    """A whole verify-only run, without a change."""
    from pytest_cucmtls.evidence.judge import judge
    from pytest_cucmtls.evidence.load import load_evidence
    from pytest_cucmtls.policies import load_policy
    from pytest_cucmtls.rehearsal.bench import observe_pair

    print("reading both clusters, placing two calls, collecting captures and traces", flush=True)
    inventory = pair.inventory(Mode.VERIFY, policy)
    observe_pair(pair, inventory, folder)
    return judge(load_evidence(folder), load_policy(inventory.policy))


def _explain(verdicts: "list[Verdict]", chosen: list[tuple[str, str]], known: dict[str, str]) -> int:
    """The findings first, what rests on them as a number, then what was injected."""
    quiet = {Outcome.PASS, Outcome.NOT_APPLICABLE}
    findings = [verdict for verdict in verdicts if verdict.outcome not in quiet and not verdict.depends_on]
    for verdict in findings:
        print(f"\n{verdict.outcome.value}  step {verdict.step}, {verdict.subject}: {verdict.title}")
        print(f"  {verdict.diagnosis}")
        print(f"  remedy {', '.join(verdict.remedies)}")
    if not findings:
        _say_what_nobody_saw(verdicts)
    resting = sum(bool(verdict.depends_on) for verdict in verdicts)
    print(f"\n{len(findings)} finding(s), {resting} verdicts rest on them, {len(verdicts) - len(findings) - resting} are fine")
    for name, cluster in chosen:
        print(f"injected into {cluster}: {name} - {known[name]}")
    return EXIT_CODES["ok"] if findings else EXIT_CODES["undecided"]


def _say_what_nobody_saw(verdicts: "list[Verdict]") -> None:
    """What media, traces and captures could not show: the place to look next when everything that was judged is fine."""
    unseen = {
        verdict.diagnosis: verdict.title
        for verdict in verdicts
        if verdict.outcome is Outcome.NOT_APPLICABLE and verdict.phase in {"media", "trace", "evidence"}
    }
    print("\nINCONCLUSIVE  nothing that was judged is wrong; what this run could not see:")
    for diagnosis, title in unseen.items():
        print(f"  {title}\n    {diagnosis}")


def _say_nothing(text: str) -> None:
    """Progress of the parts nobody asked about."""
    del text
