"""The door for pytest: options, fixtures and hooks. Imports nothing heavy: an unused plugin must cost next to nothing.

Fixtures for test cases
    acceptance      the run: performs steps when first asked, gathers evidence once, whatever the order of tests
    verify          judges one requirement for the test's cluster or direction and turns the verdict into an outcome
    cluster_name    each cluster of the inventory in turn
    direction       each direction of calls in turn, ``A->B`` and ``B->A``
    trunk_name      in a mesh, each trunk in turn, ``london--paris``; None for a pair
    cluster_a, cluster_b, certificate_authority, captures, calls: for tests of one's own
"""

import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_cucmtls.pytest_terminal import fresh_line, lines_on, silence, terminal_of

if TYPE_CHECKING:
    from pytest_cucmtls.ca.authority import CertificateAuthority
    from pytest_cucmtls.clusters import ClusterReader
    from pytest_cucmtls.model.capture import CaptureReport
    from pytest_cucmtls.model.evidence import CallAttempt
    from pytest_cucmtls.report.live import LiveView
    from pytest_cucmtls.run.acceptance import Acceptance
    from pytest_cucmtls.run.mesh_run import MeshRun
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
        self.trunks = _trunks(config)
        """Both clusters of every trunk of a mesh; empty for a pair."""
        self.mesh: MeshRun | None = None
        self.failures: dict[str, str] = {}
        self.places: dict[str, tuple[str, int]] = {}
        """File and line of the first failing test, by check."""
        self.view: LiveView | None = None

    def _progress(self) -> Callable[[str], None]:
        """Live on a terminal, lines elsewhere; nothing with -q or --cucm-quiet and in workers."""
        if self.is_worker or self.config.get_verbosity() < 0 or self.config.getoption("cucm_quiet"):
            return silence
        from pytest_cucmtls.report.live import LiveView

        self.view = LiveView(lines_on(self.config), terminal_of(self.config), fresh_line(self.config))
        return self.view.say

    def open(self) -> "Acceptance":
        """The acceptance run of this process, made on first use."""
        if self.acceptance is None:
            from pytest_cucmtls.run.acceptance import Acceptance

            self.acceptance = Acceptance(_settings(self), self._progress())
        return self.acceptance

    def open_mesh(self) -> "MeshRun":
        """The mesh verification of this process, made on first use."""
        if self.mesh is None:
            from pytest_cucmtls.run.mesh_run import MeshRun

            self.mesh = MeshRun(_settings(self), self._progress())
        return self.mesh


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options and ini keys, all prefixed `cucm`."""
    group = parser.getgroup("cucmtls", "SIP TLS trunks between Unified CM clusters")
    described = {
        "inventory": "clusters.toml that names the two clusters, or a mesh of them (default: a simulated pair on loopback)",
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
    config.addinivalue_line("markers", "xdist_group(name): tests of one trunk run in one worker with --dist loadgroup")
    pair = _option(config, "pair") or "modern"
    if pair != "modern":
        from pytest_cucmtls.option_checks import check_pair

        check_pair(pair)
    if (baseline := _option(config, "baseline")) and not Path(baseline).exists():
        raise pytest.UsageError(f"--cucm-baseline: there is no run folder or bundle {baseline}")
    if (language := _option(config, "lang")) not in ("", "en", "fr"):
        raise pytest.UsageError(f"--cucm-lang must be en or fr, not {language!r}")
    if (mode := _option(config, "mode")) not in ("", "verify", "apply"):
        raise pytest.UsageError(f"--cucm-mode must be verify or apply, not {mode!r}")
    if inventory := _option(config, "inventory"):
        from pytest_cucmtls.option_checks import check_inventory

        check_inventory(Path(inventory))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell an xdist worker which run it takes part in."""
    run = _run_of(node.config)
    node.workerinput["cucm_folder"] = str(run.folder)
    node.workerinput["cucm_session"] = run.session
    node.workerinput["cucm_owner"] = run.owner


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With --dist loadgroup the tests of one trunk of a mesh go to one worker."""
    if config.getvalue("dist") != "loadgroup" or not (trunks := _run_of(config).trunks):
        return None
    from pytest_cucmtls.mesh_tests import trunk_scheduling

    return trunk_scheduling(config, log, trunks)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test per cluster and per direction, named as the inventory names them."""
    wanted = {"cluster_name", "direction"} & set(metafunc.fixturenames)
    if "trunk_name" in metafunc.fixturenames and (trunks := _run_of(metafunc.config).trunks):
        from pytest_cucmtls.mesh_tests import tests_of

        tests = tests_of(trunks, wanted)
        metafunc.parametrize(tests.names, tests.values, ids=tests.ids)
        return
    if not wanted:
        return
    first, second = _cluster_names(metafunc.config)
    if "cluster_name" in wanted:
        metafunc.parametrize("cluster_name", [first, second])
    if "direction" in wanted:
        metafunc.parametrize("direction", [f"{first}->{second}", f"{second}->{first}"])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A fragile truth stays a warning, also in projects that turn warnings into errors; in a mesh, one trunk after the other."""
    if _run_of(config).trunks:
        from pytest_cucmtls.mesh_tests import trunk_by_trunk

        trunk_by_trunk(items)
    for item in items:
        if _FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.filterwarnings("always::pytest_cucmtls.run.verification.FragileWarning"))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Where test cases of ours were collected, let their results go to the run folder as Allure results, too."""
    if session.config.option.collectonly or not any(_FIXTURES & set(getattr(item, "fixturenames", ())) for item in session.items):
        return
    run = _run_of(session.config)
    if not run.is_worker:
        from pytest_cucmtls.option_checks import check_prerequisites

        check_prerequisites(run.open_mesh() if run.trunks else run.open())
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
    if run.is_worker or not (run.folder / ("mesh.json" if run.trunks else "run.json")).exists():
        if run.trunks and not run.is_worker:
            run.open_mesh().finish()
        return
    if run.view is not None:
        run.view.close()
    try:
        session.config.stash[_CONCLUSION] = _concluded(run)
    finally:
        (run.open_mesh() if run.trunks else run.open()).finish()
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
def trunk_name() -> str | None:
    """The trunk of a mesh a test is about; None for a pair."""
    return None


