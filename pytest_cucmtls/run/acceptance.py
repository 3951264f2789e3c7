"""One acceptance run, shared by every process that takes part in it: steps are performed once, evidence is gathered once.

The run folder is the only thing processes share. Whoever needs a step first takes the folder's lock and performs what
is missing; the others find it done. So the order of tests, `-k`, `-x` and several pytest workers change nothing about
what is done to the clusters, and a run that was interrupted continues where its journal ends.
"""

import fcntl
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pytest_cucmtls.evidence.judge import judge
from pytest_cucmtls.evidence.load import load_evidence
from pytest_cucmtls.evidence.run_about import run_about
from pytest_cucmtls.evidence.run_folder import RunFolder
from pytest_cucmtls.inventory import Credentials, asks_for_simulation, credentials_beside, read_inventory
from pytest_cucmtls.model.errors import ConfigurationInvalid, CucmTlsError, UnsafeToAct
from pytest_cucmtls.model.evidence import Evidence
from pytest_cucmtls.model.inventory import DEFAULT_POLICY, Inventory, Mode
from pytest_cucmtls.model.verdicts import Outcome, Verdict
from pytest_cucmtls.policies import load_policy
from pytest_cucmtls.procedure.approved_plan import load_approved_plan
from pytest_cucmtls.procedure.claim import claim_clusters, release_clusters
from pytest_cucmtls.procedure.context import Run
from pytest_cucmtls.procedure.runner import StepFailed, StepResult, observe, perform
from pytest_cucmtls.procedure.session import open_run
from pytest_cucmtls.procedure.steps import STEPS
from pytest_cucmtls.run.call_prerequisites import accounts_of, check_call_drivers
from pytest_cucmtls.run.collect import collect_proof
from pytest_cucmtls.run.earlier_identities import keep_earlier_identities
from pytest_cucmtls.run.known_release import KnownReleaseGate
from pytest_cucmtls.run.settings import Settings
from pytest_cucmtls.run.simulated_run import ensure_pair, stop_pair
from pytest_cucmtls.run.write_access import WriteAccessGate
from pytest_cucmtls.simulated_clusters import is_simulated
from pytest_cucmtls.whole_files import write_atomically

PROOF = 11
"""Journal number of the proof phase, after the ten steps."""


