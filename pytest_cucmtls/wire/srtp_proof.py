"""Proves which media streams of a capture are SRTP under the keys that its readable SIP messages carried."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from pytest_cucmtls.model.errors import CucmTlsError
from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.wire.media_descriptions import MediaKey as MediaKey
from pytest_cucmtls.wire.media_descriptions import media_keys as media_keys
from pytest_cucmtls.wire.packets import UDP, IpReader, locate_ip
from pytest_cucmtls.wire.pcap import PacketFile
from pytest_cucmtls.wire.srtp import SrtpAuthenticator, next_roll_over_counter
from pytest_cucmtls.wire.tcp_streams import reverse_key, source_of

_TRIED_PACKETS = 4
_TRIED_AGAIN_EVERY = 32
_MOST_STREAMS = 4096
_LATEST_COUNTER = 4096
_FIRST_COUNTERS = 2
_MOST_SEARCHES = 200
"""Searches through all roll-over counters in one capture: each costs some ten milliseconds."""

RtpPacket = tuple[bytes, bytes, bool, int]
"""(flow key, UDP payload, captured whole, nanoseconds) of a datagram that has RTP's form."""


@dataclass(frozen=True, slots=True)
class SrtpProof:
    """What the keys say about one RTP stream: every packet that authenticates is SRTP under that key beyond doubt."""

    src: Endpoint
    dst: Endpoint
    ssrc: int
    packets: int
    authenticated: int
    crypto_suite: str | None = None
    key_fingerprint: str | None = None
    call_id: str | None = None
    roll_over_counter: int | None = None
    """Counter of the first authenticated packet: above 0 when the capture began after the sequence number had wrapped."""
    encrypted: bool | None = None
    """False when the key's line says UNENCRYPTED_SRTP (RFC 4568 §6.3.2); None when nothing authenticated."""


class StreamProof:
    """The packets of one SSRC, checked one by one against the keys that `prover` has."""

    __slots__ = (
        "_authenticator",
        "_counter",
        "_highest",
        "_prover",
        "_tried",
        "authenticated",
        "first_counter",
        "key",
        "packets",
    )

    def __init__(self, prover: "SrtpProver") -> None:
        self._prover = prover
        self.packets = 0
        self.authenticated = 0
        self.key: MediaKey | None = None
        """The key of the last packet that authenticated."""
        self.first_counter: int | None = None
        self._authenticator: SrtpAuthenticator | None = None
        self._tried = 0
        self._counter = 0
        self._highest = 0

    def check(self, packet: bytes) -> bool:
        """One packet, captured whole; True when it authenticates. A stream may change its key: then the others are tried."""
        self.packets += 1
        sequence = int.from_bytes(packet[2:4], "big")
        if self._authenticator is not None:
            counter = next_roll_over_counter(self._counter, self._highest, sequence)
            if self._authenticator.authenticates(packet, counter):
                self.authenticated += 1
                if (counter, sequence) > (self._counter, self._highest):
                    self._counter, self._highest = counter, sequence
                return True
        if self._tried < _TRIED_PACKETS:
            self._tried += 1
            found = self._prover.find_among_first(packet) or self._prover.find(packet)
        elif self.packets % _TRIED_AGAIN_EVERY == 0:
            # Media may begin in clear and become SRTP later.
            found = self._prover.find_among_first(packet)
        else:
            return False
        if found is None:
            return False
        self.key, self._authenticator, self._counter = found
        self._highest = sequence
        self.first_counter = self._counter if self.first_counter is None else self.first_counter
        self.authenticated += 1
        self._tried = 0
        return True


