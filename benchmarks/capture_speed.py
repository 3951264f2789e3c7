"""How fast the native capture reader is, against one tshark pass over the same file in the same run.

``python -m benchmarks.capture_speed [--packets 100000] [--rounds 3]`` from the root of the repository. It writes a mix of
its own: 60 % RTP, about 200 full mutual TLS handshakes made by OpenSSL with records behind them, the rest other TCP.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.packet_writer import Frame, TcpConversation, in_link, pcap, udp_datagram
from tests.tls_pairs import TlsPair

TSHARK = ["tshark", "-n", "-Y", "tls.handshake.certificate || sip", "-T", "fields", "-e", "tls.handshake.certificate"]
READER = "import json,sys;from pytest_cucmtls.capture.files import read_capture;from pytest_cucmtls.report.capture_json import "
READER += "capture_as_json;print(json.dumps(capture_as_json(read_capture(sys.argv[1]),sys.argv[1])));"
READER += "sys.stderr.write(open('/proc/self/status').read())"


def main() -> None:
    """Writes the mix, times both readers alternately, prints the medians and their ratio."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--packets", type=int, default=100_000)
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mix.pcap"
        handshakes = write_mix(path, chosen.packets)
        print(
            f"{chosen.packets} packets, {path.stat().st_size / 1e6:.1f} MB, {handshakes} full handshakes, {os.cpu_count()} cores"
        )
        measure(path, handshakes, chosen.rounds)


def measure(path: Path, handshakes: int, rounds: int) -> None:
    """Medians of wall time of whole processes, start of the interpreter included, byte code cached as after installation."""
    native, other = [], []
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(path.parent / "bytecode")
    status = subprocess.run([sys.executable, "-c", READER, str(path)], capture_output=True, check=True, text=True).stderr
    print("memory of the reader:", next(line for line in status.splitlines() if line.startswith("VmRSS")))
    for _ in range(rounds):
        seconds, output = _timed([sys.executable, "-c", READER, str(path)])
        report = json.loads(output)
        mutual = sum(1 for handshake in report["handshakes"] if handshake["mutual_auth"] == "yes")
        assert mutual == handshakes, f"{mutual} of {handshakes} handshakes read"
        native.append(seconds)
        if shutil.which("tshark"):
            seconds, output = _timed([*TSHARK, "-r", str(path)])
            assert output.count(b"\n") >= 2 * handshakes * 0.99
            other.append(seconds)
    ours = sorted(native)[rounds // 2]
    print(f"full report of read-capture: {ours:.3f} s (median of {rounds})")
    if other:
        theirs = sorted(other)[rounds // 2]
        print(f"one tshark pass: {theirs:.3f} s; the report takes 1/{theirs / ours:.1f} of it")
    else:
        print("tshark is not installed: no ratio")


def write_mix(path: Path, packets: int) -> int:
    """Writes `packets` packets; returns the number of full handshakes among them."""
    chance = random.Random(5061)
    flights = [TlsPair(ciphers=ciphers).flights() for ciphers in ("AES128-SHA", "ECDHE-RSA-AES128-GCM-SHA256") * 2]
    trunk: list[bytes] = []
    handshakes = max(1, packets // 500)
    for number in range(handshakes):
        mss = 536 if number % 4 == 0 else 1448
        conversation = TcpConversation((f"10.0.{number % 200}.203", 33000 + number % 30000), mss=mss)
        conversation.open().exchange(flights[number % len(flights)])
        for _ in range(20):
            record = b"\x17\x03\x03\x04\x00" + chance.randbytes(1024)
            conversation.send("client", record).acknowledge("server").send("server", record).acknowledge("client")
        trunk += conversation.close().packets
    media = _media(packets * 6 // 10, chance)
    other = _other_tcp(max(0, packets - len(trunk) - len(media)), chance)
    path.write_bytes(pcap(_merged([trunk, media, other], chance)[:packets]))
    return handshakes


def _media(count: int, chance: random.Random) -> list[bytes]:
    """40 streams of G.711, half of them with the ten bytes of an authentication tag."""
    packets = []
    for number in range(count):
        stream, step = number % 40, number // 40
        payload = chance.randbytes(170 if stream % 2 else 160)
        head = bytes([0x80, 0]) + (step & 0xFFFF).to_bytes(2, "big") + (step * 160).to_bytes(4, "big") + bytes([0, 0, 1, stream])
        packets.append(udp_datagram(("10.1.0.1", 16384 + stream * 2), ("10.1.0.2", 20000 + stream * 2), head + payload))
    return packets


def _other_tcp(count: int, chance: random.Random) -> list[bytes]:
    conversation = TcpConversation(("10.2.0.1", 40000), ("10.2.0.2", 8080)).open()
    while len(conversation.packets) < count:
        conversation.send("server", b"x" + chance.randbytes(1000)).acknowledge("client")
    return conversation.packets[:count]


def _merged(sources: list[list[bytes]], chance: random.Random) -> list[Frame]:
    """The packets of all sources, each source in its order, mixed at random in proportion to its length."""
    order = [index for index, source in enumerate(sources) for _ in source]
    chance.shuffle(order)
    iterators = [iter(source) for source in sources]
    return [
        Frame(1_700_000_000_000_000_000 + number * 20_000, in_link(next(iterators[index]))) for number, index in enumerate(order)
    ]


def _timed(command: list[str]) -> tuple[float, bytes]:
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, check=True)
    return time.perf_counter() - started, done.stdout


if __name__ == "__main__":
    main()
