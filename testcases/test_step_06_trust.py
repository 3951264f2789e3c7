"""Step 6 - The authority's certificates are in CallManager-trust."""

import pytest

from pytest_cucmtls.verification import Verify

pytestmark = pytest.mark.procedure("6")


def test_06_01_peer_root_is_trusted(verify: Verify, cluster_name: str) -> None:
    verify("peer_root_is_trusted", cluster_name)
