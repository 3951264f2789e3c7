"""One SIP connection of a simulated node: TCP, or TLS through memory BIOs so that the raw bytes can be recorded."""

import asyncio
import contextlib
import socket
import ssl
from dataclasses import dataclass
from typing import Protocol, cast

from pytest_cucmtls.model.network import Endpoint
from pytest_cucmtls.sim.certificates.clock import VERIFY_WORDS, CertificateClock
from pytest_cucmtls.sim.packets.recording import PacketRecording, RecordedConnection
from pytest_cucmtls.wire.sip_messages import SipFraming

HANDSHAKE_SECONDS = 15.0
_TLS_HANDSHAKE_RECORD = b"\x16\x03"
"""A peer that speaks TLS to a plain port is dropped at once."""
SEGMENT_BYTES = 1448
"""Payload of a full TCP segment on Ethernet with time stamps: 1500 - 20 - 32."""


class ConnectionOwner(Protocol):
    """Whoever opened or accepted the connection; every method is called from the event loop."""

    def connection_ready(self, connection: "SipConnection") -> None:
        """TCP is up and, for TLS, the handshake is complete."""

    def connection_message(self, connection: "SipConnection", message: bytes) -> None:
        """One framed SIP message arrived."""

    def connection_closed(self, connection: "SipConnection", problem: "TlsProblem | None") -> None:
        """The connection is gone; `problem` says why when TLS failed."""


@dataclass(frozen=True, slots=True)
class TlsProblem:
    """Why TLS failed: OpenSSL's verification error when the peer's certificate was refused by us, else its reason."""

    verify_code: int | None
    """``X509_V_ERR_*``, or None."""
    text: str


class SipConnection(asyncio.Protocol):
    """TLS (with a context) or plain TCP (without); frames SIP messages and hands them to its owner."""

    def __init__(
        self,
        owner: ConnectionOwner,
        *,
        index: int,
        outgoing: bool,
        context: ssl.SSLContext | None,
        recording: PacketRecording,
        clock: CertificateClock | None = None,
    ) -> None:
        self.index = index
        self.outgoing = outgoing
        self.trunk = ""
        """Name of the trunk the peer was matched to; "" until then, or when none fits."""
        self.device = ""
        """Name of the phone that registered over this connection."""
        self.local = Endpoint("", 0)
        self.peer = Endpoint("", 0)
        self.ready = False
        self.calls: dict[str, int] = {}
        """Call-ID to CUCM's call identifier, of the calls on this connection."""
        self.gone = asyncio.Event()
        self._owner = owner
        self._recording = recording
        self._clock = clock
        """Set when the node's clock differs from the machine's."""
        self._record: RecordedConnection | None = None
        self._transport: asyncio.Transport | None = None
        self._incoming, self._outgoing_bio = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing_bio, server_side=not outgoing) if context else None
        self._framing = SipFraming()
        self._problem: TlsProblem | None = None
        self._patience: asyncio.TimerHandle | None = None
        """Runs while the handshake does."""

    @property
    def secure(self) -> bool:
        """TLS is spoken here (whether or not the suite encrypts)."""
        return self._tls is not None

    @property
    def transport_word(self) -> str:
        """Word of the top Via."""
        return "TLS" if self.secure else "TCP"

    @property
    def cipher(self) -> str:
        """OpenSSL's name of the negotiated suite, "" without TLS."""
        negotiated = self._tls.cipher() if self._tls else None
        return negotiated[0] if negotiated else ""

    @property
    def peer_certificate(self) -> bytes | None:
        """DER of the certificate the peer presented, or None."""
        return self._tls.getpeercert(True) if self._tls else None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop when TCP is up."""
        self._transport = cast(asyncio.Transport, transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.local = Endpoint(*transport.get_extra_info("sockname")[:2])
        self.peer = Endpoint(*transport.get_extra_info("peername")[:2])
        self._record = self._recording.open_connection(self.local, self.peer, outgoing=self.outgoing)
        if self._tls is None:
            self._become_ready()
            return
        self._patience = asyncio.get_running_loop().call_later(HANDSHAKE_SECONDS, self.abort)
        self._shake_hands()

    def data_received(self, data: bytes) -> None:
        """Called by the loop with raw bytes."""
        if self._record:
            self._record.received(data)
        if self._tls is None:
            if data.startswith(_TLS_HANDSHAKE_RECORD):
                self.abort()
            else:
                self._deliver(data)
            return
        error = self._clock.feed(data) if self._clock else None
        if self._clock and error:
            self._refuse(self._clock.alert(error), TlsProblem(error, VERIFY_WORDS[error]))
            return
        self._incoming.write(data)
        if not self.ready:
            self._shake_hands()
        if self.ready:
            self._read_records()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the loop when TCP is gone."""
        if self._record:
            self._record.closed(abruptly=exc is not None)
        self.ready = False
        self._stop_waiting()
        self._owner.connection_closed(self, self._problem)
        self.gone.set()

    def send(self, message: bytes) -> None:
        """Write one SIP message; nothing happens when the connection is gone."""
        if not self.ready:
            return
        if self._tls is None:
            self._write(message)
        else:
            self._tls.write(message)
            self._flush()

    def close(self) -> None:
        """Say goodbye (close_notify for TLS) and close TCP."""
        if self._transport is None or self._transport.is_closing():
            return
        if self._tls is not None and self.ready:
            with contextlib.suppress(ssl.SSLError):
                self._tls.unwrap()
            self._flush()
        self.ready = False
        self._transport.close()

    def abort(self) -> None:
        """Drop TCP at once."""
        if self._transport is not None:
            self._transport.abort()

    def _shake_hands(self) -> None:
        assert self._tls is not None
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
        except ssl.SSLError as error:
            self._fail(error)
        else:
            self._flush()
            self._become_ready()

    def _read_records(self) -> None:
        assert self._tls is not None
        try:
            while self.ready:
                data = self._tls.read(65536)
                if not data:
                    self.close()
                    return
                self._deliver(data)
        except ssl.SSLWantReadError:
            self._flush()
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            self.close()
        except ssl.SSLError as error:
            self._fail(error)

    def _become_ready(self) -> None:
        self.ready = True
        self._stop_waiting()
        self._owner.connection_ready(self)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _deliver(self, data: bytes) -> None:
        for message in self._framing.feed(data):
            self._owner.connection_message(self, message)

    def _fail(self, error: ssl.SSLError) -> None:
        """Remember why, send the alert OpenSSL wrote, close."""
        if isinstance(error, ssl.SSLCertVerificationError):
            problem = TlsProblem(error.verify_code, error.verify_message)
        else:
            problem = TlsProblem(None, (error.reason or str(error)).replace("_", " ").lower())
        self._refuse(self._outgoing_bio.read(), problem)

    def _refuse(self, alert: bytes, problem: TlsProblem) -> None:
        self._problem = problem
        if alert:
            self._write(alert)
        self.ready = False
        if self._transport is not None:
            self._transport.close()

    def _flush(self) -> None:
        data = self._outgoing_bio.read()
        if data:
            self._write(data)

    def _write(self, data: bytes) -> None:
        """One segment per call: loopback would otherwise carry one giant packet that no LAN shows."""
        if self._transport is None:
            return
        if self._record:
            self._record.sent(data)
        for start in range(0, len(data), SEGMENT_BYTES):
            self._transport.write(data[start : start + SEGMENT_BYTES])
