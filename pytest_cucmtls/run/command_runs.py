"""Opens the run of a command that works on a user's inventory, outside pytest."""

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from pytest_cucmtls.ca.authority import CertificateAuthority
from pytest_cucmtls.inventory import Credentials, credentials_beside, read_inventory
from pytest_cucmtls.model.inventory import AuthoritySpec, Mode
from pytest_cucmtls.procedure.claim import claim_clusters, release_clusters
from pytest_cucmtls.procedure.context import Run
from pytest_cucmtls.procedure.session import open_authority, open_run


@contextmanager
def open_planning_run(inventory_file: Path, folder: Path | None) -> Iterator[Run]:
    """A run that can only read, with the authority as far as it exists already. Raises: ConfigurationInvalid."""
    inventory = replace(read_inventory(inventory_file), mode=Mode.VERIFY)
    credentials = credentials_beside(inventory_file)
    with TemporaryDirectory(prefix="cucmtls-") as temporary:
        place = folder or Path(temporary)
        with open_run(inventory, place, credentials, _say) as run:
            run.authority = _existing_authority(inventory.authority, place / "private", credentials)
            yield run


@contextmanager
def open_changing_run(inventory_file: Path, folder: Path) -> Iterator[Run]:
    """A run that may change the clusters: it alone works on them and in its folder.

    Raises: ConfigurationInvalid; UnsafeToAct when another run holds the clusters.
    """
    inventory = replace(read_inventory(inventory_file), mode=Mode.APPLY)
    credentials = credentials_beside(inventory_file)
    claim_clusters(inventory, process_id=os.getpid(), run_folder=folder)
    try:
        private = folder / "private"
        private.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (private / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with open_run(inventory, folder, credentials, _say) as run:
                run.folder.begin(inventory, started_at=datetime.now(UTC))
                yield run
    finally:
        release_clusters(inventory, process_id=os.getpid())


def _existing_authority(spec: AuthoritySpec, private: Path, credentials: Credentials) -> CertificateAuthority | None:
    """Planning makes nothing: a test authority that does not exist yet stays unknown."""
    if spec.kind == "embedded" and not (Path(spec.folder) if spec.folder else private / "authority").exists():
        return None
    return open_authority(spec, private, credentials)


def _say(text: str) -> None:
    print(text, file=sys.stderr)
