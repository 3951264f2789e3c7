"""One call as the files of a case show it: a capture, both traces and both certificates."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from pytest_cucmtls.evidence.given.given_files import GivenFiles
from tests.packet_writer import TcpConversation, frames, pcap
from tests.tls_pairs import TlsPair, identity
from tests.trace_writer import both_sides

NOW = datetime.now(UTC).replace(microsecond=0)
FIRST = "10.0.0.203"
SECOND = "10.0.0.200"


def capture_bytes(*, at: datetime = NOW, client: str = FIRST, server: str = SECOND, port: int = 33135) -> bytes:
    conversation = TcpConversation((client, port), (server, 5061)).open().exchange(TlsPair().flights())
    return pcap(frames(conversation.packets, start=int(at.timestamp()) * 1_000_000_000))


def write_case(folder: Path) -> Path:
    """One call in a capture and both traces, with both certificates, as somebody would send them."""
    (folder / "packets.cap").write_bytes(capture_bytes())
    for name, text in zip(("a", "b"), both_sides(NOW + timedelta(seconds=1)), strict=True):
        (folder / f"SDL-{name}.txt").write_text(text)
    for name in ("cucma", "cucm10", "stranger"):
        (folder / f"{name}.pem").write_bytes(identity(name).certificate.public_bytes(serialization.Encoding.PEM))
    return folder


def given_of(case: Path, **changed: object) -> GivenFiles:
    values: dict[str, object] = {
        "captures": (case / "packets.cap",),
        "traces": (case / "SDL-a.txt", case / "SDL-b.txt"),
        "certificates": (("A", case / "cucma.pem"), ("B", case / "cucm10.pem")),
    }
    return GivenFiles(**(values | changed))  # type: ignore[arg-type]  # the fields of the test's choice
