"""Takes the shell commands out of a page of the documentation and runs them in a folder of their own, as a reader would."""

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from tests.acceptance_runs import CHECKOUT
from tests.mesh_files import simulated_mesh

INVENTORY = "clusters.toml"
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LIMIT_SECONDS = 240


@dataclass(frozen=True)
class Command:
    """One line a reader types; `exit_code` is what the page says it ends with."""

    line: str
    exit_code: int


def commands_of(page: Path) -> list[Command]:
    """Lines after a ``$`` in the page's console blocks; a comment ``# exits 1`` announces another exit code than 0."""
    found = []
    for block in _BLOCK.findall(page.read_text(encoding="utf-8")):
        for line in block.splitlines():
            if line.startswith("$ "):
                announced = re.search(r"# exits (\d)", line)
                found.append(Command(line[2:].split(" #")[0].strip(), int(announced[1]) if announced else 0))
    return found


def unpacked_wheel(folder: Path) -> Path:
    """The package as it is delivered, with its test cases, in a folder that goes on PYTHONPATH."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "dist")]
    subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True)
    with zipfile.ZipFile(next((folder / "dist").glob("*.whl"))) as wheel:
        wheel.extractall(folder / "site")
    return folder / "site"


class Reader:
    """Follows a page, in a folder that holds what the page takes for granted."""

    def __init__(self, folder: Path, site: Path, clusters: Path) -> None:
        self.folder, self._clusters = folder, clusters
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self._environment = os.environ | {"PATH": path, "PYTHONPATH": str(site), "COLUMNS": "80"}

    def bring_clusters(self) -> None:
        """The reader's filled in inventory, with the passwords the environment would have.

        The pages' runs may reset the trunks, as they advise for clusters whose connections stand already.
        """
        shutil.copy(self._clusters / "credentials.json", self.folder)
        text = (self._clusters / INVENTORY).read_text(encoding="utf-8")
        (self.folder / INVENTORY).write_text(f"reset_trunks = true\n{text}", encoding="utf-8")

    def bring_mesh(self, page: str) -> None:
        """An inventory of three clusters that are simulated for whoever reads it."""
        if "mesh.toml" in page:
            simulated_mesh(self.folder / "mesh.toml")

    def follow(self, command: Command) -> str:
        """Type one line; returns what it printed. Raises: AssertionError when it ends otherwise than the page says."""
        ended = subprocess.run(
            ["bash", "-c", command.line],
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_LIMIT_SECONDS,
            check=False,
        )
        printed = ended.stdout + ended.stderr
        assert ended.returncode == command.exit_code, f"$ {command.line}\n{printed}"
        return printed

    def lay_out_files(self, run_folder: Path) -> None:
        """Captures, traces and certificates of a run, under the names the pages use for files of anybody."""
        index = [json.loads(line) for line in (run_folder / "raw" / "index.jsonl").read_text(encoding="utf-8").splitlines()]
        of_kind = {
            kind: [entry for entry in index if entry["kind"] == kind] for kind in ("capture", "sdl_trace", "own_certificate")
        }
        shutil.copy(run_folder / of_kind["capture"][-1]["path"], self.folder / "packets.cap")
        with zipfile.ZipFile(self.folder / "traces.zip", "w") as archive:
            for number, entry in enumerate(of_kind["sdl_trace"], start=1):
                name = f"SDL{number:03}_100_000001.txt"
                archive.write(run_folder / entry["path"], name)
                (self.folder / f"{name}.gz").write_bytes(gzip.compress((run_folder / entry["path"]).read_bytes()))
        for entry in of_kind["own_certificate"]:
            shutil.copy(run_folder / entry["path"], self.folder / {"A": "cucma.pem", "B": "cucm10.pem"}[entry["cluster"]])
