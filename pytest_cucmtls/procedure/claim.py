"""One run at a time on a pair of clusters: a claim file in the user's state folder names who works on them and since when.

It binds this user on this machine; a claim whose process has ended is void.
"""

import hashlib
import json
import os
from datetime import UTC, datetime
from pathlib import Path

from pytest_cucmtls.model.errors import UnsafeToAct
from pytest_cucmtls.model.inventory import Inventory


def release_clusters(inventory: Inventory, *, process_id: int) -> None:
    """Give the clusters back if it is this process that holds them."""
    file = _file(inventory)
    if _read(file).get("process_id") == process_id:
        file.unlink(missing_ok=True)


def claim_clusters(inventory: Inventory, *, process_id: int, run_folder: Path) -> None:
    """Claim the clusters for a process; several workers of one run share its claim.

    Raises: UnsafeToAct naming the other run, its process and its age, when a living process holds them.
    """
    file = _file(inventory)
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    about = {"process_id": process_id, "run_folder": str(run_folder.resolve()), "since": datetime.now(UTC).isoformat()}
    for _ in range(3):
        try:
            with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as made:
                json.dump(about, made)
            return
        except FileExistsError:
            held = _read(file)
            if held.get("process_id") == process_id:
                return
            if is_alive(held.get("process_id")):
                raise UnsafeToAct("0", _taken(held), remedy="Let that run end, or stop its process, then start again.") from None
            file.unlink(missing_ok=True)
    raise UnsafeToAct("0", f"the claim on these clusters changes hands again and again ({file})")


def state_folder() -> Path:
    """Where claims live: the XDG state folder of the user."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "cucmtls" / "claims"


def _taken(held: dict[str, object]) -> str:
    since = datetime.fromisoformat(str(held["since"]))
    age = int((datetime.now(UTC) - since).total_seconds())
    return (
        f"another run works on these clusters: process {held['process_id']}, since {since:%Y-%m-%d %H:%M:%S} UTC "
        f"({age} s), run folder {held['run_folder']}"
    )


def _file(inventory: Inventory) -> Path:
    addresses = sorted(f"{cluster.publisher.address}:{cluster.publisher.https_port}" for cluster in inventory.clusters)
    return state_folder() / f"{hashlib.sha256(chr(10).join(addresses).encode()).hexdigest()[:32]}.json"


def _read(file: Path) -> dict[str, object]:
    try:
        held = json.loads(file.read_text(encoding="utf-8"))
        datetime.fromisoformat(held["since"])
        return {key: held[key] for key in ("process_id", "run_folder", "since")}
    except (OSError, ValueError, KeyError, TypeError):
        return {}  # gone, or not yet written whole by a process that ended: no claim


def is_alive(process_id: object) -> bool:
    """A process of that number runs, whoever owns it; what is no process number is none."""
    if not isinstance(process_id, int) or process_id <= 0:
        return False
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
