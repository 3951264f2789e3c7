"""Faults that only phones of our own can see: a foreign voice, silence, media in clear, packets under another key."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from pytest_cucmtls.model.call_setup import SIP_PHONE, CallSetup
from pytest_cucmtls.model.calls import MediaProof
from pytest_cucmtls.model.evidence import Evidence
from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.rehearsal.built_certificates import NOW
from pytest_cucmtls.rehearsal.built_pair import good_pair, inventory, sourced, spec
from pytest_cucmtls.rehearsal.catalogue import Row

HEARD, SRTP = ("conversation_is_heard_both_ways", "A->B"), ("media_packets_are_srtp", "A->B")
SETUP = CallSetup(driver=SIP_PHONE, transport="tls", ca_file="ca.pem")


def proof(direction: str, talker: str, listener: str, **changes: Any) -> MediaProof:
    """A phone that heard what it should, over SRTP."""
    plain = MediaProof(
        direction=direction,
        talker=talker,
        listener=listener,
        measured_at=NOW + timedelta(seconds=20),
        signalling="tls",
        profile="RTP/SAVP",
        codec="PCMU",
        src=Endpoint("10.0.0.9", 20000),
        dst=Endpoint("10.0.0.8", 30000),
        ssrc=7,
        packets=150,
        lost=0,
        crypto_suite="AEAD_AES_256_GCM",
        key_fingerprint="0123456789abcdef",
        authenticated=150,
        encrypted=True,
        marker="0123456789ab",
        marker_share=1.0,
        marker_heard=True,
        keys_sent="147#",
        keys_heard="147#",
    )
    return replace(plain, **changes)


def phones(setup: CallSetup = SETUP, **changes: Any) -> Evidence:
    """A good pair whose test phones are ours; `changes` is what the called end heard in the call A to B."""
    stock = inventory()
    stock = replace(stock, cluster_a=replace(spec("A"), calling=setup), cluster_b=replace(spec("B"), calling=setup))
    found = [proof(f"{a}->{b}", talker, listener) for a, b in (("A", "B"), ("B", "A")) for talker, listener in ((a, b), (b, a))]
    found[0] = replace(found[0], **changes)
    return good_pair(inventory=stock, media_proofs=tuple(sourced(each, f"proof-{each.direction}") for each in found))


NO_KEYS: dict[str, Any] = {"crypto_suite": None, "key_fingerprint": None, "authenticated": 0}
CLEAR = {**NO_KEYS, "profile": "RTP/AVP", "encrypted": False}
NOTHING: dict[str, Any] = {"packets": 0, "authenticated": 0, "encrypted": None, "src": None, "ssrc": None}
SILENT = {**NOTHING, "marker_share": 0.0, "marker_heard": False}

ROWS = [
    Row("G-P1", "somebody else's voice in the call", lambda: phones(marker_share=0.06, marker_heard=False), (HEARD,),
        phase="media", remedy="X6", says=("phone of B", "something else")),
    Row("G-P2", "one-way media between our phones", lambda: phones(**SILENT), (HEARD,), phase="media", remedy="X6",
        says=("phone of B", "no packet")),
    Row("G-P3", "SRTP was negotiated, our phone received plain RTP", lambda: phones(**CLEAR), (SRTP,), phase="media",
        remedy="S9", says=("plain RTP", "A->B")),
    Row("G-P4", "packets do not authenticate under the announced key", lambda: phones(authenticated=134, encrypted=None),
        (SRTP,), phase="media", remedy="S9", says=("134 of 150", "0123456789abcdef")),
    Row("N-P1", "a change of keys cost one packet in ten", lambda: phones(authenticated=135)),
    Row("N-P2", "phones of ours that register without TLS",
        lambda: phones(replace(SETUP, transport="udp"), **CLEAR, signalling="udp")),
]  # fmt: skip
