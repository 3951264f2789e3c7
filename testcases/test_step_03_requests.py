"""Step 3 - Every node has a certificate signing request."""

import pytest

from pytest_cucmtls.verification import Verify

pytestmark = pytest.mark.procedure("3")


def test_03_01_request_is_what_was_asked(verify: Verify, cluster_name: str) -> None:
    verify("request_is_what_was_asked", cluster_name)


def test_03_02_certificate_has_alternative_names(verify: Verify, cluster_name: str) -> None:
    verify("certificate_has_alternative_names", cluster_name)


def test_03_03_key_is_long_enough(verify: Verify, cluster_name: str) -> None:
    verify("key_is_long_enough", cluster_name)


def test_03_04_path_hash_is_allowed(verify: Verify, cluster_name: str) -> None:
    verify("path_hash_is_allowed", cluster_name)
