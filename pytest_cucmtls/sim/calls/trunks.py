"""SIP trunks as the CallManager runs them: copies of trunk and profile made at start, at first use, or at the last reset."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.sim.calls.dial_plan import text, truth
from pytest_cucmtls.sim.database import Database, Row, repeated
from pytest_cucmtls.sim.sip.tls_contexts import AUTHENTICATED, ENCRYPTED, NON_SECURE

_ALL_DIGITS = 99
_SEPARATORS = re.compile(r"[ ,;:]+")
_DEFAULT_INCOMING_PORT = 5060


@dataclass(frozen=True, slots=True)
class RunningTrunk:
    """What one trunk does until its next reset."""

    name: str
    uuid: str
    instance: int
    """Instance number of its SIPD process in traces."""
    security_mode: str
    secure_inbound: bool
    """Incoming transport is TLS."""
    secure_outbound: bool
    incoming_port: int
    x509_subject_names: tuple[str, ...]
    destinations: tuple[tuple[str, int], ...]
    """(address or host name, port) in sort order."""
    srtp_allowed: bool
    significant_digits: int | None
    calling_search_space: str
    over_udp: bool = False
    """Outgoing transport is UDP."""
    early_offer: bool = False
    """The SIP profile wants the offer in the first INVITE."""
    digest_authentication: bool = False
    """Requests from the peer must carry digest credentials (security profile)."""
    mtp_required: bool = False
    """Media of its calls passes a termination point of the node, and the offer is always early."""
    tells_diversion: bool = False
    """*Redirecting Diversion Header Delivery - Outbound*."""
    dtmf: str = "No Preference"
    """*DTMF Signaling Method*."""
    refer_search_space: str = ""
    """*REFER Calling Search Space*: where a peer's REFER may lead."""
    accepts_refer: bool = False
    """Security profile: *Accept Out-of-Dialog REFER*."""
    accepts_presence: bool = False
    accepts_notification: bool = False
    refreshes_by_update: bool = False
    """The SIP profile refreshes sessions with UPDATE."""
    reliable_provisional: bool = False
    """The SIP profile asks for PRACK (SIP Rel1XX Options)."""

    @property
    def tls_security(self) -> int:
        """Word of `createConnMsg`: 3 Encrypted; 2 Authenticated and 0 without TLS are ASSUMED."""
        if not self.secure_outbound:
            return 0
        return 2 if self.security_mode == AUTHENTICATED else 3

    @property
    def suite_mode(self) -> str:
        """Which suites its TLS uses."""
        return AUTHENTICATED if self.security_mode == AUTHENTICATED else ENCRYPTED

    def expects(self, certificate: Certificate) -> bool:
        """A listed X.509 name is the certificate's CN or one of its DNS names; compared without case (ASSUMED, §7.1)."""
        listed = {name.lower() for name in self.x509_subject_names}
        return not listed.isdisjoint(name.lower() for name in certificate_names(certificate))

    def leads_to(self, address: str, host_names: Mapping[str, str]) -> bool:
        """One of the destinations is this address, or a name of it."""
        return any(host_names.get(host.lower(), host) == address for host, _ in self.destinations)


