"""What a probe gets to see: this machine, a cluster's part of the inventory, one node with sessions of its own."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pytest_cucmtls.ca.authority import CertificateAuthority
from pytest_cucmtls.clients.axl import AxlReader
from pytest_cucmtls.clients.back_off import BackOff
from pytest_cucmtls.clients.https import HttpsSession
from pytest_cucmtls.clients.platform_cli import PlatformCliReader
from pytest_cucmtls.clusters import needs_old_cryptography
from pytest_cucmtls.inventory import Credentials
from pytest_cucmtls.model.cucm import NtpStatus, Release
from pytest_cucmtls.model.errors import CucmTlsError
from pytest_cucmtls.model.inventory import Account, ClusterSpec, Inventory, NodeAddress
from pytest_cucmtls.wire.cli_text import parse_release

AT_ONCE = BackOff(())
"""A preflight does not wait for a busy node: it says that it is busy."""
CONNECT_SECONDS = 8.0
ANSWER_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class MachineView:
    """The run as a whole."""

    inventory: Inventory
    """Mode, authority and calls of the run; of a mesh that of any of its trunks."""
    clusters: tuple[ClusterSpec, ...]
    """Every cluster that is looked at."""
    open_authority: Callable[[], CertificateAuthority]
    """Opens the inventory's authority in a folder that is thrown away afterwards."""


@dataclass(frozen=True, slots=True)
class ClusterView:
    """A cluster as declared."""

    inventory: Inventory
    spec: ClusterSpec
    credentials: Credentials

    def accounts(self) -> tuple[tuple[str, Account], ...]:
        """(name in the inventory, account) of the accounts this run needs."""
        found = (("axl", self.spec.axl), ("platform", self.spec.platform))
        return (*found, ("call", self.spec.call)) if self.inventory.place_calls and self.spec.call.user else found


@dataclass(frozen=True, slots=True)
class ClockReading:
    """``utils ntp status``, and this machine's clock just before and just after."""

    ntp: NtpStatus
    before: datetime
    after: datetime


@dataclass(slots=True)
class NodeView:
    """One node, with sessions that only the thread of this view uses; `close` ends them."""

    cluster: ClusterView
    node: NodeAddress
    _cli: PlatformCliReader | None = None
    _sessions: dict[str, HttpsSession] = field(default_factory=dict)
    _release: Release | CucmTlsError | None = None
    _clock: ClockReading | None = None

    @property
    def spec(self) -> ClusterSpec:
        """The node's cluster."""
        return self.cluster.spec

    @property
    def oldest_tls(self) -> str:
        """As the clients of a run would accept it."""
        return "TLSv1" if self.is_old else "TLSv1.2"

    @property
    def is_old(self) -> bool:
        """The declared release needs old algorithms."""
        return needs_old_cryptography(self.spec)

    def cli(self) -> PlatformCliReader:
        """The platform CLI; connects at its first command."""
        if self._cli is None:
            self._cli = PlatformCliReader(
                self.node,
                self.spec.platform.user,
                self.cluster.credentials.password(self.spec.platform),
                known_hosts=self.spec.known_hosts,
                legacy_algorithms=self.is_old,
            )
        return self._cli

    def release(self) -> Release:
        """What the node itself says it runs; asked once, whatever comes of it: a second login might lock the account."""
        if self._release is None:
            try:
                self._release = self.cli().read_version().value
            except CucmTlsError as problem:
                self._release = problem
        if isinstance(self._release, CucmTlsError):
            raise self._release
        return self._release

    def clock(self) -> ClockReading:
        """The node's clock and its NTP state; asked once."""
        if self._clock is None:
            before = datetime.now(UTC)
            ntp = self.cli().read_ntp().value
            self._clock = ClockReading(ntp, before, datetime.now(UTC))
        return self._clock

    def session(self, name: str) -> HttpsSession:
        """HTTPS as ``axl``, ``platform`` or ``call``."""
        if name not in self._sessions:
            account = {"axl": self.spec.axl, "platform": self.spec.platform, "call": self.spec.call}[name]
            self._sessions[name] = HttpsSession(
                self.node,
                account.user,
                self.cluster.credentials.password(account),
                ca_bundle=self.spec.ca_bundle,
                oldest_tls=self.oldest_tls,
                limit_seconds=ANSWER_SECONDS,
            )
        return self._sessions[name]

    def axl(self) -> AxlReader:
        """AXL in the schema version of the declared release, else of the one the platform CLI reports."""
        release = parse_release(self.spec.release) if self.spec.release else self.release()
        return AxlReader(self.session("axl").with_own_cookies(), release.axl_version, back_off=AT_ONCE)

    def close(self) -> None:
        """Log out everywhere."""
        if self._cli is not None:
            self._cli.close()
        for session in self._sessions.values():
            session.close()
