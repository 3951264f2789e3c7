"""A trace of one call, and reading it."""

import io
from pathlib import Path

from pytest_cucmtls.model.traces import TraceReport
from pytest_cucmtls.wire.traces import parse_trace

HEAD = (
    "00000001.000 |23:59:58.000 |FileHead |UTC:-04:00,Date: 2026/03/31, AppName: CCM, AppId: 100, AppNodeId: 2, AppVersion: "
    "CUCM Install=14.0.1.10000-20 Build=14.0.1.10000-20 (abc) memlog=20, HostName: node-b, HostIPAddress: 192.0.2.10, "
    "AppStartTime: 2026/03/01 10:00:00, FileNumber: 7, TraceVer: 3.0\n"
)
CALL = (Path(__file__).parent / "trace_texts" / "sip_tls_call.txt").read_text(encoding="utf-8")


def read(text: str | bytes) -> TraceReport:
    return parse_trace(io.BytesIO(text.encode() if isinstance(text, str) else text), file_name="trace.txt")


def sdl(*payloads: str) -> str:
    return "".join(f"{20 + index:08d}.000 |10:00:00.{index:03d} |AppInfo  |{payload}\n" for index, payload in enumerate(payloads))
