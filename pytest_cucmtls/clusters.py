"""A cluster as its interfaces: the inventory's word becomes clients.

A `ClusterReader` hands out clients that can only read. A `ClusterWriter` exists only where a run may change clusters,
so that a verify-only run has no writing method to call.
"""

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

from pytest_cucmtls.inventory import Credentials
from pytest_cucmtls.model.inventory import ClusterSpec, NodeAddress
from pytest_cucmtls.model.secrets import Secret

if TYPE_CHECKING:
    from pytest_cucmtls.capture.cli_capture import CliFileCapture
    from pytest_cucmtls.clients.axl import AxlReader
    from pytest_cucmtls.clients.axl_resetter import AxlResetter
    from pytest_cucmtls.clients.axl_writer import AxlWriter
    from pytest_cucmtls.clients.back_off import BackOff
    from pytest_cucmtls.clients.certificate_rest import CertificateRestReader, CertificateRestWriter
    from pytest_cucmtls.clients.control_center import ControlCenterReader, ControlCenterWriter
    from pytest_cucmtls.clients.dime import Dime
    from pytest_cucmtls.clients.https import HttpsSession
    from pytest_cucmtls.clients.log_collection import LogCollection
    from pytest_cucmtls.clients.platform_cli import PlatformCliReader
    from pytest_cucmtls.clients.platform_cli_writer import PlatformCliWriter
    from pytest_cucmtls.clients.risport import RisPort
    from pytest_cucmtls.clients.webdialer import WebDialer
    from pytest_cucmtls.model.cucm import Release

ExchangeLog = Callable[[str, str, bytes, bytes], None]
"""(interface, operation, request body, response body), passwords already masked."""


def needs_old_cryptography(spec: ClusterSpec) -> bool:
    """Releases before 12.5, as declared, speak TLS 1.0 and SHA-1 SSH on their administration interfaces."""
    declared = (spec.release or "").split("(")[0]
    major, _, minor = declared.partition(".")
    return major.isdigit() and (int(major), int(minor[:1] or 0) if minor[:1].isdigit() else 0) < (12, 5)


class ClusterReader:
    """One cluster's interfaces, reading only; sessions are opened on first use and kept until `close`."""

    def __init__(
        self,
        spec: ClusterSpec,
        credentials: Credentials,
        exchange_log: ExchangeLog | None = None,
        progress: Callable[[str], object] | None = None,
    ) -> None:
        """`progress` is told when an interface is busy and asked again after a pause."""
        self.spec = spec
        self._credentials = credentials
        self._exchange_log = exchange_log
        self._progress = progress
        self._cli: dict[str, PlatformCliReader] = {}
        self._axl: AxlReader | None = None
        self._release: Release | None = None

    @property
    def name(self) -> str:
        """Inventory name."""
        return self.spec.name

    def release(self) -> "Release":
        """The release the publisher itself reports."""
        if self._release is None:
            self._release = self.cli(self.spec.publisher).read_version().value
        return self._release

    def axl(self) -> "AxlReader":
        """AXL on the publisher, in the newest schema version the release accepts."""
        from pytest_cucmtls.clients.axl import AxlReader

        if self._axl is None:
            self._axl = AxlReader(self._axl_session("axl"), self.release().axl_version, back_off=self._patience())
        return self._axl

    def cli(self, node: NodeAddress) -> "PlatformCliReader":
        """The node's platform CLI, one session kept open."""
        if node.name not in self._cli:
            self._cli[node.name] = self._open_cli(node)
        return self._cli[node.name]

    def file_capture(self, node: NodeAddress, *, peer_ip: str | None, file_name: str) -> "CliFileCapture":
        """A capture on the node between it and one peer (None: all), in an SSH session of its own; not yet started.

        Each file gets a name of its own: an earlier one of the same name would be renamed by the node.
        """
        from pytest_cucmtls.capture.cli_capture import CliFileCapture

        return CliFileCapture(
            node,
            self.spec.platform.user,
            self._credentials.password(self.spec.platform),
            peer_ip=peer_ip,
            file_name=f"{file_name}-{secrets.token_hex(4)}",
            known_hosts=self.spec.known_hosts,
            legacy_algorithms=self._is_old(),
            **self.spec.access.limit,
        )

    def certificate_rest(self, node: NodeAddress) -> "CertificateRestReader":
        """The certificate REST API (release 14 and later)."""
        from pytest_cucmtls.clients.certificate_rest import CertificateRestReader

        return CertificateRestReader(self._session(node, "platform", "certificate-rest"), back_off=self._patience())

    def control_center(self, node: NodeAddress) -> "ControlCenterReader":
        """Service states of one node."""
        from pytest_cucmtls.clients.control_center import ControlCenterReader

        return ControlCenterReader(self._session(node, "axl", "control-center"), back_off=self._patience())

    def risport(self) -> "RisPort":
        """Real-time device states, asked of the publisher."""
        from pytest_cucmtls.clients.risport import PAUSES_SECONDS, RisPort

        return RisPort(self._session(self.spec.publisher, "axl", "risport"), back_off=self._patience(*PAUSES_SECONDS))

    def log_collection(self, node: NodeAddress) -> "LogCollection":
        """Which trace files a node has."""
        from pytest_cucmtls.clients.log_collection import LogCollection

        return LogCollection(self._session(node, "axl", "log-collection"), back_off=self._patience())

    def dime(self, node: NodeAddress) -> "Dime":
        """Files of a node, one at a time; a session of its own because cookies of one service upset the other."""
        from pytest_cucmtls.clients.dime import PAUSES_SECONDS, Dime

        return Dime(self._session(node, "axl", "dime"), back_off=self._patience(*PAUSES_SECONDS))

    def webdialer(self) -> "WebDialer":
        """The dialer that places the test call."""
        from pytest_cucmtls.clients.webdialer import WebDialer

        return WebDialer(self._session(self.spec.publisher, "call", "webdialer"), self.release())

    def call_password(self) -> Secret:
        """Password of the end user WebDialer calls for."""
        return self._credentials.password(self.spec.call)

    def transcripts(self) -> list[tuple[str, str]]:
        """(node name, what was typed and answered) of every CLI session still open, passwords left out."""
        return [(name, session.transcript) for name, session in self._cli.items()]

    def close(self) -> None:
        """Close every session."""
        for session in self._cli.values():
            session.close()
        self._cli.clear()

    def _patience(self, *pauses_seconds: float) -> "BackOff":
        """With the client's own pauses, or the usual ones; each pause is told."""
        from pytest_cucmtls.clients.back_off import BackOff

        return BackOff(pauses_seconds, tell=self._progress) if pauses_seconds else BackOff(tell=self._progress)

    def _axl_session(self, interface: str) -> "HttpsSession":
        return self._session(self.spec.publisher, "axl", interface)

    def _session(self, node: NodeAddress, account: str, interface: str) -> "HttpsSession":
        from pytest_cucmtls.clients.https import HttpsSession

        chosen = {"axl": self.spec.axl, "platform": self.spec.platform, "call": self.spec.call}[account]
        log = self._exchange_log
        return HttpsSession(
            node,
            chosen.user,
            self._credentials.password(chosen),
            ca_bundle=self.spec.ca_bundle,
            oldest_tls="TLSv1" if self._is_old() else "TLSv1.2",
            exchange_log=None if log is None else (lambda operation, asked, got: log(interface, operation, asked, got)),
            **self.spec.access.limit,
        )

    def _open_cli(self, node: NodeAddress) -> "PlatformCliReader":
        from pytest_cucmtls.clients.platform_cli import PlatformCliReader

        return PlatformCliReader(
            node,
            self.spec.platform.user,
            self._credentials.password(self.spec.platform),
            known_hosts=self.spec.known_hosts,
            legacy_algorithms=self._is_old(),
            **self.spec.access.limit,
        )

    def _is_old(self) -> bool:
        return needs_old_cryptography(self.spec)


