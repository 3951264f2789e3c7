"""One configured simulated pair that is broken, observed, judged and repaired again, fault after fault."""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from pytest_cucmtls.ca.issuing import Issuer, IssuingProfile, issue_certificate
from pytest_cucmtls.capture.second_reading import second_reading
from pytest_cucmtls.clients.axl_writer import AxlWriter
from pytest_cucmtls.clients.https import HttpsSession
from pytest_cucmtls.clients.platform_cli_writer import PlatformCliWriter
from pytest_cucmtls.clusters import ClusterWriter
from pytest_cucmtls.evidence.judge import judge
from pytest_cucmtls.evidence.load import load_evidence
from pytest_cucmtls.inventory import Credentials
from pytest_cucmtls.model.cucm import CALL_MANAGER_SERVICE
from pytest_cucmtls.model.errors import FileUnreadable
from pytest_cucmtls.model.evidence import Evidence
from pytest_cucmtls.model.inventory import ClusterSpec, Inventory, Mode
from pytest_cucmtls.model.secrets import Secret
from pytest_cucmtls.model.verdicts import Outcome, Verdict
from pytest_cucmtls.policies import load_policy
from pytest_cucmtls.procedure.context import Run
from pytest_cucmtls.procedure.runner import StepFailed, observe, perform
from pytest_cucmtls.procedure.session import open_run
from pytest_cucmtls.procedure.steps import STEPS
from pytest_cucmtls.run.collect import Witness, collect_proof
from pytest_cucmtls.run.probing import probe_listeners
from pytest_cucmtls.simulated_clusters import SimulatedPair, start_simulated_pair
from pytest_cucmtls.wire.x509 import pem_of


@dataclass
class Bench:
    """The pair, and hands on it: what an administrator (or an accident) can do to either cluster."""

    pair: SimulatedPair
    folder: Path
    hands: Run
    """The finished run in mode apply: its clusters can be written to, its authority can sign."""

    def __post_init__(self) -> None:
        self._numbers = count(1)
        self._serials = count(0x5A0000000001)

    def spec(self, cluster: str) -> ClusterSpec:
        return self.hands.cluster(cluster).spec

    def writer(self, cluster: str) -> ClusterWriter:
        return self.hands.writer(self.hands.cluster(cluster))

    def axl(self, cluster: str) -> AxlWriter:
        return self.writer(cluster).axl()

    def cli(self, cluster: str) -> PlatformCliWriter:
        return self.writer(cluster).cli(self.spec(cluster).publisher)

    def restart(self, cluster: str) -> None:
        self.cli(cluster).restart_service(CALL_MANAGER_SERVICE)

    def root_pem(self) -> str:
        """The authority's root."""
        return pem_of(self.hands.signer().chain()[-1])

    def trust_file(self, cluster: str) -> str:
        """File name of the authority's root in CallManager-trust."""
        for unit, file_name, _ in self.cli(cluster).read_certificate_list("trust").value:
            if unit == "CallManager-trust":
                return file_name
        raise AssertionError(f"CallManager-trust of {cluster} is empty")

    def forget_root(self, cluster: str) -> None:
        """Delete the root from CallManager-trust; nothing is restarted."""
        self.cli(cluster).delete_trust("CallManager", self.trust_file(cluster))

    def reissue(self, cluster: str, profile: IssuingProfile | None = None, *, at: datetime | None = None) -> None:
        """A new request, signed by the pair's authority with other wishes, uploaded; the service is not restarted."""
        kept = self.folder / "preparation" / "private" / "authority" / "authority"
        key = serialization.load_pem_private_key((kept / "key.pem").read_bytes(), password=None)
        assert isinstance(key, rsa.RSAPrivateKey)
        issuer = Issuer(self.hands.signer().chain()[0], key, "SHA-256")
        request = self.cli(cluster).generate_request("CallManager").value
        der = issue_certificate(
            request, issuer, profile or IssuingProfile(), serial_number=next(self._serials), at=at or datetime.now(UTC)
        )
        self.cli(cluster).import_identity("CallManager", pem_of(der))

    def inject(self, name: str, cluster: str = "A") -> None:
        """A named fault of the simulator, put into the running cluster."""
        self._post(cluster, "faults", json.dumps({"fault": name}).encode())

    def remember(self) -> None:
        for cluster in ("A", "B"):
            self._post(cluster, "checkpoint", b"")

    def restore(self) -> None:
        for cluster in ("A", "B"):
            self._post(cluster, "restore", b"")

    def _post(self, cluster: str, page: str, body: bytes) -> None:
        spec = self.spec(cluster)
        with closing(HttpsSession(spec.publisher, "nobody", Secret(""), ca_bundle=spec.ca_bundle)) as session:
            session.post("simulator", page, f"/simulator/{page}", body, {})

    def observe(self, policy: str | None = None) -> "Observed":
        """Reset both trunks, then a whole verify-only run in a fresh folder: configuration, captures, two calls, traces.

        Listeners are not probed and the captures not read twice: each takes as long as everything else.
        """
        for cluster in ("A", "B"):
            self.axl(cluster).reset_sip_trunk(self.spec(cluster).trunk)
        folder = self.folder / f"run-{next(self._numbers):03d}"
        phases = observe_pair(self.pair, self.pair.inventory(Mode.VERIFY, policy), folder, _not_read_twice, _not_probed)
        return Observed(load_evidence(folder), folder, phases)


@dataclass
class Observed:
    """Evidence of one run."""

    evidence: Evidence
    folder: Path
    phases: list[tuple[str, float]]
    """How long each part of the collection took, in seconds."""

    def verdicts(self, policy: str | None = None) -> list[Verdict]:
        return judge(self.evidence, load_policy(policy or self.evidence.inventory.policy))


def observe_pair(
    pair: SimulatedPair,
    inventory: Inventory,
    folder: Path,
    witness: Witness = second_reading,
    probe: Callable[[Run], None] = probe_listeners,
) -> list[tuple[str, float]]:
    """A whole verify-only run, without a change; returns what took how long."""
    with open_run(inventory, folder, Credentials(pair.credentials_file), _unsaid) as run:
        run.folder.begin(inventory, started_at=datetime.now(UTC))
        for step in STEPS:
            observe(run, step)
        return collect_proof(run, witness, probe)


def configure(run: Run) -> None:
    """The ten steps. Raises: StepFailed."""
    for step in STEPS:
        result = perform(run, step)
        if result.outcome is not Outcome.PASS:
            raise StepFailed(result, step.number)


def _unsaid(text: str) -> None:
    del text


def _not_read_twice(capture: Path, ports: Iterable[int]) -> dict[str, Any]:
    del ports
    raise FileUnreadable(str(capture), "a rehearsal reads captures once")


def _not_probed(run: Run) -> None:
    del run


@contextmanager
def configured_bench(folder: Path, pair: str = "modern") -> Iterator[Bench]:
    """A pair on which the ten steps were performed once, remembered in that state."""
    started = start_simulated_pair(pair, folder / "simulator", parent_process_id=os.getpid())
    try:
        inventory = started.inventory(Mode.APPLY, None)
        with open_run(inventory, folder / "preparation", Credentials(started.credentials_file), _unsaid) as run:
            run.folder.begin(inventory, started_at=datetime.now(UTC))
            configure(run)
            bench = Bench(started, folder, run)
            for cluster in ("A", "B"):
                bench.inject("device_queries_unlimited", cluster)
            bench.remember()
            yield bench
    finally:
        started.stop()
