"""What phones of our own heard of each other in the test calls: the right voice, and SRTP packet by packet."""

from dataclasses import replace

from pytest_cucmtls.checks.judgements import failed, not_applicable, passed, undecided
from pytest_cucmtls.checks.media import NEGOTIATED
from pytest_cucmtls.checks.moments import calls_of
from pytest_cucmtls.checks.register import check
from pytest_cucmtls.model.call_setup import SIP_PHONE
from pytest_cucmtls.model.calls import MediaProof
from pytest_cucmtls.model.evidence import ClusterEvidence, Evidence, Sourced, items
from pytest_cucmtls.model.network import FileLocation
from pytest_cucmtls.model.policy import Policy
from pytest_cucmtls.model.verdicts import Clause, Judgement

NO_PHONE = 'No phone of our own took part in this call (call_driver = "sip-phone"): nobody measured what was heard.'
NEARLY_ALL = 0.9
"""Part of the packets that must authenticate: a change of keys may cost a few."""
_AGAIN = "Place the call again; if it stays silent, look for a firewall or NAT between the phones' media ports."


def _proofs(evidence: Evidence, client: ClusterEvidence, server: ClusterEvidence) -> list[Sourced[MediaProof]]:
    """Both ends' measurements of the last call of a direction: those of earlier calls are older than it."""
    direction = f"{client.name}->{server.name}"
    calls = calls_of(evidence, direction)
    began = calls[-1].value.started_at if calls else None
    return [
        Sourced(proof.value, replace(proof.item, location=FileLocation("line", 1)))
        for proof in evidence.media_proofs
        if proof.value.direction == direction and (began is None or proof.value.measured_at >= began)
    ]


def _ours(evidence: Evidence) -> set[str]:
    return {spec.name for spec in evidence.inventory.clusters if spec.calling.driver == SIP_PHONE}


def keys_were_possible(evidence: Evidence) -> bool:
    """Every phone of ours signals over TLS: only then says its media anything about what the clusters allow."""
    ours = [spec for spec in evidence.inventory.clusters if spec.calling.driver == SIP_PHONE]
    return all(spec.calling.transport == "tls" for spec in ours)


@check(
    "conversation_is_heard_both_ways",
    step="V2",
    phase="media",
    scope="direction",
    remedies=("X6", "S10"),
    clauses=(Clause("Product practice", "acceptance: both ends play a marker and hear the other's", "M"),),
    after=("call_is_placed", "right_party_answers"),
)
def conversation_is_heard_both_ways(
    evidence: Evidence, _policy: Policy, client: ClusterEvidence, server: ClusterEvidence
) -> Judgement:
    """Each of our own phones heard the marker that the other played in this call, and no other voice.

    A marker is new for every call, so hearing it proves who talked; not judged where a phone is not ours.
    """
    ours = _ours(evidence)
    if not {client.name, server.name} <= ours:
        return not_applicable(NO_PHONE)
    proofs = _proofs(evidence, client, server)
    direction, expected = f"{client.name}->{server.name}", "both markers heard"
    heard = {proof.value.listener for proof in proofs if proof.value.marker_heard and proof.value.marker}
    deaf = [name for name in (client.name, server.name) if name not in heard]
    observed = "; ".join(f"{each.value.listener} heard {each.value.marker_share:.0%} of it" for each in proofs) or "no media"
    if not proofs:
        text = f"Neither of our phones had any media in the call {direction}: it was not answered, or nothing was agreed."
        return undecided(expected, observed, f"{text} {_AGAIN}", [call.item for call in calls_of(evidence, direction)])
    if not deaf:
        keys = all(each.value.keys_sent == each.value.keys_heard for each in proofs)
        digits = " and the keys pressed" if keys else ""
        text = f"In the call {direction} each phone heard the other's marker{digits}: the parties are the right ones."
        return passed(expected, observed, text, items(proofs))
    silent = [name for name in deaf if not any(each.value.listener == name and each.value.packets for each in proofs)]
    what = "received no packet" if silent else "heard something else than the marker that was played to it"
    text = f"In the call {direction} the phone of {(silent or deaf)[0]} {what}: the conversation is not with the right party."
    return failed(expected, observed, text, items(proofs))


@check(
    "media_packets_are_srtp",
    step="V1",
    phase="media",
    scope="direction",
    remedies=("S9", "X6"),
    clauses=(
        Clause("RFC 3711", "§3.3", "M"),
        Clause("RFC 3711", "§4.2", "M"),
        Clause("DISA EVVM Session Management SRG", "V-260034", "V"),
    ),
    after=(*NEGOTIATED, "media_is_negotiated_as_srtp"),
)
def media_packets_are_srtp(evidence: Evidence, _policy: Policy, client: ClusterEvidence, server: ClusterEvidence) -> Judgement:
    """The packets our own phones received are SRTP: nine in ten and more authenticate under the key their sender announced.

    Proven packet by packet, not from the session description; not judged where no phone is ours, or where the phone's own
    signalling is not TLS (then the cluster gives it no keys, and the media of this leg says nothing about the trunk).
    """
    if not {client.name, server.name} & _ours(evidence):
        return not_applicable(NO_PHONE)
    proofs = [proof for proof in _proofs(evidence, client, server) if proof.value.packets]
    direction, expected = f"{client.name}->{server.name}", "every stream authenticated and encrypted"
    if not proofs:
        why = f"Our phones received no media packet in the call {direction}. {_AGAIN}"
        return undecided(expected, "no packets", why, [call.item for call in calls_of(evidence, direction)])
    observed = "; ".join(_observed(proof.value) for proof in proofs)
    clear = [proof for proof in proofs if proof.value.encrypted is False]
    unsigned = [proof for proof in clear if proof.value.signalling != "tls"]
    if unsigned:
        used = unsigned[0].value.signalling.upper()
        return not_applicable(f"Our phone registers over {used}, so it is given no keys: register it over TLS to prove SRTP.")
    if clear:
        one = clear[0].value
        text = f"{one.packets} packets from {one.src} to {one.dst} in the call {direction} are plain RTP: it can be heard."
        return failed(expected, observed, text, items(proofs))
    weak = [proof for proof in proofs if proof.value.authenticated < NEARLY_ALL * proof.value.packets]
    if weak:
        one = weak[0].value
        text = (
            f"Only {one.authenticated} of {one.packets} packets from {one.src} authenticate under the key with fingerprint "
            f"{one.key_fingerprint}: they are not proven to be SRTP under it."
        )
        return failed(expected, observed, text, items(proofs))
    total = sum(proof.value.packets for proof in proofs)
    right = sum(proof.value.authenticated for proof in proofs)
    text = f"{right} of {total} media packets of the call {direction} authenticate under the keys their senders announced."
    return passed(expected, observed, text, items(proofs))


def _observed(proof: MediaProof) -> str:
    suite = f"{proof.crypto_suite}, key {proof.key_fingerprint}" if proof.crypto_suite else proof.profile or "nothing agreed"
    return f"{proof.talker} to {proof.listener}: {proof.authenticated} of {proof.packets} packets ({suite})"
