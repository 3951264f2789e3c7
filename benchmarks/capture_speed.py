"""How fast `read-capture` is, alone and with both witnesses, against one tshark pass over the same file in the same run.

``python -m benchmarks.capture_speed [--packets 100000] [--rounds 3]`` from the root of the repository. It prints the commands
and two ratios each: of wall time, which other work on the machine disturbs, and of processor time, which it disturbs less.
The file is a mix of its own: 60 % RTP, about 200 full mutual TLS handshakes made by OpenSSL with records behind them, the
rest other TCP.
"""

import argparse
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.packet_writer import Frame, TcpConversation, in_link, pcap, udp_datagram
from tests.tls_pairs import TlsPair

TSHARK = ["tshark", "-n", "-Y", "tls.handshake.certificate || sip", "-T", "fields", "-e", "tls.handshake.certificate"]
READER = (
    "import argparse,sys;from pytest_cucmtls.commands.capture import add_commands;p=argparse.ArgumentParser();"
    "add_commands(p.add_subparsers());a=p.parse_args(sys.argv[1:]);a.run(a);"
    "sys.stderr.write(open('/proc/self/status').read())"
)
"""The command itself, with the memory it took on standard error."""


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
    """Medians of whole processes, start of the interpreter included, byte code cached as after installation."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(path.parent / "bytecode")
    commands = {"read-capture --json": [sys.executable, "-c", READER, "read-capture", "--json", str(path)]}
    if shutil.which("tshark"):
        commands["read-capture --json --witness both"] = [*commands["read-capture --json"], "--witness", "both"]
        commands["tshark"] = [*TSHARK, "-r", str(path)]
    status = subprocess.run(commands["read-capture --json"], capture_output=True, check=True, text=True).stderr
    print("memory of the native reader:", next(line for line in status.splitlines() if line.startswith("VmHWM")))
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            wall, processor, output = _timed(command)
            _check(name, output, handshakes)
            taken[name].append((wall, processor))
    medians = {name: [sorted(column)[rounds // 2] for column in zip(*times, strict=True)] for name, times in taken.items()}
    print(f"tshark is: {' '.join(TSHARK)} -r FILE")
    for name, (wall, processor) in medians.items():
        text = f"{name:<36} {wall:6.3f} s, processor {processor:6.3f} s (median of {rounds})"
        if "tshark" in medians and name != "tshark":
            text += (
                f": 1/{medians['tshark'][0] / wall:.1f} of one tshark pass, processor 1/{medians['tshark'][1] / processor:.1f}"
            )
        print(text)


def _check(name: str, output: bytes, handshakes: int) -> None:
    """Fast and wrong does not count."""
    if name == "tshark":
        assert output.count(b"\n") >= 2 * handshakes * 0.99
        return
    report = json.loads(output)
    mutual = sum(1 for handshake in report["handshakes"] if handshake["mutual_auth"] == "yes")
    assert mutual == handshakes, f"{mutual} of {handshakes} handshakes read"
    assert not report.get("disagreements")


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


def _timed(command: list[str]) -> tuple[float, float, bytes]:
    """Wall and processor seconds of a process and its children, and its output."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, capture_output=True, check=True)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


if __name__ == "__main__":
    main()
