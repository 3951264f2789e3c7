"""One TCP connection per question: bytes out, first flight in, connection closed."""

import socket
from collections.abc import Callable

from pytest_cucmtls.model.probe import Answer
from pytest_cucmtls.wire.probe_hellos import LARGEST_FLIGHT_BYTES, FirstFlight

LIMIT_SECONDS = 5.0
"""How long a listener may stay silent before its answer counts as unclear."""


def ask(
    address: str, port: int, question: bytes, read: Callable[[bytes], FirstFlight], *, limit_seconds: float = LIMIT_SECONDS
) -> FirstFlight:
    """Connect, send, and read until `read` finds the answer complete, the listener hangs up or the limit is reached."""
    try:
        connection = socket.create_connection((address, port), timeout=limit_seconds)
    except OSError as problem:
        return FirstFlight(Answer.UNREACHABLE, f"no TCP connection: {problem.strerror or problem}", True)
    with connection:
        return _exchange(connection, question, read, limit_seconds)


def _exchange(
    connection: socket.socket, question: bytes, read: Callable[[bytes], FirstFlight], limit_seconds: float
) -> FirstFlight:
    data = b""
    flight = FirstFlight(Answer.UNCLEAR, f"no answer within {limit_seconds:g} s", False)
    try:
        connection.sendall(question)
        while not flight.complete and len(data) < LARGEST_FLIGHT_BYTES:
            received = connection.recv(16384)
            if not received:
                return _ended(flight, data, "the connection was closed")
            data += received
            flight = read(data)
    except TimeoutError:
        return flight
    except OSError as problem:
        return _ended(flight, data, f"the connection was reset ({problem.strerror or problem})")
    return flight


def _ended(flight: FirstFlight, data: bytes, how: str) -> FirstFlight:
    """Hanging up without an acceptance is a refusal; an acceptance already read stays one."""
    if flight.answer is Answer.ACCEPTED:
        return flight
    return FirstFlight(Answer.REFUSED, how + ("" if not data else f" after {len(data)} bytes"), True)
