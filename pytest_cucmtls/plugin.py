"""The door for pytest: options, fixtures and hooks. Imports nothing heavy: an unused plugin must cost next to nothing.

Fixtures for test cases
    acceptance      the run: performs steps when first asked, gathers evidence once, whatever the order of tests
    verify          judges one requirement for the test's cluster or direction and turns the verdict into an outcome
    cluster_name    each cluster of the inventory in turn
    direction       each direction of calls in turn, ``A->B`` and ``B->A``
    cluster_a, cluster_b, certificate_authority, captures, calls: for tests of one's own
"""

import os
import uuid
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pytest_cucmtls.ca.authority import CertificateAuthority
    from pytest_cucmtls.clusters import ClusterReader
    from pytest_cucmtls.model.capture import CaptureReport
    from pytest_cucmtls.model.evidence import CallAttempt
    from pytest_cucmtls.report.live import LiveView
    from pytest_cucmtls.run.acceptance import Acceptance
    from pytest_cucmtls.run.verification import Verify

_RUN = pytest.StashKey["_RunOfSession"]()
_CONCLUSION = pytest.StashKey["Any"]()
_UNDECIDED_OUTCOMES = {"INCONCLUSIVE", "ERROR", "BLOCKED"}
UNDECIDED = 3
"""Exit status when nothing failed but something could not be decided (DESIGN §6)."""
_FIXTURES = frozenset({"acceptance", "verify", "cluster_a", "cluster_b", "certificate_authority", "captures", "calls"})


