"""The door for the shell: the `cucmtls` command. Parses arguments, calls the room that does the work, prints.

Exit codes: 0 all PASS, WARN or NOT_APPLICABLE; 1 at least one FAIL; 2 usage; 3 nothing failed but something is undecided.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_cucmtls import __version__
from pytest_cucmtls.model.errors import ConfigurationInvalid, CucmTlsError
from pytest_cucmtls.model.inventory import Mode
from pytest_cucmtls.model.verdicts import EXIT_CODES, exit_code

if TYPE_CHECKING:
    from pytest_cucmtls.checks.register import Check


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; an error of ours is one sentence on standard error."""
    parsed = _parser().parse_args(arguments)
    try:
        code: int = parsed.run(parsed)
    except ConfigurationInvalid as problem:
        print(f"cucmtls: {problem}", file=sys.stderr)
        return EXIT_CODES["usage"]
    except CucmTlsError as problem:
        print(f"cucmtls: {problem}", file=sys.stderr)
        return EXIT_CODES["undecided"]
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="cucmtls", description="Prove SIP TLS trunks between Unified CM clusters.")
    parser.add_argument("--version", action="version", version=f"cucmtls {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    init = commands.add_parser("init", help="write a commented clusters.toml to start from")
    init.add_argument("file", nargs="?", type=Path, default=Path("clusters.toml"))
    init.set_defaults(run=_init)

    checks = commands.add_parser("checks", help="list every check with its step and clause")
    checks.add_argument("--json", action="store_true", help="as JSON")
    checks.set_defaults(run=_checks)

    policies = commands.add_parser("policies", help="list the policies, or show one")
    policies.add_argument("name", nargs="?", help="a policy's name or a TOML file")
    policies.set_defaults(run=_policies)

    judge = commands.add_parser("judge", help="judge a run folder again, from its files alone")
    judge.add_argument("folder", type=Path)
    judge.add_argument("--policy", help="another policy than the run's own")
    judge.add_argument("--json", action="store_true", help="the verdicts as JSON")
    judge.set_defaults(run=_judge)

    plan = commands.add_parser("plan", help="list what the ten steps would change, without changing it")
    plan.add_argument("--inventory", type=Path, required=True)
    plan.add_argument("--run", dest="folder", type=Path, help="run folder to continue")
    plan.set_defaults(run=_plan)

    undo = commands.add_parser("undo", help="take back what a run changed, from its journal")
    undo.add_argument("folder", type=Path)
    undo.add_argument("--inventory", type=Path, required=True)
    undo.add_argument("--replace-identities", action="store_true", help="also replace uploaded identities by self-signed ones")
    undo.set_defaults(run=_undo)

    from pytest_cucmtls.run_settings import PAIRS

    simulate = commands.add_parser("simulate", help="run a simulated pair of clusters until interrupted")
    simulate.add_argument("--inventory", type=Path, help="where to write the inventory of the pair")
    simulate.add_argument("--pair", choices=PAIRS, default="modern")
    simulate.add_argument("--fault", action="append", default=[], metavar="NAME")
    simulate.add_argument("--read-only", action="store_true", help="refuse and count every change")
    simulate.set_defaults(run=_simulate)

    for name, text in (("read-capture", "what capture files show"), ("read-trace", "what CUCM trace files say")):
        reader = commands.add_parser(name, help=text)
        reader.add_argument("files", nargs="+", type=Path, metavar="FILE")
        reader.add_argument("--json", action="store_true", help="one JSON object per file")
        reader.set_defaults(run=_read_capture if name == "read-capture" else _read_trace)
    return parser


def _init(parsed: argparse.Namespace) -> int:
    from pytest_cucmtls.inventory_template import TEMPLATE

    try:
        with parsed.file.open("x", encoding="utf-8") as file:
            file.write(TEMPLATE)
    except FileExistsError:
        raise ConfigurationInvalid(str(parsed.file), "", "exists already; nothing was written") from None
    except OSError as problem:
        raise ConfigurationInvalid(str(parsed.file), "", f"cannot be written: {problem.strerror}") from problem
    print(f"{parsed.file} written: fill in both clusters, export the passwords it names, then run")
    print(f"  pytest --pyargs pytest_cucmtls.testcases --cucm-inventory {parsed.file}")
    return 0


def _checks(parsed: argparse.Namespace) -> int:
    from pytest_cucmtls.checks.register import all_checks

    checks = all_checks()
    if parsed.json:
        rows = [
            {
                "id": check.id,
                "title": check.title,
                "step": check.step,
                "phase": check.phase,
                "scope": check.scope,
                "remedies": list(check.remedies),
                "clauses": _clauses(check),
            }
            for check in checks
        ]
        print(json.dumps(rows, indent=1, ensure_ascii=False))
        return 0
    for check in checks:
        print(f"{check.step:>3}  {check.id}\n     {check.title}")
        print(f"     {check.phase}, per {check.scope}; {'; '.join(_clauses(check))}")
    print(f"{len(checks)} checks")
    return 0


def _clauses(check: "Check") -> list[str]:
    """With reliability marks; a check of a policy's parameter takes its clause from the policy it is judged by."""
    return [f"{clause.standard} {clause.clause} [{clause.mark}]" for clause in check.clauses] or ["as the chosen policy says"]


def _policies(parsed: argparse.Namespace) -> int:
    from pytest_cucmtls.policies import load_policy, policy_names

    if not parsed.name:
        for name in policy_names():
            print(f"{name:<24} {load_policy(name).title}")
        return 0
    policy = load_policy(parsed.name)
    print(f"{policy.name}: {policy.title}")
    for rule in policy.rules:
        value = ", ".join(map(str, rule.value)) if isinstance(rule.value, tuple) else rule.value
        dates = "".join(f" {word} {day}" for word, day in (("from", rule.valid_from), ("until", rule.valid_until)) if day)
        print(f"  {rule.parameter:<28} {value}{dates}  ({rule.clause.standard} {rule.clause.clause} [{rule.clause.mark}])")
    return 0


def _judge(parsed: argparse.Namespace) -> int:
    from pytest_cucmtls.evidence.rejudge import rejudge
    from pytest_cucmtls.evidence.verdicts_json import verdicts_as_json
    from pytest_cucmtls.report.terminal import verdict_lines

    again = rejudge(parsed.folder, parsed.policy)
    if parsed.json:
        document = verdicts_as_json(again.verdicts, again.about)
        print(json.dumps(document | {"differences": list(again.differences)}, indent=1, ensure_ascii=False))
    else:
        print("\n".join(verdict_lines(again.verdicts)))
        for difference in again.differences:
            print(f"differs from the recorded verdicts: {difference}")
        if again.compared and not again.differences:
            print(f"the same as the {again.compared} verdicts recorded with the run")
    return exit_code([verdict.outcome for verdict in again.verdicts])


def _plan(parsed: argparse.Namespace) -> int:
    from pytest_cucmtls.doors import open_inventory_run
    from pytest_cucmtls.procedure.steps import STEPS

    with open_inventory_run(parsed.inventory, parsed.folder, Mode.APPLY) as run:
        changes = [(step, change) for step in STEPS for change in step.plan(run)]
        for step, change in changes:
            print(f"step {step.number:2d}  {change.target}\n         {change.before} → {change.after}  ({change.interface})")
    print(f"{len(changes)} change(s); later steps may need more once earlier ones are done" if changes else "nothing to change")
    return 0


def _undo(parsed: argparse.Namespace) -> int:
    from pytest_cucmtls.doors import open_inventory_run
    from pytest_cucmtls.procedure.undo import undo

    with open_inventory_run(parsed.inventory, parsed.folder, Mode.APPLY) as run:
        for sentence in undo(run, replace_identities=parsed.replace_identities):
            print(sentence)
    return 0


def _simulate(parsed: argparse.Namespace) -> int:
    from pytest_cucmtls.sim.__main__ import main as simulator

    words = ["--pair", parsed.pair, *(word for fault in parsed.fault for word in ("--fault", fault))]
    words += ["--read-only"] if parsed.read_only else []
    words += ["--inventory-out", str(parsed.inventory)] if parsed.inventory else []
    return simulator(words)


def _read_capture(parsed: argparse.Namespace) -> int:
    from pytest_cucmtls.capture.files import read_capture
    from pytest_cucmtls.report.capture_json import capture_as_json
    from pytest_cucmtls.report.terminal import capture_lines

    readable = True
    for file in parsed.files:
        report = read_capture(file)
        readable = readable and report.readable
        if parsed.json:
            print(json.dumps(capture_as_json(report, str(file)), ensure_ascii=False))
        else:
            print("\n".join(capture_lines(report, str(file))))
    return EXIT_CODES["ok"] if readable else EXIT_CODES["undecided"]


def _read_trace(parsed: argparse.Namespace) -> int:
    from pytest_cucmtls.capture.trace_files import read_trace
    from pytest_cucmtls.report.terminal import trace_lines
    from pytest_cucmtls.report.trace_json import trace_as_json

    readable = True
    for file in parsed.files:
        report = read_trace(file)
        readable = readable and report.readable
        if parsed.json:
            print(json.dumps(trace_as_json(report, str(file)), ensure_ascii=False))
        else:
            print("\n".join(trace_lines(report, str(file))))
    return EXIT_CODES["ok"] if readable else EXIT_CODES["undecided"]


if __name__ == "__main__":
    sys.exit(main())
