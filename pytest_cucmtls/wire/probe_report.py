"""A listener's answers as JSON and back: the raw item of kind ``probe``."""

import json
from datetime import UTC, datetime
from typing import Any

from pytest_cucmtls.model.errors import FileUnreadable
from pytest_cucmtls.model.probe import Answer, ListenerAnswer, ProbeReport

PROBE_SCHEMA = "cucmtls-probe-1"


def probe_as_json(report: ProbeReport) -> bytes:
    """UTF-8 JSON of a report."""
    document = {
        "schema": PROBE_SCHEMA,
        "address": report.address,
        "port": report.port,
        "begun_at": report.begun_at.isoformat(),
        "ended_at": report.ended_at.isoformat(),
        "tool": report.tool,
        "seconds_between": report.seconds_between,
        "answers": [
            {
                "topic": answer.topic,
                "asked": answer.asked,
                "answer": answer.answer.value,
                "detail": answer.detail,
                "version": answer.version,
                "cipher_suite": answer.cipher_suite,
                "group": answer.group,
                "client_certificate_requested": answer.client_certificate_requested,
            }
            for answer in report.answers
        ],
    }
    return (json.dumps(document, indent=1) + "\n").encode()


def parse_probe(data: bytes) -> ProbeReport:
    """The report of a raw item. Raises: FileUnreadable."""
    try:
        document = json.loads(data)
        if document["schema"] != PROBE_SCHEMA:
            raise ValueError(f"schema is {document['schema']!r}")
        return ProbeReport(
            address=str(document["address"]),
            port=int(document["port"]),
            begun_at=datetime.fromisoformat(document["begun_at"]).astimezone(UTC),
            ended_at=datetime.fromisoformat(document["ended_at"]).astimezone(UTC),
            tool=str(document["tool"]),
            seconds_between=float(document["seconds_between"]),
            answers=tuple(_answer(values) for values in document["answers"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as problem:
        raise FileUnreadable("probe", f"is not a {PROBE_SCHEMA} document: {problem!r}") from problem


def _answer(values: dict[str, Any]) -> ListenerAnswer:
    requested = values["client_certificate_requested"]
    return ListenerAnswer(
        topic=str(values["topic"]),
        asked=str(values["asked"]),
        answer=Answer(values["answer"]),
        detail=str(values["detail"]),
        version=_text(values["version"]),
        cipher_suite=_text(values["cipher_suite"]),
        group=_text(values["group"]),
        client_certificate_requested=None if requested is None else bool(requested),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)
