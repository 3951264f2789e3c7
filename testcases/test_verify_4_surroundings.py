"""Proof 4 - What surrounds the trunk: accounts, replication, names, and what an earlier run knew."""

import pytest

from pytest_cucmtls.run.verification import Verify

pytestmark = pytest.mark.procedure("V1")


def test_v4_01_account_may_write(verify: Verify, cluster_name: str) -> None:
    verify("account_may_write", cluster_name)


def test_v4_02_nodes_of_a_cluster_agree(verify: Verify, cluster_name: str) -> None:
    verify("nodes_of_a_cluster_agree", cluster_name)


def test_v4_03_trunk_name_resolves_to_the_peer(verify: Verify, cluster_name: str) -> None:
    verify("trunk_name_resolves_to_the_peer", cluster_name)


def test_v4_04_identity_is_not_an_older_one(verify: Verify, cluster_name: str) -> None:
    verify("identity_is_not_an_older_one", cluster_name)


def test_v4_05_fips_mode_is_enabled(verify: Verify, cluster_name: str) -> None:
    verify("fips_mode_is_enabled", cluster_name)
