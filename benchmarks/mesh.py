"""What one more trunk of a mesh costs, and how much memory it takes: simulated meshes of two nodes per cluster, of growing size.

Run: python benchmarks/mesh.py [CLUSTERS ...] (default: 2 5 10 20). Every size is a process of its own, judging included, in one
process so that its peak is the product's. Columns: directed trunks; wall seconds of collection and of judging; processor
milliseconds per directed trunk of the product (reports included) and of the simulated clusters; peak memory of both in MiB.
Target: processor time per directed trunk at 20 clusters within 1.5 times that at 5, and peak memory within 2 times.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIZES = (2, 5, 10, 20)


def mesh_text(clusters: int) -> str:
    """The inventory of a full mesh."""
    lines = ['mesh = "full"']
    for number in range(1, clusters + 1):
        name, extension = f"c{number:02d}", str(4000 + number)
        lines += [f"[clusters.{name}]", 'release = "15"', f'extension = "{extension}"', f'phone = "SEP0011223{number:05d}"']
        for kind, user in (("axl", "axl-admin"), ("platform", "administrator"), ("call", f"caller{extension}")):
            lines += [f"[clusters.{name}.{kind}]", f'user = "{user}"', f'password_variable = "MESH_{name}_{kind}"']
        for node, role in (("cucm1", "publisher"), ("cucm2", "subscriber")):
            lines += [f"[[clusters.{name}.nodes]]", f'name = "{node}.{name}.example"', 'address = "sim://15"', f'role = "{role}"']
    return "\n".join(lines) + "\n"


def measure(clusters: int, place: Path) -> dict[str, float]:
    """One size, in this process."""
    from pytest_cucmtls.run.mesh_conclusion import conclude_mesh
    from pytest_cucmtls.run.mesh_run import MeshRun
    from pytest_cucmtls.run.settings import Settings
    from pytest_cucmtls.run.simulated_run import pair_file
    from pytest_cucmtls.simulated_clusters import SimulatedPair

    file = place / "mesh.toml"
    file.write_text(mesh_text(clusters), encoding="utf-8")
    run = MeshRun(Settings(folder=place / "run", inventory_file=file, owner_process_id=os.getpid()), lambda _: None)
    try:
        begun = time.monotonic()
        run.collect()
        collected = time.monotonic()
        simulator = _process(SimulatedPair.from_json(pair_file(run.folder).read_text(encoding="utf-8")).process_id)
        conclusion = conclude_mesh(run, lambda _: None, workers=1)
        judged = time.monotonic()
    finally:
        run.finish()
    own = resource.getrusage(resource.RUSAGE_SELF)
    directions = len(conclusion.matrix.cells)
    return {
        "clusters": clusters,
        "directions": directions,
        "proven": sum(cell.standing.value == "proven" for cell in conclusion.matrix.cells),
        "collect_seconds": collected - begun,
        "judge_seconds": judged - collected,
        "cpu_each_ms": 1000 * (own.ru_utime + own.ru_stime) / directions,
        "simulator_cpu_each_ms": 1000 * simulator[0] / directions,
        "peak_mib": own.ru_maxrss / 1024,
        "simulator_peak_mib": simulator[1],
    }


def _process(number: int) -> tuple[float, float]:
    """(processor seconds, peak MiB) of another process (Linux)."""
    ticks = Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
    peak = next(line for line in Path(f"/proc/{number}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK"), int(peak.split()[1]) / 1024


_COLUMNS = (
    ("clusters", "clusters", ".0f"),
    ("directed", "directions", ".0f"),
    ("proven", "proven", ".0f"),
    ("collect s", "collect_seconds", ".1f"),
    ("judge s", "judge_seconds", ".1f"),
    ("CPU ms each", "cpu_each_ms", ".0f"),
    ("sim CPU ms each", "simulator_cpu_each_ms", ".0f"),
    ("MiB", "peak_mib", ".0f"),
    ("sim MiB", "simulator_peak_mib", ".0f"),
)
"""(heading, key of a measurement, format)"""


def main() -> None:
    """Measure the sizes and print one line each."""
    if sys.argv[1:2] == ["--one"]:
        with tempfile.TemporaryDirectory() as place:
            print(json.dumps(measure(int(sys.argv[2]), Path(place))))
        return
    print("  ".join(heading for heading, _, _ in _COLUMNS))
    for size in [int(word) for word in sys.argv[1:]] or SIZES:
        answer = subprocess.run([sys.executable, __file__, "--one", str(size)], capture_output=True, text=True, check=True)
        row = json.loads(answer.stdout.splitlines()[-1])
        print("  ".join(f"{row[key]:>{len(heading)}{form}}" for heading, key, form in _COLUMNS), flush=True)


if __name__ == "__main__":
    main()
