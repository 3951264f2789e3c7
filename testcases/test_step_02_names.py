"""Step 2 - Host names and settings are right before anything is generated."""

import pytest

from pytest_cucmtls.run.verification import Verify

pytestmark = pytest.mark.procedure("2")


def test_02_00_the_step_was_performed(verify: Verify) -> None:
    verify("step_02_is_performed")


def test_02_02_clocks_agree(verify: Verify) -> None:
    verify("clocks_agree")


def test_02_03_node_clock_is_synchronised(verify: Verify, cluster_name: str) -> None:
    verify("node_clock_is_synchronised", cluster_name)


def test_02_04_release_is_known(verify: Verify, cluster_name: str) -> None:
    verify("release_is_known", cluster_name)


def test_02_05_certificate_names_its_node(verify: Verify, cluster_name: str) -> None:
    verify("certificate_names_its_node", cluster_name)


def test_02_06_release_can_meet_policy(verify: Verify, cluster_name: str) -> None:
    verify("release_can_meet_policy", cluster_name)
