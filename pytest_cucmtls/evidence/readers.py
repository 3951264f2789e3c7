"""Which parser reads a raw item of which kind from which interface; adding a kind is adding a row."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pytest_cucmtls.evidence.given.certificate_files import certificates_in
from pytest_cucmtls.evidence.media_proofs import media_proof_from_json
from pytest_cucmtls.evidence.run_folder import IndexLine
from pytest_cucmtls.model.capture import CaptureReport
from pytest_cucmtls.model.cucm import NamedCertificate
from pytest_cucmtls.model.errors import InterfaceRefused
from pytest_cucmtls.model.evidence import CallAttempt, StepRecord
from pytest_cucmtls.model.surroundings import EarlierIdentity, WriteAccess
from pytest_cucmtls.model.verdicts import Outcome
from pytest_cucmtls.wire import axl_answers, certificate_answers, cli_text, serviceability_answers
from pytest_cucmtls.wire.capture_report import parse_capture
from pytest_cucmtls.wire.cli_surroundings import parse_fips_status, parse_host_lookup, parse_replication_state
from pytest_cucmtls.wire.media_report import with_measured_media
from pytest_cucmtls.wire.probe_report import parse_probe
from pytest_cucmtls.wire.traces import parse_trace
from pytest_cucmtls.wire.x509 import parse_certificate, parse_certificates, parse_request
from pytest_cucmtls.wire.x509_ocsp import parse_ocsp_answer
from pytest_cucmtls.wire.x509_revocation import parse_revocation_list

Reader = Callable[[bytes, IndexLine], Any]


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _unit(line: IndexLine, default: str) -> tuple[str, str]:
    unit = str(line.attributes.get("unit") or default)
    return unit, str(line.attributes.get("file_name") or f"{unit}.pem")


def _identity_of_cli(data: bytes, line: IndexLine) -> NamedCertificate:
    unit, file_name = _unit(line, "CallManager")
    return cli_text.parse_show_cert(_text(data), unit, file_name)


def _trust_of_cli(data: bytes, line: IndexLine) -> tuple[NamedCertificate, ...]:
    unit, file_name = _unit(line, "CallManager-trust")
    return (cli_text.parse_show_cert(_text(data), unit, file_name),)


def _identity_of_rest(data: bytes, line: IndexLine) -> NamedCertificate:
    return certificate_answers.parse_identity(data, _unit(line, "CallManager")[0])


def _trust_of_rest(data: bytes, line: IndexLine) -> tuple[NamedCertificate, ...]:
    return certificate_answers.parse_trust(data, _unit(line, "CallManager-trust")[0])


def _certificates_of_file(data: bytes, line: IndexLine, default: str) -> tuple[NamedCertificate, ...]:
    """A file a person exported: each certificate under a name of its own."""
    unit, file_name = _unit(line, default)
    found = certificates_in(data, file_name)
    names = [file_name] if len(found) == 1 else [f"{file_name}#{number}" for number in range(1, len(found) + 1)]
    return tuple(NamedCertificate(unit, name, one) for name, one in zip(names, found, strict=True))


def _identity_of_file(data: bytes, line: IndexLine) -> NamedCertificate:
    found = _certificates_of_file(data, line, "CallManager")
    return next((one for one in found if not one.certificate.is_ca), found[0])


def _trust_of_file(data: bytes, line: IndexLine) -> tuple[NamedCertificate, ...]:
    return _certificates_of_file(data, line, "CallManager-trust")


def _object_or_absent(parse: Callable[[bytes], Any]) -> Reader:
    """AXL's fault for an object that does not exist is a reading too: None."""

    def read(data: bytes, _line: IndexLine) -> Any:
        try:
            return parse(data)
        except InterfaceRefused as refusal:
            if refusal.code == axl_answers.ABSENT:
                return None
            raise

    return read


def _asked(data: bytes, _line: IndexLine) -> tuple[tuple[str, str], ...]:
    values = json.loads(data)
    return tuple((str(key), value if isinstance(value, str) else json.dumps(value)) for key, value in values.items())


def as_call(values: dict[str, Any]) -> CallAttempt:
    """A call as its driver reported it. Raises: KeyError, ValueError, TypeError."""
    return CallAttempt(
        direction=str(values["direction"]),
        caller=str(values["caller"]),
        called=str(values["called"]),
        started_at=datetime.fromisoformat(values["started_at"]).astimezone(UTC),
        ended_at=datetime.fromisoformat(values["ended_at"]).astimezone(UTC) if values.get("ended_at") else None,
        driver=str(values.get("driver", "")),
        result_code=values.get("result_code"),
        result_description=values.get("result_description"),
        outcome=str(values.get("outcome") or ""),
        outcome_description=str(values.get("outcome_description") or ""),
    )


def _checked_call(data: bytes, _line: IndexLine) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(data)
    as_call(values)
    return values