class _RunOfSession:
    """What one pytest invocation knows of its run; in an xdist worker the folder is the controller's."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        worker = getattr(config, "workerinput", None)
        self.is_worker = worker is not None
        self.folder = Path(worker["cucm_folder"]) if worker else _run_folder(config)
        self.session = worker["cucm_session"] if worker else uuid.uuid4().hex
        self.owner = int(worker["cucm_owner"]) if worker else os.getpid()
        self.acceptance: Acceptance | None = None
        self.failures: dict[str, str] = {}
        self.places: dict[str, tuple[str, int]] = {}
        """File and line of the first failing test, by check."""
        self.view: LiveView | None = None

    def _progress(self) -> Callable[[str], None]:
        """Live on a terminal, lines elsewhere; nothing with -q or --cucm-quiet and in workers."""
        if self.is_worker or self.config.get_verbosity() < 0 or self.config.getoption("cucm_quiet"):
            return _silence
        from pytest_cucmtls.report.live import LiveView

        self.view = LiveView(_lines(self.config), _terminal(self.config), _fresh_line(self.config))
        return self.view.say

    def open(self) -> "Acceptance":
        """The acceptance run of this process, made on first use."""
        if self.acceptance is None:
            from pytest_cucmtls.run.acceptance import Acceptance

            self.acceptance = Acceptance(_settings(self), self._progress())
        return self.acceptance


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options and ini keys, all prefixed `cucm`."""
    group = parser.getgroup("cucmtls", "SIP TLS trunks between Unified CM clusters")
    described = {
        "inventory": "clusters.toml that names the two clusters (default: a simulated pair on loopback)",
        "pair": "simulated pair to use without an inventory: modern (default), source-document or two-nodes",
        "policy": "policy to judge by: a name listed by `cucmtls policies`, or a TOML file",
        "mode": "verify (read only) or apply (perform the ten steps); default: the inventory's, apply for a simulated pair",
        "plan": "approved plan (`cucmtls plan`, `cucmtls approve`) that mode apply carries out; real clusters need one",
        "reports": "folder for run folders (default: reports)",
        "lang": "language of the HTML report: en (default) or fr",
        "baseline": "earlier run folder or bundle: what is worse or unexplained fails the run",
    }
    for name, text in described.items():
        group.addoption(f"--cucm-{name}", default=None, metavar=name.upper(), help=text)
        parser.addini(f"cucm_{name}", help=text, default="")
    group.addoption(
        "--cucm-ci",
        default="auto",
        choices=("auto", "github", "gitlab", "none"),
        help="annotations for a CI system (auto: ask it)",
    )
    group.addoption("--cucm-quiet", action="store_true", help="no progress and no tables: both answers, counts, the report")
    group.addoption("--cucm-run", default=None, metavar="FOLDER", help="continue the run in this folder instead of a new one")
    group.addoption("--cucm-fault", action="append", default=[], metavar="NAME", help="fault of the simulated pair (repeatable)")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker; refuse wrong options before anything runs."""
    config.addinivalue_line("markers", "procedure(step): the step of the procedure document a test case belongs to")
    pair = _option(config, "pair") or "modern"
    if pair != "modern":
        _check_pair(pair)
    if (baseline := _option(config, "baseline")) and not Path(baseline).exists():
        raise pytest.UsageError(f"--cucm-baseline: there is no run folder or bundle {baseline}")
    if (language := _option(config, "lang")) not in ("", "en", "fr"):
        raise pytest.UsageError(f"--cucm-lang must be en or fr, not {language!r}")
    if (mode := _option(config, "mode")) not in ("", "verify", "apply"):
        raise pytest.UsageError(f"--cucm-mode must be verify or apply, not {mode!r}")
    if inventory := _option(config, "inventory"):
        _check_inventory(Path(inventory))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell an xdist worker which run it takes part in."""
    run = _run_of(node.config)
    node.workerinput["cucm_folder"] = str(run.folder)
    node.workerinput["cucm_session"] = run.session
    node.workerinput["cucm_owner"] = run.owner


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test per cluster and per direction, named as the inventory names them."""
    wanted = {"cluster_name", "direction"} & set(metafunc.fixturenames)
    if not wanted:
        return
    first, second = _cluster_names(metafunc.config)
    if "cluster_name" in wanted:
        metafunc.parametrize("cluster_name", [first, second])
    if "direction" in wanted:
        metafunc.parametrize("direction", [f"{first}->{second}", f"{second}->{first}"])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A fragile truth stays a warning, also in projects that turn warnings into errors."""
    for item in items:
        if _FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.filterwarnings("always::pytest_cucmtls.run.verification.FragileWarning"))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Where test cases of ours were collected, let their results go to the run folder as Allure results, too."""
    if session.config.option.collectonly or not any(_FIXTURES & set(getattr(item, "fixturenames", ())) for item in session.items):
        return
    run = _run_of(session.config)
    if not run.is_worker:
        _refuse_what_cannot_work(run)
    from pytest_cucmtls.report.allure_results import write_results_into

    write_results_into(run.folder / "allure-results", session.config)


def pytest_report_teststatus(report: Any, config: pytest.Config) -> tuple[str, str, str] | None:
    """A failure that decides nothing about the trunk is shown and counted as an error, not as a finding.

    pytest asks before it writes about a test: whatever the live view shows is settled here.
    """
    properties = dict(getattr(report, "user_properties", ()))
    outcome, run = str(properties.get("cucm_outcome", "")), config.stash.get(_RUN, None)
    if run is not None and run.view is not None and report.when == "call":
        run.view.settle(outcome)
    if not report.failed or not hasattr(report, "user_properties"):
        return None
    if run is not None:
        run.failures[report.nodeid] = outcome
        run.places.setdefault(str(properties.get("cucm_check", "")), (report.location[0], (report.location[1] or 0) + 1))
    return ("error", "E", outcome) if outcome in _UNDECIDED_OUTCOMES and report.when == "call" else None


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Judge the whole evidence once, write the reports, end the simulated pair; in the process that owns the run."""
    run = session.config.stash.get(_RUN, None)
    if run is None:
        return
    if run.acceptance is not None:
        run.acceptance.close()
    if run.is_worker or not (run.folder / "run.json").exists():
        return
    from pytest_cucmtls.run.conclusion import conclude

    if run.view is not None:
        run.view.close()
    try:
        session.config.stash[_CONCLUSION] = conclude(run.open())
    finally:
        run.open().finish()
    if session.exitstatus == pytest.ExitCode.OK and session.config.stash[_CONCLUSION].unfit:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    if session.exitstatus == pytest.ExitCode.TESTS_FAILED and run.failures and set(run.failures.values()) <= _UNDECIDED_OUTCOMES:
        session.exitstatus = UNDECIDED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config) -> None:
    """End by saying what was proven and where to look."""
    conclusion = config.stash.get(_CONCLUSION, None)
    if conclusion is not None:
        terminalreporter.section("cucmtls")
        for line in conclusion.lines(brief=config.getoption("cucm_quiet")):
            terminalreporter.write_line(line)
        for line in _annotations(config, conclusion):
            terminalreporter.write_line(line)
        if exitstatus == pytest.ExitCode.INTERRUPTED and _option(config, "inventory"):
            terminalreporter.write_line(f"interrupted: continue with the same options and --cucm-run {conclusion.folder}")


