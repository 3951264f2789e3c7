"""Proof 2 - Collect traces: what the two clusters say about it."""

import pytest

from pytest_cucmtls.verification import Verify

pytestmark = pytest.mark.procedure("V2")
