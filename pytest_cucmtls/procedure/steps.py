"""The ten steps in order: every module ``step_NN_<topic>`` of this room is one, and is found by being here."""

import importlib
import pkgutil
from pathlib import Path
from typing import cast

from pytest_cucmtls.procedure.context import Step

_NAMES = sorted(found.name for found in pkgutil.iter_modules([str(Path(__file__).parent)]) if found.name.startswith("step_"))

STEPS: tuple[Step, ...] = tuple(cast(Step, importlib.import_module(f"pytest_cucmtls.procedure.{name}")) for name in _NAMES)
"""From step 1 on."""
