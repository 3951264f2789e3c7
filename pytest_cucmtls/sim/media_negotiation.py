"""Offer and answer of one audio stream with SDES keys, as two CUCM trunks do it (RFC 3264, RFC 4568, RFC 7714)."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.sim.state import ClusterState
from pytest_cucmtls.wire.sdp import parse_session_description
from pytest_cucmtls.wire.sdp_write import (
    CryptoOffer,
    OfferedMedia,
    crypto_offer,
    read_crypto_offers,
    session_description_bytes,
)

KEY_AND_SALT_BYTES = {
    "AEAD_AES_256_GCM": 44,
    "AEAD_AES_128_GCM": 28,
    "AES_CM_128_HMAC_SHA1_80": 30,
    "AES_CM_128_HMAC_SHA1_32": 30,
}
"""RFC 4568 §6.2, RFC 7714 §14.2."""

UNENCRYPTED_SRTP_PARAMETER = "unencrypted_srtp_parameter"
SRTP_KEY_REUSED = "srtp_key_reused"
WEAKEST_SRTP_SUITE_SELECTED = "weakest_srtp_suite_selected"
"""Behaviour names: crypto lines carry UNENCRYPTED_SRTP; the answerer repeats the offerer's key; it picks the last suite."""


@dataclass(frozen=True, slots=True)
class SrtpKeys:
    """What both directions of one stream are protected with."""

    suite: str
    send: bytes
    receive: bytes


@dataclass(frozen=True, slots=True)
class Agreement:
    """Where the other phone listens, and the keys (None for plain RTP)."""

    remote: Endpoint
    keys: SrtpKeys | None


class NoCommonMedia(Exception):
    """Offer and answer do not fit; SIP's 488."""


def allowed_suites(cluster: ClusterState) -> tuple[str, ...]:
    """SDES suites, preferred first; the enterprise parameter *SRTP Ciphers* narrows the release's list (platform.md §7.4)."""
    setting = cluster.enterprise_parameters.get("SRTP Ciphers", "")
    if setting.startswith("Strongest"):
        return tuple(suite for suite in cluster.release.srtp_suites if suite == "AEAD_AES_256_GCM")
    if setting.startswith("Medium"):
        return tuple(suite for suite in cluster.release.srtp_suites if suite.startswith("AEAD_"))
    return cluster.release.srtp_suites


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer made, with the keys in it."""

    body: bytes
    crypto: tuple[CryptoOffer, ...]

    def conclude(self, answer: bytes) -> Agreement:
        """What the answer settles. An RTP/AVP answer to a secure offer is X-cisco-srtp-fallback: plain RTP.

        Raises: NoCommonMedia.
        """
        remote, secure = _audio_of(answer)
        if not secure:
            return Agreement(remote, None)
        answered = [line for section in read_crypto_offers(answer) for line in section]
        for line in answered:
            own = next((offer for offer in self.crypto if (offer.tag, offer.crypto_suite) == (line.tag, line.crypto_suite)), None)
            send, receive = own.key_bytes() if own else None, line.key_bytes()
            if send and receive:
                return Agreement(remote, SrtpKeys(line.crypto_suite, send, receive))
        raise NoCommonMedia("the answer selects no offered crypto line")


def make_offer(cluster: ClusterState, node_ip: str, session: int, local: Endpoint, *, secure: bool) -> Offer:
    """One audio section; `secure` offers RTP/SAVP with one key per suite."""
    parameters = ("UNENCRYPTED_SRTP",) if UNENCRYPTED_SRTP_PARAMETER in cluster.faults else ()
    suites = allowed_suites(cluster) if secure else ()
    crypto = tuple(
        crypto_offer(tag, suite, secrets.token_bytes(KEY_AND_SALT_BYTES[suite]), parameters)
        for tag, suite in enumerate(suites, start=1)
    )
    return Offer(_body(node_ip, session, local, crypto), crypto)


def make_answer(
    cluster: ClusterState, node_ip: str, session: int, local: Endpoint, offer: bytes, *, secure: bool
) -> tuple[bytes, Agreement]:
    """The answer and what it settles; without `secure` or a common suite a secure offer is answered RTP/AVP (fallback).

    Raises: NoCommonMedia when there is no audio to answer.
    """
    remote, offered_secure = _audio_of(offer)
    if not (secure and offered_secure):
        return _body(node_ip, session, local, ()), Agreement(remote, None)
    chosen = _choose(cluster, [line for section in read_crypto_offers(offer) for line in section])
    if chosen is None:
        return _body(node_ip, session, local, ()), Agreement(remote, None)
    received_key = chosen.key_bytes() or b""
    own_key = received_key if SRTP_KEY_REUSED in cluster.faults else secrets.token_bytes(len(received_key))
    parameters = ("UNENCRYPTED_SRTP",) if UNENCRYPTED_SRTP_PARAMETER in cluster.faults else ()
    line = crypto_offer(chosen.tag, chosen.crypto_suite, own_key, parameters)
    return _body(node_ip, session, local, (line,)), Agreement(remote, SrtpKeys(chosen.crypto_suite, own_key, received_key))


def _choose(cluster: ClusterState, offered: Sequence[CryptoOffer]) -> CryptoOffer | None:
    """The first offered line we support, the offerer's preference deciding (RFC 4568 §5.1.2)."""
    supported = set(allowed_suites(cluster))
    fitting = [
        line
        for line in offered
        if line.crypto_suite in supported and len(line.key_bytes() or b"") == KEY_AND_SALT_BYTES[line.crypto_suite]
    ]
    if not fitting:
        return None
    return fitting[-1] if WEAKEST_SRTP_SUITE_SELECTED in cluster.faults else fitting[0]


def _audio_of(body: bytes) -> tuple[Endpoint, bool]:
    media = next((line for line in parse_session_description(body).media if line.kind == "audio" and line.port), None)
    if media is None or media.address is None:
        raise NoCommonMedia("no audio")
    return Endpoint(media.address, media.port), media.secure


def _body(node_ip: str, session: int, local: Endpoint, crypto: tuple[CryptoOffer, ...]) -> bytes:
    """`o=` carries the node's address, `c=` the phone's, because media flows from phone to phone."""
    audio = OfferedMedia(
        kind="audio",
        port=local.port,
        profile="RTP/SAVP" if crypto else "RTP/AVP",
        formats=("0", "101"),
        attributes=("rtpmap:0 PCMU/8000", "ptime:20", "rtpmap:101 telephone-event/8000", "fmtp:101 0-15"),
        crypto=crypto,
        address=local.ip,
    )
    return session_description_bytes(f"CiscoSystemsCCM-SIP {session} 1", node_ip, (audio,))
