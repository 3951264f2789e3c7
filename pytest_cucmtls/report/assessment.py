"""What verdicts say to an assessor: which rule or control each speaks for, how far, and the honest status that follows.

A mapping is DIRECT where the requirement is about this trunk and its test calls, PARTIAL where it is about a whole system of
which this run saw one trunk. Nothing passes by default, and a partial mapping never satisfies anything by itself.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from pytest_cucmtls.model.verdicts import Outcome, Verdict
from pytest_cucmtls.report.answers import UNDECIDED_OUTCOMES, claim_of


class Coverage(Enum):
    """How far verdicts about one trunk go towards a requirement."""

    DIRECT = "direct"
    PARTIAL = "partial"


class Status(Enum):
    """What may be written beside a requirement."""

    MET = "met"
    NOT_MET = "not met"
    OPEN = "open"
    """Not decided, or only partly covered."""
    NOT_ASSESSED = "not assessed"


@dataclass(frozen=True, slots=True)
class Requirement:
    """A control of NIST SP 800-53 r5 (`identifier` as OSCAL writes it, ``sc-8.1``), or a rule of a DISA SRG (``V-260034``)."""

    identifier: str
    title: str
    coverage: Coverage
    clause: str
    """As verdicts cite it (``SC-8(1)``, ``V-260034``)."""
    claims: frozenset[str] = frozenset()
    """Claims of `report.answers` that speak for it as well."""
    not_proven: str = ""
    """What a run does not show of it."""
    severity: str = ""
    """DISA category as the checklist formats write it: ``high`` (CAT I), ``medium`` (CAT II)."""
    srg: str = ""
    cci: str = ""


@dataclass(frozen=True, slots=True)
class Assessed:
    """A requirement with the verdicts that speak for it."""

    requirement: Requirement
    verdicts: tuple[Verdict, ...]
    status: Status


def assessed(requirements: Iterable[Requirement], standard: str, verdicts: Sequence[Verdict]) -> tuple[Assessed, ...]:
    """Each requirement with its verdicts: those that cite its clause of `standard`, and those of its claims."""
    found = []
    for requirement in requirements:
        speaking = tuple(
            verdict
            for verdict in verdicts
            if claim_of(verdict) in requirement.claims
            or any(clause.standard == standard and clause.clause == requirement.clause for clause in verdict.clauses)
        )
        found.append(Assessed(requirement, speaking, _status(requirement, speaking)))
    return tuple(found)


def _status(requirement: Requirement, verdicts: Sequence[Verdict]) -> Status:
    """A finding is a finding however small the part seen; only a direct mapping, fully proven, is met."""
    outcomes = {verdict.outcome for verdict in verdicts} - {Outcome.NOT_APPLICABLE}
    if Outcome.FAIL in outcomes:
        return Status.NOT_MET
    if not outcomes:
        return Status.NOT_ASSESSED
    if outcomes & {*UNDECIDED_OUTCOMES} or requirement.coverage is Coverage.PARTIAL:
        return Status.OPEN
    return Status.MET


_P, _D = Coverage.PARTIAL, Coverage.DIRECT
NIST = "NIST SP 800-53 r5"
CONTROLS = (
    Requirement("ac-4", "Information flow enforcement", _P, "AC-4", frozenset({"routed"}), "the full dial plan"),
    Requirement("au-8", "Time stamps", _P, "AU-8", frozenset(), "clocks outside of the nodes seen"),
    Requirement("au-10", "Non-repudiation", _P, "AU-10", frozenset(), "retention of the logs"),
    Requirement(
        "ia-3", "Device identification and authentication", _D, "IA-3", frozenset({"authenticated"}), "endpoints behind the peer"
    ),
    Requirement(
        "ia-5.2", "Public key-based authentication", _P, "IA-5(2)", frozenset({"certificates"}), "private key protection"
    ),
    Requirement(
        "sc-8",
        "Transmission confidentiality and integrity",
        _P,
        "SC-8",
        frozenset({"connected", "media"}),
        "other trunks and calls",
    ),
    Requirement("sc-8.1", "Cryptographic protection", _P, "SC-8(1)", frozenset({"encrypted"}), "other trunks and calls"),
    Requirement("sc-12", "Cryptographic key establishment and management", _P, "SC-12", frozenset(), "key custody inside CUCM"),
    Requirement(
        "sc-13", "Cryptographic protection: use", _P, "SC-13", frozenset({"strength"}), "validation of the module itself"
    ),
    Requirement(
        "sc-17", "Public key infrastructure certificates", _P, "SC-17", frozenset({"certificates"}), "operation of the CA"
    ),
    Requirement("sc-23", "Session authenticity", _P, "SC-23", frozenset({"authenticated"}), "sessions above the transport"),
)
"""Controls a run has something to say about; titles as in the catalogue where short, else shortened."""

SRG = "DISA EVVM Session Management SRG"
_CALL_RECORDS = tuple(
    Requirement(
        identifier,
        "Content of call records",
        _P,
        "V-259996 to V-260001",
        frozenset(),
        "records of other calls",
        "medium",
        f"SRG-NET-0000{74 + place}-VVSM-00101",
        "CCI-000130" if place == 0 else "",
    )
    for place, identifier in enumerate(("V-259996", "V-259997", "V-259998", "V-259999", "V-260000", "V-260001"))
)
RULES = (
    *_CALL_RECORDS,
    Requirement(
        "V-260008",
        "Only allowed ports, protocols and services",
        _P,
        "V-260008",
        frozenset(),
        "other listeners",
        "high",
        "SRG-NET-000132-VVSM-00101",
        "CCI-000382",
    ),
    Requirement(
        "V-260013",
        "Connections end with the session",
        _P,
        "V-260013",
        frozenset(),
        "other call types",
        "medium",
        "SRG-NET-000213-VVSM-00101",
        "CCI-001133",
    ),
    Requirement(
        "V-260016",
        "SHA-2 or higher, validated, for session authenticity",
        _P,
        "V-260016",
        frozenset(),
        "module validation",
        "high",
        "SRG-NET-000230-VVSM-00101",
        "CCI-001184",
    ),
    Requirement(
        "V-260026",
        "Peers authenticate again at least every hour",
        _P,
        "V-260026",
        frozenset(),
        "age of long connections",
        "medium",
        "SRG-NET-000338-VVSM-00102",
        "CCI-002038",
    ),
    Requirement(
        "V-260028",
        "Each peer (trunk) is authenticated",
        _P,
        "V-260028",
        frozenset(),
        "other trunks",
        "medium",
        "SRG-NET-000343-VVSM-00102",
        "CCI-001958",
    ),
    Requirement(
        "V-260031",
        "Only certificates of approved authorities",
        _P,
        "V-260031",
        frozenset(),
        "approval of the authority",
        "medium",
        "SRG-NET-000355-VVSM-00010",
        "CCI-002470",
    ),
    Requirement(
        "V-260034",
        "Confidentiality and integrity of configuration, signalling and media",
        _P,
        "V-260034",
        frozenset({"encrypted"}),
        "configuration files, other calls",
        "high",
        "SRG-NET-000371-VVSM-00101",
        "CCI-002418",
    ),
    Requirement(
        "V-260039",
        "Validated cryptography",
        _P,
        "V-260039",
        frozenset(),
        "module validation",
        "high",
        "SRG-NET-000510-VVSM-00101",
        "CCI-002450",
    ),
    Requirement(
        "V-260040",
        "Authoritative time",
        _P,
        "V-260040",
        frozenset(),
        "authority of the time source",
        "medium",
        "SRG-NET-000512-VVSM-00101",
        "CCI-000366",
    ),
    Requirement(
        "V-260046",
        "TLS 1.2 or later for all TLS",
        _P,
        "V-260046",
        frozenset(),
        "other interfaces",
        "high",
        "SRG-NET-000530-VVSM-00010",
        "CCI-001453",
    ),
    Requirement(
        "V-260047",
        "Certification path validation with revocation",
        _P,
        "V-260047",
        frozenset(),
        "revocation",
        "medium",
        "SRG-NET-000580-VVSM-00010",
        "CCI-000185",
    ),
)
"""Rules of the SRG by V-number and SRG id, which stay when revisions change; titles shortened."""
