"""Step 6 - The authority's certificates are in CallManager-trust."""

import pytest

from pytest_cucmtls.run.verification import Verify

pytestmark = pytest.mark.procedure("6")


def test_06_00_the_step_was_performed(verify: Verify) -> None:
    verify("step_06_is_performed")


def test_06_02_peer_root_is_trusted(verify: Verify, cluster_name: str) -> None:
    verify("peer_root_is_trusted", cluster_name)


def test_06_03_trust_store_holds_only_approved_anchors(verify: Verify, cluster_name: str) -> None:
    verify("trust_store_holds_only_approved_anchors", cluster_name)
