"""Places the test call from a SIP phone of our own, whoever answers; and answers with one, whoever calls."""

import secrets
import ssl
from dataclasses import dataclass

from pytest_cucmtls.calls.heard_media import ExpectedTalk, media_proof
from pytest_cucmtls.calls.phone_tls import phone_tls_context
from pytest_cucmtls.calls.sip_links import LinkSettings
from pytest_cucmtls.calls.sip_phone import PhonePlan, SipPhone
from pytest_cucmtls.model.call_setup import CODECS
from pytest_cucmtls.model.calls import CallEnding, CallOutcome, MediaProof
from pytest_cucmtls.model.errors import ConfigurationInvalid
from pytest_cucmtls.model.inventory import ClusterSpec, NodeAddress
from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.wire.call_endings import ending_of
from pytest_cucmtls.wire.marker_tones import PERIOD_BLOCKS, SYMBOLS
from pytest_cucmtls.wire.pcap_write import capture_of

PHONE_PORT = 5060
HEARD_SECONDS = 2.2
"""Two periods of the marker and a little more."""
PATIENCE_SECONDS = 10.0
"""How long the media may take to come."""
OVER_SECONDS = 20.0
KEYS = {"caller": "147#", "called": "*369"}
"""What each side presses: told apart, and none of them a feature code in the middle of a call."""
assert HEARD_SECONDS > 2 * PERIOD_BLOCKS * 0.02


def new_marker() -> str:
    """A marker nobody else plays."""
    return secrets.token_hex(SYMBOLS // 2)


def phone_node(spec: ClusterSpec) -> NodeAddress:
    """The node the phone of a cluster registers with. Raises: ConfigurationInvalid when there is none of that name."""
    wanted = spec.calling.node
    if not wanted:
        return spec.publisher
    for node in spec.nodes:
        if node.name.lower() == wanted.lower():
            return node
    known = ", ".join(node.name for node in spec.nodes)
    raise ConfigurationInvalid("inventory", f"clusters.{spec.name}.sip_phone.node", f"{wanted!r} is none of {known}")


def phone_plan(spec: ClusterSpec, node_ip: str) -> PhonePlan:
    """The phone a cluster's inventory declares. Raises: ConfigurationInvalid for a file that cannot be used."""
    setup, node = spec.calling, phone_node(spec)
    secure = setup.transport == "tls"
    context: ssl.SSLContext | None = None
    if secure:
        context = phone_tls_context(setup.ca_file or "", setup.certificate_file, setup.key_file)
    port = setup.port or (node.sip_port if secure else PHONE_PORT)
    wishes = {"rtp": "never", "srtp-if-possible": "allowed", "srtp": "required"}
    return PhonePlan(
        number=spec.extension,
        user=spec.call.user,
        link=LinkSettings(setup.transport, Endpoint(node_ip, port), node.name, setup.local_ip, context),
        codecs=tuple(sorted(CODECS, key=lambda codec: codec != setup.codec)),
        secure=wishes[setup.media] if secure else "never",
        ring_seconds=setup.ring_seconds,
        pick_up_seconds=setup.pick_up_seconds,
    )


@dataclass(frozen=True, slots=True)
class TalkingPhone:
    """A registered phone of ours at one end of a call, and the marker it plays."""

    cluster: str
    phone: SipPhone
    marker: str


class AnsweringPhone:
    """The called end: answers the next call."""

    def __init__(self, cluster: str, phone: SipPhone) -> None:
        self.talker = TalkingPhone(cluster, phone, new_marker())
        phone.expect_call(self.talker.marker)

    def wait_for_release(self) -> bool:
        """Until the call has ended here, too; at once when none came."""
        phone = self.talker.phone
        return phone.call is None or phone.wait_over(OVER_SECONDS)

    def talk(self) -> None:
        """Let it hear the caller, press keys; for a caller that is no phone of ours."""
        phone = self.talker.phone
        if phone.wait_connected(PATIENCE_SECONDS):
            phone.wait_heard(HEARD_SECONDS, PATIENCE_SECONDS)


class SipPhoneCall:
    """The calling end, a driver of its own; with `answering` both ends are ours and talk to each other."""

    name = "SIP phone"

    def __init__(self, spec: ClusterSpec, phone: SipPhone, answering: AnsweringPhone | None, voicemail: str = "") -> None:
        self.talker = TalkingPhone(spec.name, phone, new_marker())
        self._answering = answering
        self._voicemail = voicemail
        self._ring_seconds = spec.calling.ring_seconds

    def place(self, destination: str) -> tuple[int, str]:
        """Send the INVITE."""
        self.talker.phone.dial(destination, self.talker.marker)
        return 0, f"{self.talker.phone.plan.number} called {destination} over SIP {self.talker.phone.plan.link.transport.upper()}"

    def wait_for_answer(self) -> bool:
        """Until it is answered, refused, or rang long enough (then it is cancelled)."""
        return self.talker.phone.wait_connected(self._ring_seconds + OVER_SECONDS)

    def let_it_talk(self) -> None:
        """Until each of our ends has heard two periods of the other's marker and its keys, or patience ends."""
        mine = self.talker.phone
        mine.wait_heard(HEARD_SECONDS, PATIENCE_SECONDS)
        if self._answering is None:
            return
        self._answering.talk()
        other = self._answering.talker.phone
        if mine.press(KEYS["caller"], PATIENCE_SECONDS):
            other.wait_keys(KEYS["caller"], PATIENCE_SECONDS)
        if other.press(KEYS["called"], PATIENCE_SECONDS):
            mine.wait_keys(KEYS["called"], PATIENCE_SECONDS)

    def end(self) -> tuple[int, str]:
        """BYE, or CANCEL while it rings."""
        self.talker.phone.hang_up()
        return 0, "hung up"

    def wait_for_release(self) -> bool:
        """Until both ends have seen the end."""
        ended = self.talker.phone.wait_over(OVER_SECONDS)
        return (self._answering is None or self._answering.wait_for_release()) and ended

    def ending(self) -> CallEnding | None:
        """What the caller's own messages say."""
        call = self.talker.phone.call
        if call is None:
            return None
        if call.ending.outcome is CallOutcome.NO_ANSWER:
            return call.ending
        return ending_of(call.number, call.messages, voicemail=self._voicemail)


@dataclass(frozen=True, slots=True)
class HeardCall:
    """What one of our ends measured, and the packets where they may be kept."""

    proof: MediaProof
    packets: bytes | None
    """A capture file; None when a stranger may have been heard: nobody's voice is kept."""


def heard_by(
    listener: TalkingPhone, talker: TalkingPhone | None, talker_cluster: str, direction: str, keys: str
) -> HeardCall | None:
    """The measurement of one end after the call; None when it never had media."""
    voice = listener.phone.voice
    if voice is None or voice.agreement is None:
        return None
    expected = ExpectedTalk(
        direction=direction,
        talker=talker_cluster,
        listener=listener.cluster,
        signalling=listener.phone.plan.link.transport,
        marker=talker.marker if talker else "",
        keys_sent=keys if talker else "",
    )
    proof = media_proof(expected, voice)
    known = proof.marker_heard or proof.encrypted is True
    return HeardCall(proof, capture_of(voice.packets) if known and voice.packets else None)