class Acceptance:
    """A run in progress, as one process sees it."""

    def __init__(self, settings: Settings, progress: Callable[[str], None]) -> None:
        self.settings = settings
        self.folder = settings.folder
        self._progress = progress
        self._stack = ExitStack()
        self._owner = settings.owner_process_id or os.getpid()
        self._run: Run | None = None
        self._refusal: CucmTlsError | None = None
        self._loaded: tuple[int, Evidence] | None = None
        self._judged: tuple[Evidence, list[Verdict]] | None = None

    def through(self, step: int) -> Evidence:
        """Perform (or, verify-only, read) steps 1 to `step` as far as still needed and return the evidence so far.

        Raises: StepFailed when one of them did not finish; ConfigurationInvalid before anything is done.
        """
        with self._locked():
            failed = self._perform(step)
        if failed is not None:
            raise StepFailed(failed, step)
        return self.evidence()

    def proven(self) -> Evidence:
        """The ten steps, then captures, calls, traces and both readers; returns the whole evidence. Raises: as `through`."""
        with self._locked():
            failed = self._perform(10)
            if failed is None:
                self._prove()
        if failed is not None:
            raise StepFailed(failed, PROOF)
        return self.evidence()

    def evidence(self) -> Evidence:
        """What the folder holds now; parsed again only when something was added."""
        size = (self.folder / "raw" / "index.jsonl").stat().st_size
        if self._loaded is None or self._loaded[0] != size:
            self._loaded = (size, load_evidence(self.folder))
        return self._loaded[1]

    def verdicts(self, evidence: Evidence) -> list[Verdict]:
        """Every check applied to the evidence under the run's policy. Raises: ConfigurationInvalid for a bad policy."""
        if self._judged is None or self._judged[0] is not evidence:
            self._judged = (evidence, judge(evidence, load_policy(evidence.inventory.policy)))
        return self._judged[1]

    def check_prerequisites(self) -> None:
        """What can be known before a cluster is touched: policy, passwords, files. Raises: ConfigurationInvalid."""
        wanted = self.settings
        if wanted.inventory_file is None or asks_for_simulation(wanted.inventory_file):
            load_policy(wanted.policy or DEFAULT_POLICY)
            return
        inventory = read_inventory(wanted.inventory_file)
        load_policy(wanted.policy or inventory.policy)
        credentials = credentials_beside(wanted.inventory_file)
        check_call_drivers(inventory)
        for cluster in inventory.clusters:
            for account in accounts_of(cluster):
                credentials.password(account)
            for key, name in (("ca_bundle", cluster.ca_bundle), ("known_hosts", cluster.known_hosts)):
                if name is not None and not Path(name).is_file():
                    raise ConfigurationInvalid(inventory.source, f"clusters.{cluster.name}.{key}", f"there is no file {name}")

    def open(self) -> Run:
        """The run with its clusters, opened on first use; what kept it from opening is not tried again.

        Raises: ConfigurationInvalid, ClusterUnreachable, UnsafeToAct (another run holds the clusters).
        """
        if self._refusal is not None:
            raise self._refusal
        if self._run is None:
            try:
                self._run = self._open()
            except CucmTlsError as problem:
                self._refusal = problem
                raise
        return self._run

    def _open(self) -> Run:
        inventory, credentials = self._inventory()
        claim_clusters(inventory, process_id=self._owner, run_folder=self.folder)
        self._record_start(inventory)
        run = self._stack.enter_context(open_run(inventory, self.folder, credentials, self._progress))
        if inventory.mode is Mode.APPLY:
            run.gates = (KnownReleaseGate(run), WriteAccessGate(run), *run.gates)
            try:
                self._bind_to_plan(run)
            except CucmTlsError as problem:
                run.folder.keep_missing("leave to change the clusters", str(problem))
                raise
        return run

    def _bind_to_plan(self, run: Run) -> None:
        """Raises: UnsafeToAct when clusters that no simulator serves were to be changed without an approved plan."""
        if self.settings.plan is not None:
            load_approved_plan(self.settings.plan).bind(run)
        elif not run.inventory.simulated and not is_simulated(run.inventory):
            raise UnsafeToAct(
                "0",
                "real clusters are changed by an approved plan only",
                remedy="Make one with `cucmtls plan --out plan.json`, have it approved with `cucmtls approve`, "
                "then pass --cucm-plan plan.json.",
            )

    def close(self) -> None:
        """Close this process's sessions; the simulated pair goes on for the others."""
        self._run = None
        self._stack.close()

    def finish(self) -> None:
        """Give the clusters back and end the simulated pair, if any; called once, by the process that owns the run."""
        if self.started:
            release_clusters(RunFolder(self.folder).inventory(), process_id=self._owner)
        stop_pair(self.folder)

    @property
    def started(self) -> bool:
        """Something was done in this run folder."""
        return (self.folder / "run.json").exists()

    def _perform(self, last: int) -> StepResult | None:
        """The first step up to `last` that could not be finished, or None."""
        run = self.open()
        if run.inventory.mode is Mode.VERIFY:
            last = len(STEPS)  # reading disturbs nothing, and a requirement may rest on what a later step is about
        for step in STEPS[:last]:
            earlier = self._earlier(run, step.number)
            if earlier is not None and earlier.outcome is Outcome.PASS:
                continue
            if earlier is not None:
                return earlier
            self._progress(f"step {step.number:2d}  {step.title}")
            result = perform(run, step) if run.inventory.mode is Mode.APPLY else observe(run, step)
            self._note(run, result)
            self._add_phase(f"step {step.number}: {step.title}", result.seconds)
            if result.outcome is not Outcome.PASS:
                return result
        return None

    def _earlier(self, run: Run, number: int) -> StepResult | None:
        """How the step ended before, in any process of this invocation; a success of an earlier one counts as well."""
        file = self.folder / "private" / "steps" / f"{number:02d}.json"
        if not file.exists():
            return None
        stored = json.loads(file.read_text(encoding="utf-8"))
        outcome = Outcome(stored["outcome"])
        if outcome is not Outcome.PASS and stored["session"] != self.settings.session:
            return None
        if outcome is Outcome.PASS and run.inventory.mode is Mode.APPLY and not run.journal.finished(number):
            return None
        return StepResult(number, stored["title"], outcome, stored["message"], tuple(stored["changes"]), stored["seconds"])

    def _note(self, run: Run, result: StepResult) -> None:
        file = self.folder / "private" / "steps" / f"{result.number:02d}.json"
        stored = {
            "session": self.settings.session,
            "title": result.title,
            "outcome": result.outcome.value,
            "message": result.message,
            "changes": list(result.changes),
            "seconds": result.seconds,
        }
        write_atomically(file, json.dumps(stored, ensure_ascii=False).encode())
        run.folder.keep(
            json.dumps({"step": result.number} | stored, ensure_ascii=False).encode(),
            kind="step",
            interface="tool",
            operation=f"step {result.number}",
            media_type="application/json",
        )

    def _prove(self) -> None:
        done = self.folder / "private" / "steps" / f"{PROOF}.json"
        if done.exists():
            return
        run = self.open()
        if self.settings.baseline is not None:
            keep_earlier_identities(run, self.settings.baseline)
        for phase, seconds in collect_proof(run):
            self._add_phase(phase, seconds)
        write_atomically(done, json.dumps({"session": self.settings.session}).encode())

    def _inventory(self) -> tuple[Inventory, Credentials]:
        """The inventory with the caller's wishes applied, and where its passwords come from."""
        wanted = self.settings
        if wanted.inventory_file is not None and not asks_for_simulation(wanted.inventory_file):
            found = read_inventory(wanted.inventory_file)
            found = replace(found, mode=wanted.mode or found.mode, policy=wanted.policy or found.policy)
            return found, credentials_beside(wanted.inventory_file)
        pair = ensure_pair(wanted, self._owner, self._progress, self._add_phase)
        return pair.inventory(wanted.mode or Mode.APPLY, wanted.policy), Credentials(pair.credentials_file)

    def _record_start(self, inventory: Inventory) -> None:
        """Begin the run folder; one that belongs to another inventory, mode or policy is refused. Raises: UnsafeToAct."""
        folder = RunFolder(self.folder)
        folder.begin(inventory, started_at=datetime.now(UTC))
        if folder.inventory() != inventory:
            raise UnsafeToAct(
                "0",
                f"{self.folder} belongs to a run with another inventory, mode or policy",
                remedy="Continue it with the same options, or start a new run folder.",
            )

    def about(self) -> dict[str, object]:
        """Who, when, where and with what, for `verdicts.json` and reports."""
        phases = [{"phase": phase, "seconds": seconds} for phase, seconds in self.phases()]
        return run_about(RunFolder(self.folder)) | {"phases": phases}

    def _add_phase(self, name: str, seconds: float) -> None:
        file = self.folder / "private" / "phases.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with file.open("a", encoding="utf-8") as log:
            log.write(json.dumps({"phase": name, "seconds": round(seconds, 3)}) + "\n")

    def phases(self) -> list[tuple[str, float]]:
        """(phase, seconds) in the order they ended."""
        file = self.folder / "private" / "phases.jsonl"
        if not file.exists():
            return []
        lines = (json.loads(line) for line in file.read_text(encoding="utf-8").splitlines())
        return [(line["phase"], line["seconds"]) for line in lines]

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Only one process at a time acts on the clusters of a run folder."""
        private = self.folder / "private"
        private.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (private / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


if sys.platform == "win32":  # pragma: no cover - flock and pidfd have no counterpart there
    raise ImportError("pytest-cucmtls runs on Linux and other POSIX systems")
