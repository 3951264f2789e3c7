"""Who the peer of a SIP connection is: its certificate in traces, the trunk it belongs to (platform.md §7.1)."""

from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.sim.calls.trunks import RunningTrunk, RunningTrunks
from pytest_cucmtls.sim.logs.traces import TraceWriter
from pytest_cucmtls.sim.sip import tls_contexts
from pytest_cucmtls.sim.sip.links import SipLink
from pytest_cucmtls.sim.state import NodeState
from pytest_cucmtls.wire.x509 import parse_certificate

CERTIFICATE_INDICATION_OF_ANOTHER_CONNECTION = "certificate_indication_of_another_connection"
TRACE_NAMES_ANOTHER_CIPHER = "trace_names_another_cipher"
"""Behaviour names: SIPCertificateInd is only written for a connection index that is not this call's, or with a wrong cipher."""


class SipPeers:
    """Recognises peers by certificate or address and says so in the traces."""

    def __init__(self, node: NodeState, trunks: RunningTrunks, traces: TraceWriter) -> None:
        self._node = node
        self._trunks = trunks
        self._traces = traces

    def inbound_trunk(self, link: SipLink) -> RunningTrunk | None:
        """The trunk an inbound peer belongs to; None when no trunk expects it."""
        if not link.secure:
            return self._trunks.for_plain_peer(link.peer.ip, link.local.port)
        mode = tls_contexts.AUTHENTICATED if link.cipher == tls_contexts.NULL_SUITE else tls_contexts.ENCRYPTED
        return self._trunks.for_secure_peer(link.peer.ip, link.local.port, mode, certificate_of(link))

    def is_expected(self, link: SipLink, trunk: RunningTrunk) -> bool:
        """The peer we connected to is who the trunk's profile names; if not, the traces say so.

        Text of the refusal ASSUMED (platform.md §11: no sample is public).
        """
        certificate = certificate_of(link)
        if not link.secure or (certificate is not None and trunk.expects(certificate)):
            return True
        self.indicate_certificate(link, trunk)
        names = ",".join(trunk.x509_subject_names)
        subject = slash_form(certificate) if certificate else ""
        self._traces.app_info(
            f"SIPD - X509SubjectName mismatch: trunk={trunk.name}, connIdx={link.index}, peer={subject}, expected={names}"
        )
        return False

    def indicate_certificate(self, link: SipLink, trunk: RunningTrunk | None) -> None:
        """SIPCertificateInd, when the peer presented a certificate."""
        certificate, faults = certificate_of(link), self._node.cluster.faults
        if certificate is None:
            return
        index = link.index + (7 if CERTIFICATE_INDICATION_OF_ANOTHER_CONNECTION in faults else 0)
        cipher = "NULL-SHA" if TRACE_NAMES_ANOTHER_CIPHER in faults else link.cipher
        names = ",".join(name.partition(":")[2] for name in certificate.subject_alternative_names if name.startswith("DNS:"))
        peer, instance = link.peer, trunk.instance if trunk else 1
        self._traces.certificate(index, peer.ip, peer.port, slash_form(certificate), cipher, names, instance)


def slash_form(certificate: Certificate) -> str:
    """The subject as OpenSSL's one-line form prints it: encoded order, ``/C=IN/…/CN=CUCM10``."""
    return "".join(f"/{key}={value}" for key, value in certificate.subject.attributes)


def certificate_of(link: SipLink) -> Certificate | None:
    """The peer's certificate; None when the listener did not ask for one."""
    der = link.peer_certificate
    return parse_certificate(der) if der else None
