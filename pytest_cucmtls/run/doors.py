"""Opens a run for a command that works on a user's inventory, outside pytest."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from pytest_cucmtls.inventory import credentials_beside, read_inventory
from pytest_cucmtls.model.inventory import Mode
from pytest_cucmtls.procedure.context import Run
from pytest_cucmtls.procedure.session import open_run


@contextmanager
def open_inventory_run(inventory_file: Path, folder: Path | None, mode: Mode) -> Iterator[Run]:
    """A run over the clusters of an inventory; without a folder its records are temporary. Raises: ConfigurationInvalid."""
    inventory = replace(read_inventory(inventory_file), mode=mode)
    with TemporaryDirectory(prefix="cucmtls-") as temporary:
        place = folder or Path(temporary)
        with open_run(inventory, place, credentials_beside(inventory_file), lambda text: print(text, file=sys.stderr)) as run:
            yield run
