"""Who judged which run, when, where and with what: the run object of verdicts.json, the same for every kind of run."""

import hashlib
import json
import platform
from datetime import UTC, datetime

from pytest_cucmtls.evidence.actor import account
from pytest_cucmtls.evidence.run_folder import RunFolder


def run_about(folder: RunFolder) -> dict[str, object]:
    """From run.json and this machine; it ends now. Raises: FileUnreadable when there is no run.json."""
    values = folder.run_values()
    inventory = values["inventory"]
    return {
        "run": folder.path.name,
        "operator": account(),
        "host": platform.node(),
        "tool": values["tool"],
        "python": platform.python_version(),
        "started_at": values["started_at"],
        "ended_at": datetime.now(UTC).isoformat(),
        "inventory": inventory["source"],
        "inventory_sha256": hashlib.sha256(json.dumps(inventory, sort_keys=True).encode()).hexdigest(),
        "policy": inventory["policy"],
        "mode": inventory["mode"],
        "simulated": inventory["simulated"],
    }
