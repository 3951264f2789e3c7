"""The ten steps in order."""

from typing import cast

from pytest_cucmtls.procedure import (
    step_01_authority,
    step_02_names,
    step_03_requests,
    step_04_signing,
    step_05_root,
    step_06_trust,
    step_07_identity,
    step_08_profile,
    step_09_trunk,
    step_10_route_pattern,
)
from pytest_cucmtls.procedure.context import Step

STEPS: tuple[Step, ...] = tuple(
    cast(Step, module)
    for module in (
        step_01_authority,
        step_02_names,
        step_03_requests,
        step_04_signing,
        step_05_root,
        step_06_trust,
        step_07_identity,
        step_08_profile,
        step_09_trunk,
        step_10_route_pattern,
    )
)
