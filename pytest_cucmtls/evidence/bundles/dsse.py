"""DSSE envelopes: a payload, its type, and signatures over both (DSSE protocol and envelope specification 1.0.0)."""

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from pytest_cucmtls.evidence.strict_json import json_bytes, parse_object
from pytest_cucmtls.model.errors import FileUnreadable

IN_TOTO_PAYLOAD = "application/vnd.in-toto+json"
"""Payload type of an in-toto statement (in-toto attestation framework, envelope)."""


@dataclass(frozen=True, slots=True)
class EnvelopeSignature:
    """One signature; the key id is only a hint and never decides anything (DSSE protocol)."""

    key_id: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """What an envelope carries, decoded."""

    payload_type: str
    payload: bytes
    signatures: tuple[EnvelopeSignature, ...]

    @property
    def signed_bytes(self) -> bytes:
        """What each signature is made over."""
        return pre_authentication_encoding(self.payload_type, self.payload)


def pre_authentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """PAE: ``"DSSEv1" SP LEN(type) SP type SP LEN(body) SP body``, lengths in bytes as ASCII decimals without leading zeros."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def envelope_as_json(envelope: Envelope) -> bytes:
    """The JSON envelope, standard base64."""
    signatures = [{"keyid": one.key_id, "sig": _base64(one.signature)} for one in envelope.signatures]
    values = {"payloadType": envelope.payload_type, "payload": _base64(envelope.payload), "signatures": signatures}
    return json_bytes(values)


def parse_envelope(data: bytes, path: str) -> Envelope:
    """A JSON envelope; unknown fields are ignored, standard and URL-safe base64 accepted. Raises: FileUnreadable."""
    values = parse_object(data, path)
    payload_type, signatures = values.get("payloadType"), values.get("signatures")
    if not isinstance(payload_type, str) or not payload_type:
        raise FileUnreadable(path, "is no DSSE envelope: payloadType is missing")
    if not isinstance(signatures, list) or not signatures:
        raise FileUnreadable(path, "is no DSSE envelope: it has no signatures")
    payload = _decoded(values.get("payload"), "payload", path)
    return Envelope(payload_type, payload, tuple(_signature(one, path) for one in signatures))


def _signature(values: Any, path: str) -> EnvelopeSignature:
    if not isinstance(values, dict):
        raise FileUnreadable(path, "is no DSSE envelope: a signature is no object")
    key_id = values.get("keyid") or ""
    if not isinstance(key_id, str):
        raise FileUnreadable(path, "is no DSSE envelope: a keyid is no text")
    return EnvelopeSignature(key_id, _decoded(values.get("sig"), "sig", path))


def _decoded(text: Any, name: str, path: str) -> bytes:
    if not isinstance(text, str):
        raise FileUnreadable(path, f"is no DSSE envelope: {name} is missing")
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/").encode("ascii"), validate=True)
    except (binascii.Error, ValueError) as problem:
        raise FileUnreadable(path, f"is no DSSE envelope: {name} is not base64") from problem


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
