"""How fast SDL traces are read, with grep (plain) and zgrep (gzip) as the named peers, and how much memory it takes.

Run: python benchmarks/trace_speed.py [MEGABYTES]. grep only finds the lines of the same texts; the product also counts
records, joins digit analysis with its outcome and parses SIP messages. All figures are
processor time. Target: 60 MB/s of plain SDL on one core.
"""

import gzip
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from pytest_cucmtls.wire.traces import parse_trace

_PATTERN = "|".join(
    (
        "Digit analysis: ",
        "coming SIP |going SIP ",
        "SIPCertificateInd",
        "createConnMsg",
        "sipConnectionManagerProcess",
        "findLocalDevice",
        "wait_DmPidRes",
        "HandleSSLError",
        "AlarmErr",
        "SecureStatus",
    )
)


_TIMER = "//SIP/SIPHandler/ccbId=0/scbId=0/sip_start_timer: timerContext=0xe4678bd8 type=SIP_TIMER_EXPIRES value=180000 retries=0"
_NOISE_PER_MESSAGE = 50
_MESSAGES_PER_CALL = 6


def _noise(prefix: str) -> str:
    """The timers and state changes that fill a real trace."""
    return f"{prefix}{_TIMER}\n" * _NOISE_PER_MESSAGE


def _analysis(prefix: str, number: int) -> str:
    """A request and its result block."""
    return (
        f'{prefix}Digit analysis: match(pi="2", fqcn="{number}", cn="{number}",plv="5", pss="", '
        f'TodFilteredPss="", dd="9898",dac="0")\n'
        f"{prefix}Digit analysis: analysis results\n{prefix}|PretransformCallingPartyNumber={number}\n"
        f"|CallingPartyNumber={number}\n|DialingPartition=\n|DialingPattern=9898\n|FullyQualifiedCalledPartyNumber=9898\n"
    )


def _message(prefix: str, number: int) -> str:
    """An outgoing INVITE."""
    return (
        f"{prefix}SIPTcp - wait_SdlSPISignal: Outgoing SIP TCP message to 192.0.2.20 on port 5061 index 7 \n[{number},NET]\n"
        f"INVITE sip:9898@192.0.2.20:5061 SIP/2.0\nVia: SIP/2.0/TLS 192.0.2.10:5061;branch=z9hG4bK{number:x}\n"
        f"From: <sip:{number}@192.0.2.10>;tag=1\nTo: <sip:9898@192.0.2.20>\nCall-ID: {number:x}@192.0.2.10\n"
        f"CSeq: 101 INVITE\nContent-Length: 0\n\n\n"
    )


def _call(number: int) -> str:
    """One call: a digit analysis and its SIP messages; about one record in forty is of interest."""
    moment = f"{8 + number // 90000:02d}:{number // 1500 % 60:02d}:{number // 25 % 60:02d}.{number * 40 % 1000:03d}"
    prefix = f"{10_000_000 + number:08d}.000 |{moment} |AppInfo  |"
    messages = (_noise(prefix) + _message(prefix, number) for _ in range(_MESSAGES_PER_CALL))
    return _analysis(prefix, number) + "".join(messages)


def _write(path: Path, megabytes: int) -> None:
    with path.open("w", encoding="ascii") as file:
        file.write("09999999.000 |08:00:00.000 |FileHead |UTC:+00:00,Date: 2026/11/23, AppName: CCM, AppNodeId: 1\n")
        number = 0
        while file.tell() < megabytes * 1_000_000:
            file.write("".join(_call(number + step) for step in range(20)))
            number += 20


def _cpu_seconds(action: Callable[[], object], times: int = 3) -> float:
    """Least processor time of some runs, that of started programs included: the machine may be busy with other things."""
    best = float("inf")
    for _ in range(times):
        before = _cpu_time()
        action()
        best = min(best, _cpu_time() - before)
    return best


def _cpu_time() -> float:
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _parse(path: Path) -> int:
    with path.open("rb") as stream:
        return parse_trace(stream).record_count


def main() -> None:
    """Measure both forms and print one line each."""
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 64
    with tempfile.TemporaryDirectory() as folder:
        plain, packed = Path(folder, "SDL001_100_000001.txt"), Path(folder, "SDL001_100_000001.txt.gz")
        _write(plain, megabytes)
        packed.write_bytes(gzip.compress(plain.read_bytes(), 6))
        size = plain.stat().st_size / 1e6
        for path, peer in ((plain, "grep"), (packed, "zgrep")):
            ours = _cpu_seconds(lambda path=path: _parse(path))
            line = f"{path.suffix:>4}: {size / ours:7.1f} MB/s plain text"
            if shutil.which(peer):
                command = [peer, "-cE", _PATTERN, str(path)]
                theirs = _cpu_seconds(lambda command=command: subprocess.run(command, check=False, capture_output=True))
                line += f"; {peer} {size / theirs:7.1f} MB/s; ratio {theirs / ours:.2f}"
            print(line)
        print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB (facts of every call are kept)")


if __name__ == "__main__":
    main()