class ClusterResetter(ClusterReader):
    """Reads, and may reset the trunk so that a capture sees it connect anew; made only where the inventory allows it."""

    def axl(self) -> "AxlResetter":
        """AXL with the one operation more."""
        from pytest_cucmtls.clients.axl_resetter import AxlResetter

        if not isinstance(self._axl, AxlResetter):
            self._axl = AxlResetter(self._axl_session("axl"), self.release().axl_version, back_off=self._patience())
        return self._axl


class ClusterWriter(ClusterResetter):
    """The same interfaces with their writing methods; constructed only for a run that may apply changes."""

    def axl(self) -> "AxlWriter":
        """AXL with add, update, remove and reset."""
        from pytest_cucmtls.clients.axl_writer import AxlWriter

        if not isinstance(self._axl, AxlWriter):
            self._axl = AxlWriter(self._axl_session("axl"), self.release().axl_version, back_off=self._patience())
        return self._axl

    def cli(self, node: NodeAddress) -> "PlatformCliWriter":
        """The platform CLI with its certificate commands."""
        from pytest_cucmtls.clients.platform_cli_writer import PlatformCliWriter

        session = super().cli(node)
        assert isinstance(session, PlatformCliWriter)  # _open_cli below makes no other kind
        return session

    def certificate_rest(self, node: NodeAddress) -> "CertificateRestWriter":
        """The certificate REST API with CSR and uploads."""
        from pytest_cucmtls.clients.certificate_rest import CertificateRestWriter

        return CertificateRestWriter(self._session(node, "platform", "certificate-rest"), back_off=self._patience())

    def control_center(self, node: NodeAddress) -> "ControlCenterWriter":
        """Service restarts."""
        from pytest_cucmtls.clients.control_center import ControlCenterWriter

        return ControlCenterWriter(self._session(node, "axl", "control-center"), back_off=self._patience())

    def _open_cli(self, node: NodeAddress) -> "PlatformCliWriter":
        from pytest_cucmtls.clients.platform_cli_writer import PlatformCliWriter

        return PlatformCliWriter(
            node,
            self.spec.platform.user,
            self._credentials.password(self.spec.platform),
            known_hosts=self.spec.known_hosts,
            legacy_algorithms=self._is_old(),
            **self.spec.access.limit,
        )
