"""The policy a bundle was judged by: a user's own file goes with the bundle, and every policy has a digest."""

import json
import tomllib
from dataclasses import asdict
from pathlib import Path

from pytest_cucmtls.evidence.bundles.layout import POLICY
from pytest_cucmtls.evidence.bundles.manifest import sha256_of
from pytest_cucmtls.evidence.folder_walk import read_bytes
from pytest_cucmtls.model.policy import Policy
from pytest_cucmtls.policies import load_policy, policy_names


def keep_policy(folder: Path, name: str) -> str | None:
    """Put a user's own policy file into the folder; returns what a stranger will miss, or None.

    Raises: ConfigurationInvalid, when the policy cannot be loaded; FileUnreadable.
    """
    if name in policy_names() or (folder / POLICY).exists():
        return None
    load_policy(name)
    data = read_bytes(Path(name))
    (folder / POLICY).write_bytes(data)
    parent = tomllib.loads(data.decode("utf-8")).get("extends")
    if parent is None or parent in policy_names():
        return None
    return f"the policy extends {parent}, which is not in the bundle: judging it again needs that file"


def policy_in(folder: Path, name: str) -> str:
    """What `load_policy` takes for a folder's policy: the file kept in it, else the name."""
    return str(folder / POLICY) if (folder / POLICY).is_file() else name


def policy_digest(policy: Policy) -> str:
    """SHA-256 over title, rules and waivers: the same for the same policy, wherever its file lies."""
    return sha256_of(json.dumps(asdict(policy), sort_keys=True, default=str, ensure_ascii=False).encode())