class SrtpProver:
    """The keys of one capture; bounds the work of searching them."""

    def __init__(self, keys: Iterable[MediaKey]) -> None:
        """Keys with an unknown suite or of a wrong length are passed over."""
        self._candidates = tuple(_authenticators(keys))
        self._searches = 0
        self.gave_up = False
        """Some packet was not tried with every key and counter: there were too many."""

    def __len__(self) -> int:
        return len(self._candidates)

    def find_among_first(self, packet: bytes) -> tuple[MediaKey, SrtpAuthenticator, int] | None:
        """The key under which a packet authenticates with one of the first roll-over counters, that counter beside it."""
        for key, authenticator in self._candidates:
            counter = authenticator.find_roll_over_counter(packet, _FIRST_COUNTERS)
            if counter is not None:
                return key, authenticator, counter
        return None

    def find(self, packet: bytes) -> tuple[MediaKey, SrtpAuthenticator, int] | None:
        """The same among all roll-over counters, as long as there were not too many such searches."""
        for key, authenticator in self._candidates:
            if self._searches >= _MOST_SEARCHES:
                self.gave_up = True
                return None
            self._searches += 1
            counter = authenticator.find_roll_over_counter(packet, _LATEST_COUNTER)
            if counter is not None:
                return key, authenticator, counter
        return None


def rtp_packets(stream: BinaryIO) -> Iterator[RtpPacket]:
    """Every datagram of a capture file that has RTP's form; raises nothing on bad content."""
    ip = IpReader()
    for at, link, data, start, end, _ in PacketFile(stream).packets():
        position = locate_ip(link, data, start, end)
        found = ip.read(data, position, end) if position >= 0 else None
        if found is None or found[0] != UDP:
            continue
        _, addresses, payload, begin, limit, real_end = found
        if limit - begin < 20 or payload[begin + 8] & 0xC0 != 0x80 or 192 <= payload[begin + 9] <= 223:
            continue
        length = payload[begin + 4] << 8 | payload[begin + 5]
        end_of_datagram = begin + length if length >= 8 else real_end
        packet = payload[begin + 8 : min(limit, end_of_datagram)]
        yield addresses + payload[begin : begin + 4], packet, limit >= end_of_datagram, at


def prove_srtp(stream: BinaryIO, keys: Iterable[MediaKey]) -> tuple[SrtpProof, ...]:
    """Second pass over a capture file: one proof per SSRC and direction of packets that have RTP's form.

    A stream whose first packets fit no key has `authenticated` 0. Raises nothing on bad content.
    """
    prover = SrtpProver(keys)
    streams: dict[tuple[bytes, bytes], StreamProof] = {}
    for flow, packet, whole, _ in rtp_packets(stream):
        if not whole or len(packet) < 12:
            continue
        place = (flow, packet[8:12])
        known = streams.get(place)
        if known is None:
            if len(streams) >= _MOST_STREAMS:
                continue
            known = streams[place] = StreamProof(prover)
        known.check(packet)
    return tuple(_proof(key, ssrc, known) for (key, ssrc), known in streams.items())


def _authenticators(keys: Iterable[MediaKey]) -> Iterable[tuple[MediaKey, SrtpAuthenticator]]:
    for key in keys:
        try:
            yield key, SrtpAuthenticator(key.crypto_suite, key.key_and_salt, key.mki_bytes)
        except CucmTlsError:
            continue


def _proof(key: bytes, ssrc: bytes, stream: StreamProof) -> SrtpProof:
    used = stream.key
    return SrtpProof(
        src=source_of(key),
        dst=source_of(reverse_key(key)),
        ssrc=int.from_bytes(ssrc, "big"),
        packets=stream.packets,
        authenticated=stream.authenticated,
        crypto_suite=used.crypto_suite if used else None,
        key_fingerprint=used.fingerprint if used else None,
        call_id=used.call_id if used else None,
        roll_over_counter=stream.first_counter,
        encrypted=None if used is None else is_encrypting(used),
    )


def is_encrypting(key: MediaKey) -> bool:
    """The key's line does not take encryption away (RFC 4568 §6.3.2)."""
    return all(word.upper() != "UNENCRYPTED_SRTP" for word in key.session_parameters)


def keys_used_both_ways(proofs: Iterable[SrtpProof]) -> tuple[str, ...]:
    """Fingerprints of keys that protect streams of more than one sender: each direction needs its own (RFC 4568 §6.1)."""
    senders: dict[str, set[Endpoint]] = {}
    for proof in proofs:
        if proof.key_fingerprint is not None and proof.authenticated:
            senders.setdefault(proof.key_fingerprint, set()).add(proof.src)
    return tuple(fingerprint for fingerprint, ends in senders.items() if len(ends) > 1)
