"""What an installed but unused plugin costs another project: pytest on an empty test, with and without it.

    python benchmarks/plugin_startup.py [ROUNDS]

Prints medians and their ratio; the peer is the same pytest with ``-p no:cucmtls`` in the same run, rounds alternating.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def seconds(folder: Path, *options: str) -> float:
    begun = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options], cwd=folder, check=True, capture_output=True
    )
    return time.perf_counter() - begun


def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "test_nothing.py").write_text("def test_nothing():\n    pass\n")
        with_plugin, without = [], []
        for _ in range(rounds):
            with_plugin.append(seconds(folder))
            without.append(seconds(folder, "-p", "no:cucmtls"))
    one, other = statistics.median(with_plugin), statistics.median(without)
    print(f"with the plugin {one * 1000:.0f} ms, without {other * 1000:.0f} ms: ratio {one / other:.3f} ({rounds} rounds)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