@pytest.fixture
def verify(request: pytest.FixtureRequest, trunk_name: str | None) -> "Verify":
    """Judge a requirement: ``verify(check id)`` for the pair, ``verify(check id, cluster or direction)`` for one of them."""
    from pytest_cucmtls.run.verification import Verification

    properties = request.node.user_properties
    marker = request.node.get_closest_marker("procedure")
    step = str(marker.args[0]) if marker and marker.args else ""
    if trunk_name is None:
        acceptance: Acceptance = request.getfixturevalue("acceptance")
    else:
        mesh = _run_of(request.config).open_mesh()
        mesh.collect()
        acceptance = mesh.judged(trunk_name)
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


def _concluded(run: _RunOfSession) -> Any:
    """The whole evidence judged, the reports written."""
    if run.trunks:
        from pytest_cucmtls.run.mesh_conclusion import conclude_mesh

        return conclude_mesh(run.open_mesh(), lines_on(run.config))
    from pytest_cucmtls.run.conclusion import conclude

    return conclude(run.open(), run.config.option.allure_report_dir)


def _run_of(config: pytest.Config) -> _RunOfSession:
    if _RUN not in config.stash:
        config.stash[_RUN] = _RunOfSession(config)
    return config.stash[_RUN]


def _option(config: pytest.Config, name: str) -> str:
    return str(config.getoption(f"cucm_{name}") or config.getini(f"cucm_{name}") or "")


def _trunks(config: pytest.Config) -> tuple[tuple[str, str], ...]:
    """The trunks of the inventory, if it declares a mesh."""
    inventory = _option(config, "inventory")
    if not inventory:
        return ()
    from pytest_cucmtls.mesh_tests import trunks_in

    return trunks_in(Path(inventory))


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
    from pytest_cucmtls.report.ci_annotations import GITLAB_REPORT, ci_of, github_lines, places_of, write_gitlab_report

    if config.stash[_RUN].trunks:
        return []
    places = places_of(config.stash[_RUN].places, _option(config, "inventory"))
    match ci_of(config.getoption("cucm_ci"), os.environ):
        case "github":
            return github_lines(conclusion.verdicts, places)
        case "gitlab":
            file = conclusion.folder / "for-tools" / GITLAB_REPORT
            write_gitlab_report(file, conclusion.verdicts, places)
            return [f"code quality report for GitLab: {file}"]
    return []


def _cluster_names(config: pytest.Config) -> tuple[str, str]:
    """The inventory's names; a simulated pair's are A and B."""
    inventory = _option(config, "inventory")
    if not inventory:
        return "A", "B"
    from pytest_cucmtls.inventory import cluster_names

    first, second = cluster_names(Path(inventory))
    return first, second