class RunningTrunks:
    """All trunks of a node. Configuration written later takes effect at `reset`; a trunk not seen before is copied at once."""

    def __init__(
        self,
        database: Database,
        host_names: Mapping[str, str],
        runs_here: Callable[[Row], bool],
        service_records: Mapping[str, tuple[tuple[str, int], ...]] | None = None,
    ) -> None:
        self._database = database
        self._service_records = service_records or {}
        self._runs_here = runs_here
        self._host_names = host_names
        self._running: dict[str, RunningTrunk] = {}
        self._instances: dict[str, int] = {}

    def all(self) -> tuple[RunningTrunk, ...]:
        """Every trunk the database still has and this node serves, as it runs."""
        rows = {text(row.get("name")): row for row in self._database.rows("sipTrunk") if self._runs_here(row)}
        for gone in self._running.keys() - rows.keys():
            del self._running[gone]
        for name, row in rows.items():
            if name not in self._running:
                self._running[name] = self._copy(name, row)
        return tuple(self._running[name] for name in rows)

    def find(self, name: str) -> RunningTrunk | None:
        """By name."""
        return next((trunk for trunk in self.all() if trunk.name == name), None)

    def reset(self, name: str) -> None:
        """Copy trunk and profile again."""
        self._running.pop(name, None)
        self.all()

    def reset_all(self) -> None:
        """Copy everything again, as a start of the service does."""
        self._running.clear()
        self.all()

    def for_secure_peer(self, address: str, port: int, suite_mode: str, certificate: Certificate | None) -> RunningTrunk | None:
        """The trunk an inbound TLS peer belongs to: its certificate's name decides, its address only between several.

        A trunk whose security mode is not the one of the negotiated suite does not take the peer. A listener that asked
        for no certificate has nothing but the address to go by.
        """
        candidates = [trunk for trunk in self.all() if _takes_tls_on(trunk, port) and trunk.suite_mode == suite_mode]
        if certificate is None:
            return next((trunk for trunk in candidates if trunk.leads_to(address, self._host_names)), None)
        fitting = [trunk for trunk in candidates if trunk.expects(certificate)]
        return next((trunk for trunk in fitting if trunk.leads_to(address, self._host_names)), fitting[0] if fitting else None)

    def for_plain_peer(self, address: str, port: int) -> RunningTrunk | None:
        """The trunk an inbound TCP peer belongs to: by its address."""
        return next(
            (t for t in self.all() if not t.secure_inbound and t.incoming_port == port and t.leads_to(address, self._host_names)),
            None,
        )

    def _targets(self, row: Row) -> tuple[tuple[str, int], ...]:
        """The destinations; *Destination Address is an SRV*: the targets of the name's record, asked at the reset (ASSUMED)."""
        listed = _destinations(row)
        if not truth(row.get("destAddrIsSrv")):
            return listed
        return tuple(target for name, port in listed for target in self._service_records.get(name.lower(), ((name, port),)))

    def _copy(self, name: str, row: Row) -> RunningTrunk:
        profile = self._database.find("sipTrunkSecurityProfile", name=text(row.get("securityProfileName"))) or {}
        sip_profile = self._database.find("sipProfile", name=text(row.get("sipProfileName"))) or {}
        instance = self._instances.setdefault(name, len(self._instances) + 1)
        secure_inbound = text(profile.get("incomingTransport")).upper() == "TLS"
        return RunningTrunk(
            name=name,
            uuid=text(row.get("uuid")),
            instance=instance,
            security_mode=text(profile.get("securityMode")) or NON_SECURE,
            secure_inbound=secure_inbound,
            secure_outbound=text(profile.get("outgoingTransport")).upper() == "TLS",
            incoming_port=int(text(profile.get("incomingPort")) or _DEFAULT_INCOMING_PORT),
            x509_subject_names=split_names(text(profile.get("x509SubjectName"))),
            destinations=self._targets(row),
            srtp_allowed=truth(row.get("srtpAllowed")),
            significant_digits=_significant_digits(row),
            calling_search_space=text(row.get("callingSearchSpaceName")),
            over_udp=text(profile.get("outgoingTransport")).upper() == "UDP",
            early_offer=_offers_early(sip_profile) or truth(row.get("mtpRequired")),
            mtp_required=truth(row.get("mtpRequired")),
            tells_diversion=truth(row.get("acceptOutboundRdnis")),
            dtmf=text(row.get("dtmfSignalingMethod")) or "No Preference",
            refer_search_space=text(row.get("referCallingSearchSpaceName")),
            accepts_refer=truth(profile.get("acceptOutOfDialogRefer")),
            accepts_presence=truth(profile.get("acceptPresenceSubscription")),
            accepts_notification=truth(profile.get("acceptUnsolicitedNotification")),
            digest_authentication=truth(profile.get("digestAuthentication")),
            refreshes_by_update=text(sip_profile.get("sipSessionRefreshMethod")) == "Update",
            reliable_provisional=text(sip_profile.get("sipRe11XxEnabled") or "Disabled") != "Disabled",
        )


def split_names(listed: str) -> tuple[str, ...]:
    """The entries of X.509 Subject Name, separated by space, comma, semicolon or colon (Security Guide)."""
    return tuple(name for name in _SEPARATORS.split(listed) if name)


def certificate_names(certificate: Certificate) -> Iterable[str]:
    """CN and DNS names."""
    if certificate.subject.common_name:
        yield certificate.subject.common_name
    for name in certificate.subject_alternative_names:
        kind, _, value = name.partition(":")
        if kind == "DNS":
            yield value


def _takes_tls_on(trunk: RunningTrunk, port: int) -> bool:
    return trunk.secure_inbound and trunk.security_mode != NON_SECURE and trunk.incoming_port == port


def _offers_early(sip_profile: Row) -> bool:
    """Both spellings of the profile's field: a list of choices since 10.5, a check box before."""
    setting = text(sip_profile.get("earlyOfferSuppVoiceCall") or "Disabled")
    return not setting.startswith("Disabled") or truth(sip_profile.get("earlyOfferSupportForVoiceCall"))


def _destinations(row: Row) -> tuple[tuple[str, int], ...]:
    ordered = sorted(repeated(row, "destinations"), key=lambda destination: int(destination.get("sortOrder") or 0))
    return tuple((text(each.get("addressIpv4")), int(each.get("port") or 5060)) for each in ordered if each.get("addressIpv4"))


def _significant_digits(row: Row) -> int | None:
    """AXL's sigDigits with its attribute `enable`; 99, empty and not enabled mean all."""
    digits = text(row.get("sigDigits"))
    enabled = truth(row.get("sigDigits@enable", True))
    return int(digits) if enabled and digits.isdecimal() and int(digits) != _ALL_DIGITS else None
