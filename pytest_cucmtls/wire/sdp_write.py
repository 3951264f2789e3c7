"""Writes session descriptions with SDES keys, and gives the keys of a received one to whoever encrypts with them (RFC 4568)."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_cucmtls.model.secrets import Secret
from pytest_cucmtls.wire.sdp import crypto_fields, decoded_key, split_sections


@dataclass(frozen=True, slots=True)
class CryptoOffer:
    """One ``a=crypto`` line with its key: `key_and_salt` reveals the base64 text after ``inline:``."""

    tag: int
    crypto_suite: str
    key_and_salt: Secret
    session_parameters: tuple[str, ...] = ()

    def key_bytes(self) -> bytes | None:
        """Key followed by salt, None when the text is masked or no base64."""
        return decoded_key(self.key_and_salt.reveal())


@dataclass(frozen=True, slots=True)
class OfferedMedia:
    """One ``m=`` section to write; `attributes` are ``a=`` values such as ``rtpmap:0 PCMU/8000``."""

    kind: str
    port: int
    profile: str
    formats: tuple[str, ...]
    attributes: tuple[str, ...] = ()
    crypto: tuple[CryptoOffer, ...] = ()
    direction: str = "sendrecv"
    address: str | None = None
    """Own connection address, when it is not the session's."""


def crypto_offer(tag: int, crypto_suite: str, key_and_salt: bytes, session_parameters: tuple[str, ...] = ()) -> CryptoOffer:
    """An offer from key and salt bytes (30 bytes for the AES_CM_128 suites, RFC 4568 §6.2)."""
    return CryptoOffer(tag, crypto_suite, Secret(base64.b64encode(key_and_salt).decode("ascii")), session_parameters)


def read_crypto_offers(body: bytes) -> tuple[tuple[CryptoOffer, ...], ...]:
    """Per media section, the crypto lines with their keys; raises as `parse_session_description`."""
    _, sections = split_sections(body)
    return tuple(
        tuple(CryptoOffer(tag, suite, Secret(text), parameters) for tag, suite, text, parameters in crypto_fields(section))
        for section in sections
    )


def session_description_bytes(
    origin: str, address: str, media: Sequence[OfferedMedia], *, session_name: str = "SIP Call"
) -> bytes:
    """An SDP body with CRLF line ends; `origin` is the text of ``o=`` before the address, e.g. ``CiscoSystemsCCM-SIP 34 1``."""
    network = _network(address)
    lines = ["v=0", f"o={origin} {network}", f"s={session_name}", f"c={network}", "t=0 0"]
    for section in media:
        lines.extend(_section_lines(section))
    return "\r\n".join((*lines, "")).encode("utf-8")


def _section_lines(section: OfferedMedia) -> list[str]:
    lines = [f"m={section.kind} {section.port} {section.profile} {' '.join(section.formats)}"]
    if section.address is not None:
        lines.append(f"c={_network(section.address)}")
    for offer in section.crypto:
        words = (f"crypto:{offer.tag}", offer.crypto_suite, f"inline:{offer.key_and_salt.reveal()}", *offer.session_parameters)
        lines.append("a=" + " ".join(words))
    lines.extend(f"a={attribute}" for attribute in section.attributes)
    return [*lines, f"a={section.direction}"]


def _network(address: str) -> str:
    return f"IN {'IP6' if ':' in address else 'IP4'} {address}"
