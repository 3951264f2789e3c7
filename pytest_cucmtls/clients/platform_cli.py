"""Reads one node through its platform CLI; has no method that changes anything."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self, TypeVar

from pytest_cucmtls.clients.cli_conversation import CliOutput, ConnectionLost, Reply
from pytest_cucmtls.clients.file_get import FileGetDialogue
from pytest_cucmtls.clients.sftp_sink import SftpSink
from pytest_cucmtls.clients.ssh_session import CliSession, keep_silent
from pytest_cucmtls.model.certificates import CertificateRequest
from pytest_cucmtls.model.cucm import DiskSpace, LogFile, NamedCertificate, NtpStatus, ProcessNode, Release, ServiceStatus
from pytest_cucmtls.model.errors import ConfigurationInvalid, InterfaceRefused
from pytest_cucmtls.model.inventory import NodeAddress
from pytest_cucmtls.model.readings import Reading
from pytest_cucmtls.model.secrets import Secret
from pytest_cucmtls.model.surroundings import NameLookup, ReplicationState
from pytest_cucmtls.wire.cli_surroundings import parse_fips_status, parse_host_lookup, parse_replication_state
from pytest_cucmtls.wire.cli_text import (
    CliRefusal,
    parse_certificate_list,
    parse_cluster_members,
    parse_csr_text,
    parse_disk_space,
    parse_file_list,
    parse_ntp_status,
    parse_refusal,
    parse_service_list,
    parse_show_cert,
    parse_tls_minimum,
    parse_version,
)

T = TypeVar("T")

DEFAULT_LIMIT_SECONDS = 60.0
"""A first prompt was seen after 8 s; other clients allow 60 (platform.md §3.1)."""
TRANSFER_LIMIT_SECONDS = 600.0
PAGER_OFF = "set cli pagination off"
REPEATED_READS = 2
"""How often a read whose session was lost is asked again; a command that may change something never is."""


class PlatformCliReader:
    """A node's platform CLI, read only; a context manager. Connects at the first command, and anew after a failure.

    A read whose session is lost in the middle is asked again over a new session, twice at most.

    Every method raises ClusterUnreachable, PeerNotVerified, CredentialsRefused, AnswerTimedOut, UnexpectedAnswer or, when
    the node says no, InterfaceRefused. Readings carry the bytes of the command's answer, echo and prompt included.
    """

    def __init__(
        self,
        node: NodeAddress,
        user: str,
        password: Secret,
        *,
        known_hosts: str | None = None,
        legacy_algorithms: bool = False,
        limit_seconds: float = DEFAULT_LIMIT_SECONDS,
    ) -> None:
        self.node, self.legacy_algorithms = node, legacy_algorithms
        self._session = CliSession(
            node,
            user,
            password,
            known_hosts=known_hosts,
            legacy_algorithms=legacy_algorithms,
            limit_seconds=limit_seconds,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Log out; a later command would log in again."""
        self._session.close()

    @property
    def transcript(self) -> str:
        """Everything the node showed in all sessions of this object, without passwords."""
        return self._session.transcript

    def read_version(self) -> Reading[Release]:
        """``show version active``."""
        return self._read("show version active", parse_version)

    def read_ntp(self) -> Reading[NtpStatus]:
        """``utils ntp status``."""
        return self._read("utils ntp status", parse_ntp_status)

    def read_disk_space(self) -> Reading[tuple[DiskSpace, ...]]:
        """The partitions of ``show status``; empty when it shows none."""
        return self._read("show status", parse_disk_space)

    def read_services(self) -> Reading[tuple[ServiceStatus, ...]]:
        """``utils service list``."""
        return self._read("utils service list", parse_service_list)

    def read_cluster_members(self) -> Reading[tuple[ProcessNode, ...]]:
        """``show network cluster``."""
        return self._read("show network cluster", parse_cluster_members)

    def read_tls_minimum(self) -> Reading[str]:
        """``show tls min-version``: ``1.0`` … ``1.3``; refused by releases that do not know the command."""
        return self._read("show tls min-version", parse_tls_minimum)

    def read_fips_mode(self) -> Reading[bool]:
        """``utils fips status``: True in FIPS mode."""
        return self._read("utils fips status", parse_fips_status)

    def read_replication_state(self) -> Reading[ReplicationState]:
        """``utils dbreplication runtimestate``: how this node sees every server of its cluster."""
        return self._read("utils dbreplication runtimestate", parse_replication_state)

    def read_host_lookup(self, name: str) -> Reading[NameLookup]:
        """``utils network host <name>``: what the node itself resolves a name to."""
        host = _word(name, "host name")
        return self._read(f"utils network host {host}", lambda text: parse_host_lookup(text, host))

    def read_own_certificate(self, unit: str) -> Reading[NamedCertificate]:
        """``show cert own <unit>``: the stored identity, not necessarily the one being served."""
        name = _word(unit, "certificate unit")
        return self._read(f"show cert own {name}", lambda text: parse_show_cert(text, name, f"{name}.pem"))

    def read_certificate_list(self, kind: str) -> Reading[tuple[tuple[str, str, str], ...]]:
        """``show cert list own|trust``: (unit, file name, description). Raises: ConfigurationInvalid for another kind."""
        if kind not in {"own", "trust"}:
            raise ConfigurationInvalid("show cert list", "kind", f"{kind!r} is neither own nor trust")
        return self._read(f"show cert list {kind}", parse_certificate_list)

    def read_trust_certificate(self, unit: str, file_name: str) -> Reading[NamedCertificate]:
        """``show cert trust <unit>/<file>``, named as the list names it (ASSUMED: the guide shows the file name only)."""
        store, name = _word(unit, "trust unit"), _word(file_name, "certificate file")
        return self._read(f"show cert trust {store}/{name}", lambda text: parse_show_cert(text, store, name))

    def read_request(self, unit: str) -> Reading[CertificateRequest]:
        """``show csr own <unit>``; InterfaceRefused with code ``no_csr`` when none is pending."""
        return self._read(f"show csr own {_word(unit, 'certificate unit')}", parse_csr_text)

    def list_files(self, spec: str) -> Reading[tuple[LogFile, ...]]:
        """``file list activelog <spec> detail``: files (no directories); their paths are below ``activelog``.

        `spec` is a folder or a pattern such as ``platform/cli/*.cap``.
        """
        wanted = _word(spec, "file specification")
        folder = str(PurePosixPath(wanted).parent) if _names_files(wanted) else wanted
        return self._read(f"file list activelog {wanted} detail", lambda text: parse_file_list(text, folder.removeprefix("./")))

    def fetch_file(self, path: str, sink: SftpSink, *, limit_seconds: float = TRANSFER_LIMIT_SECONDS) -> Path:
        """``file get activelog <path>`` of one file to our SFTP server; returns where it landed.

        `sink` must be open and its address reachable from the node. Raises, beyond the usual: FileUnreadable when the
        node reports success and no such file arrived; PeerNotVerified when the node shows another host key than the sink's.
        """
        wanted = _word(path, "file path")
        dialogue = FileGetDialogue(sink)
        self._session.keep_out_of_transcript(sink.password)
        command = f"file get activelog {wanted}"
        output = self._checked(command, reply=dialogue.reply, limit_seconds=limit_seconds)
        dialogue.check(output.text, command)
        return sink.find(PurePosixPath(wanted).name)

    def _read(self, command: str, parse: Callable[[str], T]) -> Reading[T]:
        output = self._repeated(command)
        return Reading(parse(output.text), output.raw, "cli", command, datetime.now(UTC))

    def _repeated(self, command: str) -> CliOutput:
        for _ in range(REPEATED_READS):
            try:
                return self._checked(command)
            except ConnectionLost:
                continue
        return self._checked(command)

    def _checked(self, command: str, *, reply: Reply = keep_silent, limit_seconds: float | None = None) -> CliOutput:
        """The command's output. Raises: InterfaceRefused when it ends with the failure trailer."""
        output = self._typed(command, reply=reply, limit_seconds=limit_seconds)
        refusal = parse_refusal(output.text)
        if refusal is not None:
            raise refused(command, refusal)
        return output

    def _typed(self, command: str, *, reply: Reply = keep_silent, limit_seconds: float | None = None) -> CliOutput:
        if not self._session.usable:
            self._session.open()
            self._session.run(PAGER_OFF)
        return self._session.run(command, reply=reply, limit_seconds=limit_seconds)


def refused(command: str, refusal: CliRefusal) -> InterfaceRefused:
    """The error of a refusal the parsers recognised."""
    return InterfaceRefused("cli", command, refusal.code, refusal.message, remedy=refusal.remedy)


def _word(text: str, what: str) -> str:
    """One argument of a command. Raises: ConfigurationInvalid for what would end or change the command line."""
    if not text or any(character.isspace() or not character.isprintable() for character in text) or len(text) > 512:
        raise ConfigurationInvalid("platform CLI", what, f"{text[:80]!r} cannot be typed as one word")
    return text


def _names_files(spec: str) -> bool:
    last = PurePosixPath(spec).name
    return any(mark in last for mark in "*?.")
