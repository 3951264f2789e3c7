"""The second reader's kept JSON as a value, and where it disagrees with our reading (DESIGN §5)."""

from typing import Any

from pytest_cucmtls.capture.witnesses import compare
from pytest_cucmtls.model.capture import CaptureReport
from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.model.witnesses import WitnessedHandshake, WitnessReading


def disagreements(report: CaptureReport, reading: object) -> list[str]:
    """One sentence per fact on which the two readers differ; `reading` has the form of `read-capture --json` (DESIGN §6).

    Raises: nothing; what is no such reading is a disagreement, too.
    """
    try:
        return list(compare(report, kept_reading(reading)))
    except (TypeError, ValueError, KeyError, AttributeError):
        return ["the second reading holds no handshake list that can be read"]


def kept_reading(values: Any) -> WitnessReading:
    """What `capture.second_reading` made JSON of. Raises: TypeError, ValueError, KeyError, AttributeError for anything else."""
    return WitnessReading(tuple(_handshake(entry) for entry in values["handshakes"]), values.get("problem"))


def _handshake(entry: dict[str, Any]) -> WitnessedHandshake:
    suite = (entry.get("cipher_suite") or {}).get("id")
    return WitnessedHandshake(
        client=_endpoint(entry["client"]),
        server=_endpoint(entry["server"]),
        first_frame=int(entry.get("first_frame") or 0),
        version=entry.get("version"),
        cipher_suite=int(suite, 16) if suite else None,
        server_certificates=_fingerprints(entry.get("server_certificates")),
        client_certificates=_fingerprints(entry.get("client_certificates")),
        alerts=tuple((alert["sender"], alert["level"], alert["description"]) for alert in entry.get("alerts") or ()),
    )


def _endpoint(values: dict[str, Any]) -> Endpoint:
    return Endpoint(str(values["ip"]), int(values["port"]))


def _fingerprints(chain: list[dict[str, Any]] | None) -> tuple[str, ...]:
    return tuple(str(certificate["sha256"]).lower().replace(":", "") for certificate in chain or ())