def _capture(data: bytes, _line: IndexLine) -> CaptureReport:
    """With its media measured, and proven under the keys of its own readable SIP; a cut file says at which size."""
    report = parse_capture(io.BytesIO(data))
    if report.readable and report.problem:
        report = replace(report, problem=f"{report.problem}, at {len(data)} bytes")
    return with_measured_media(report, io.BytesIO(data)) if report.streams else report


def _write_access(data: bytes, _line: IndexLine) -> WriteAccess:
    values = json.loads(data)
    may = values["may_write"]
    return WriteAccess(str(values["user"]), tuple(map(str, values["roles"])), None if may is None else bool(may))


def _earlier_identities(data: bytes, _line: IndexLine) -> tuple[EarlierIdentity, ...]:
    return tuple(
        EarlierIdentity(str(one["place"]), str(one["sha256"]), str(one["serial"]), datetime.fromisoformat(one["recorded_at"]))
        for one in json.loads(data)
    )


def _step(data: bytes, _line: IndexLine) -> StepRecord:
    values = json.loads(data)
    changes = tuple(str(change) for change in values["changes"])
    return StepRecord(int(values["step"]), str(values["title"]), Outcome(values["outcome"]), str(values["message"]), changes)


READERS: dict[tuple[str, str], Reader] = {
    ("version", "cli"): lambda data, _: cli_text.parse_version(_text(data)),
    ("version", "axl"): lambda data, _: axl_answers.parse_version(data),
    ("ntp", "cli"): lambda data, _: cli_text.parse_ntp_status(_text(data)),
    ("own_certificate_before", "cli"): _identity_of_cli,
    ("own_certificate", "cli"): _identity_of_cli,
    ("own_certificate_before", "certificate-rest"): _identity_of_rest,
    ("own_certificate", "certificate-rest"): _identity_of_rest,
    ("own_certificate", "file"): _identity_of_file,
    ("trust_certificate", "file"): _trust_of_file,
    ("csr", "cli"): lambda data, _: cli_text.parse_csr_text(_text(data)),
    ("csr", "certificate-rest"): lambda data, _: parse_request(certificate_answers.parse_csr(data)),
    ("csr", ""): lambda data, _: parse_request(data),
    ("csr_request", ""): _asked,
    ("issued_certificate", ""): lambda data, _: parse_certificate(data),
    ("authority_certificate", "file"): lambda data, line: certificates_in(data, line.item.path),
    ("authority_certificate", ""): lambda data, _: parse_certificates(data),
    ("trust_certificate", "cli"): _trust_of_cli,
    ("trust_list", "cli"): lambda data, _: cli_text.parse_certificate_list(_text(data)),
    ("trust_certificate", "certificate-rest"): _trust_of_rest,
    ("security_profile", "axl"): _object_or_absent(axl_answers.parse_security_profile),
    ("other_security_profile", "axl"): _object_or_absent(axl_answers.parse_security_profile),
    ("sip_trunk", "axl"): _object_or_absent(axl_answers.parse_sip_trunk),
    ("other_sip_trunk", "axl"): _object_or_absent(axl_answers.parse_sip_trunk),
    ("similar_trunks", "axl"): lambda data, _: tuple(row.get("name", "") for row in axl_answers.parse_query(data)),
    ("route_pattern", "axl"): _object_or_absent(axl_answers.parse_route_pattern),
    ("route_list", "axl"): _object_or_absent(axl_answers.parse_route_list),
    ("route_group", "axl"): _object_or_absent(axl_answers.parse_route_group),
    ("css", "axl"): _object_or_absent(axl_answers.parse_css),
    ("line", "axl"): _object_or_absent(axl_answers.parse_line),
    ("phone", "axl"): _object_or_absent(axl_answers.parse_phone),
    ("service_status", "control-center"): lambda data, _: serviceability_answers.parse_service_status(data),
    ("trunk_status", "risport"): lambda data, _: serviceability_answers.parse_device_status(data),
    ("capture", ""): _capture,
    ("sdl_trace", ""): lambda data, line: parse_trace(io.BytesIO(data), file_name=str(line.attributes.get("name", ""))),
    ("calllog", ""): lambda data, line: parse_trace(io.BytesIO(data), file_name=str(line.attributes.get("name", ""))),
    ("crl", ""): lambda data, _: parse_revocation_list(data),
    ("fips", "cli"): lambda data, _: parse_fips_status(_text(data)),
    ("replication", "cli"): lambda data, _: parse_replication_state(_text(data)),
    ("name_lookup", "cli"): lambda data, line: parse_host_lookup(_text(data), line.operation.rpartition(" ")[2]),
    ("write_access", ""): _write_access,
    ("earlier_identities", ""): _earlier_identities,
    ("ocsp", ""): lambda data, _: parse_ocsp_answer(data),
    ("probe", ""): lambda data, _: parse_probe(data),
    ("call", ""): _checked_call,
    ("media_proof", ""): lambda data, _: media_proof_from_json(json.loads(data)),
    ("phone_capture", ""): _capture,
    ("step", ""): _step,
}
"""(kind, interface) to parser; interface ``""`` is any. An AXL object that does not exist is None."""