@pytest.fixture(scope="session")
def acceptance(request: pytest.FixtureRequest) -> "Acceptance":
    """The acceptance run; `through(step)` and `proven()` do what is still missing and return the evidence."""
    return _run_of(request.config).open()


@pytest.fixture
def verify(request: pytest.FixtureRequest, acceptance: "Acceptance") -> "Verify":
    """Judge a requirement: ``verify(check id)`` for the pair, ``verify(check id, cluster or direction)`` for one of them."""
    from pytest_cucmtls.run.verification import Verification

    properties = request.node.user_properties
    marker = request.node.get_closest_marker("procedure")
    step = str(marker.args[0]) if marker and marker.args else ""
    return Verification(acceptance, step=step, note=lambda name, value: properties.append((name, value))).verify


@pytest.fixture(scope="session")
def cluster_a(acceptance: "Acceptance") -> "ClusterReader":
    """The first cluster's interfaces; they can only read unless the run is in mode apply."""
    return acceptance.open().clusters[0]


@pytest.fixture(scope="session")
def cluster_b(acceptance: "Acceptance") -> "ClusterReader":
    """The second cluster's interfaces."""
    return acceptance.open().clusters[1]


@pytest.fixture(scope="session")
def certificate_authority(acceptance: "Acceptance") -> "CertificateAuthority":
    """The authority that signs in this run; verify-only runs have none."""
    return acceptance.open().signer()


@pytest.fixture(scope="session")
def captures(acceptance: "Acceptance") -> "dict[str, CaptureReport]":
    """What each node's capture shows, by node name."""
    evidence = acceptance.proven()
    return {node.name: node.captures[-1].value for cluster in evidence.clusters for node in cluster.nodes if node.captures}


@pytest.fixture(scope="session")
def calls(acceptance: "Acceptance") -> "dict[str, CallAttempt]":
    """The test calls as their driver reported them, by direction."""
    return {call.value.direction: call.value for call in acceptance.proven().calls}


@pytest.fixture(scope="session")
def cucm_run_folder(request: pytest.FixtureRequest) -> Path:
    """The folder this run leaves behind."""
    return _run_of(request.config).folder


def _run_of(config: pytest.Config) -> _RunOfSession:
    if _RUN not in config.stash:
        config.stash[_RUN] = _RunOfSession(config)
    return config.stash[_RUN]


def _option(config: pytest.Config, name: str) -> str:
    return str(config.getoption(f"cucm_{name}") or config.getini(f"cucm_{name}") or "")


def _run_folder(config: pytest.Config) -> Path:
    from pytest_cucmtls.run.settings import new_run_folder

    chosen = config.getoption("cucm_run")
    if chosen:
        return Path(chosen).resolve()
    return new_run_folder(Path(config.invocation_params.dir, _option(config, "reports") or "reports"))


