"""How long an AXL client takes until it can send, per schema version, and how fast it lists and reads SIP trunks.

Run: python benchmarks/axl_load.py [TRUNKS]. Every load is a fresh process, so that imports and the parsed document are
not shared. Peers to compare with: the full schema of one version takes zeep about 1 s and 125 MB on the same kind of
machine. Target: import and load together well under 0.8 s, the load alone under 0.3 s, the second cluster for nothing.
The reading part needs no cluster: answers come from memory, so it measures this package and zeep, not a network.
"""

import resource
import subprocess
import sys
import time
from collections.abc import Mapping

_LOAD = """
import resource, sys, time
started = time.perf_counter()
from pytest_cucmtls.clients import axl_schema
imported = time.perf_counter()
axl_schema.document(sys.argv[1])
loaded = time.perf_counter()
axl_schema.document(sys.argv[1])
again = time.perf_counter()
megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(imported - started, loaded - imported, again - loaded, megabytes)
"""
_VERSIONS = ("9.1", "10.5", "11.5", "12.5", "14.0", "15.0")
_FIELDS = (
    "<srtpAllowed>true</srtpAllowed><securityProfileName>P</securityProfileName><sigDigits enable='false'>99</sigDigits>" * 20
)


def loads() -> None:
    """One line per version: median of five processes."""
    print(f"{'version':>8} {'import s':>9} {'load s':>8} {'again s':>9} {'MB':>6}")
    for version in _VERSIONS:
        runs = [_one_load(version) for _ in range(5)]
        imported, loaded, again, megabytes = (sorted(column)[2] for column in zip(*runs, strict=True))
        print(f"{version:>8} {imported:9.3f} {loaded:8.3f} {again:9.6f} {megabytes:6.0f}")


def _one_load(version: str) -> tuple[float, ...]:
    answer = subprocess.run([sys.executable, "-c", _LOAD, version], capture_output=True, text=True, check=True)
    return tuple(float(number) for number in answer.stdout.split())


def reads(trunks: int) -> None:
    """List and read trunks, answers from memory."""
    from pytest_cucmtls.clients.axl import AxlReader
    from pytest_cucmtls.clients.https import HttpAnswer, HttpsSession
    from pytest_cucmtls.model.inventory import NodeAddress
    from pytest_cucmtls.model.secrets import Secret

    class InMemory(HttpsSession):
        """Answers without a network."""

        def post(
            self,
            interface: str,
            operation: str,
            path: str,
            body: bytes,
            headers: Mapping[str, str],
            *,
            limit_bytes: int = 0,
            secrets: tuple[Secret, ...] = (),
        ) -> HttpAnswer:
            """A list of names, or one trunk."""
            del interface, path, body, headers, limit_bytes, secrets
            one = f"<sipTrunk><name>T</name>{_FIELDS}</sipTrunk>"
            return HttpAnswer(200, "text/xml", _envelope(operation, rows if operation.startswith("list") else one))

    rows = "".join(f"<sipTrunk><name>T{number}</name></sipTrunk>" for number in range(trunks))

    reader = AxlReader(InMemory(NodeAddress("a", "127.0.0.1"), "u", Secret("p"), ca_bundle=None), "14.0")
    started = time.perf_counter()
    found = reader.read_sip_trunks().value
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    each = 1000 * seconds / max(1, trunks)
    print(f"{len(found)} trunks listed and read in {seconds:.2f} s, {each:.2f} ms each, peak {peak:.0f} MB")


def _envelope(operation: str, returned: str) -> bytes:
    return (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
        f'<n:{operation}Response xmlns:n="http://www.cisco.com/AXL/API/14.0"><return>{returned}</return></n:{operation}Response>'
        "</e:Body></e:Envelope>"
    ).encode()


if __name__ == "__main__":
    loads()
    reads(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