def _settings(run: _RunOfSession) -> Any:
    from pytest_cucmtls.model.inventory import Mode
    from pytest_cucmtls.run.settings import Settings

    inventory, mode = _option(run.config, "inventory"), _option(run.config, "mode")
    return Settings(
        folder=run.folder,
        inventory_file=Path(inventory) if inventory else None,
        pair=_option(run.config, "pair") or "modern",
        policy=_option(run.config, "policy") or None,
        mode=Mode(mode) if mode else None,
        plan=Path(plan) if (plan := _option(run.config, "plan")) else None,
        faults=tuple(run.config.getoption("cucm_fault")),
        language=_option(run.config, "lang") or "en",
        baseline=Path(baseline) if (baseline := _option(run.config, "baseline")) else None,
        owner_process_id=run.owner,
        session=run.session,
    )


def _annotations(config: pytest.Config, conclusion: Any) -> list[str]:
    """What a CI system wants to read on standard output; what it wants as a file is written beside the other forms."""
    from pytest_cucmtls.report.ci_annotations import GITLAB_REPORT, Place, ci_of, github_lines, write_gitlab_report

    places = {check: Place(*place) for check, place in config.stash[_RUN].places.items() if check}
    match ci_of(config.getoption("cucm_ci"), os.environ):
        case "github":
            return github_lines(conclusion.verdicts, places)
        case "gitlab":
            file = conclusion.folder / "for-tools" / GITLAB_REPORT
            write_gitlab_report(file, conclusion.verdicts, places)
            return [f"code quality report for GitLab: {file}"]
    return []


def _fresh_line(config: pytest.Config) -> Callable[[], None]:
    """Ends the line pytest is writing, past its capturing."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    capture = config.pluginmanager.get_plugin("capturemanager")

    def end_line() -> None:
        with capture.global_and_fixture_disabled() if capture is not None else nullcontext():
            if reporter is not None:
                reporter.ensure_newline()

    return end_line


def _lines(config: pytest.Config) -> Callable[[str], None]:
    """Lines on the real terminal, so that a long step is seen to be going on, wherever it cannot be drawn live."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    capture = config.pluginmanager.get_plugin("capturemanager")

    def say(text: str) -> None:
        if reporter is None:
            return
        with capture.global_and_fixture_disabled() if capture is not None else nullcontext():
            reporter.ensure_newline()
            reporter.write_line(f"  {text}")

    return say


def _terminal(config: pytest.Config) -> Any:
    """The terminal itself, past pytest's capturing, when pytest writes to one; None in CI, in pipes and with -s."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not reporter.isatty or os.environ.get("TERM", "dumb") == "dumb" or os.environ.get("CI"):
        return None
    try:
        terminal = open("/dev/tty", "w", encoding="utf-8", errors="replace")  # noqa: SIM115 - closed with the session
    except OSError:
        return None
    config.add_cleanup(terminal.close)
    return terminal


def _silence(text: str) -> None:
    """Progress nobody asked to see."""
    del text


def _cluster_names(config: pytest.Config) -> tuple[str, str]:
    """The inventory's names; a simulated pair's are A and B."""
    inventory = _option(config, "inventory")
    if not inventory:
        return "A", "B"
    from pytest_cucmtls.inventory import cluster_names

    first, second = cluster_names(Path(inventory))
    return first, second


def _refuse_what_cannot_work(run: _RunOfSession) -> None:
    """A missing password, file or policy is said once, before anything runs."""
    from pytest_cucmtls.model.errors import ConfigurationInvalid

    try:
        run.open().check_prerequisites()
    except ConfigurationInvalid as problem:
        raise pytest.UsageError(str(problem)) from None


def _check_pair(pair: str) -> None:
    from pytest_cucmtls.run.settings import PAIRS

    if pair not in PAIRS:
        raise pytest.UsageError(f"--cucm-pair: there is no simulated pair {pair!r}; there are {', '.join(PAIRS)}")


def _check_inventory(path: Path) -> None:
    from pytest_cucmtls.inventory import asks_for_simulation, read_inventory
    from pytest_cucmtls.model.errors import ConfigurationInvalid

    try:
        if not asks_for_simulation(path):
            read_inventory(path)
    except ConfigurationInvalid as problem:
        raise pytest.UsageError(str(problem)) from None
