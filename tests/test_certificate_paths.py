"""Certification paths: anchors come from the store only, dates are inclusive, legacy certificates count."""

from datetime import timedelta

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from pytest_cucmtls.wire.certificate_paths import PathProblem, is_self_signed, validate_path
from tests.evidence_builders import NOW, certificate, root, self_signed

LEAF = certificate("CUCMA")
SUB = certificate("Sub", is_ca=True, subject_key="Sub", path_length=0)
BELOW_SUB = certificate("CUCMA", issuer="Sub")
ANY = ObjectIdentifier("2.5.29.37.0")


@pytest.mark.parametrize(
    ("sentence", "leaf", "presented", "store", "problem"),
    [
        ("a leaf below a stored root is valid", LEAF, (), (root(),), None),
        ("a root presented on the wire is no anchor", LEAF, (root(),), (), PathProblem.NO_ISSUER),
        ("a presented intermediate completes the path", BELOW_SUB, (SUB,), (root(),), None),
        ("a stored intermediate completes the path", BELOW_SUB, (), (SUB, root()), None),
        ("an intermediate without its root is no anchor", BELOW_SUB, (), (SUB,), PathProblem.NO_ANCHOR),
        ("an empty store trusts nobody", LEAF, (), (), PathProblem.NO_ISSUER),
        ("a root of the same name and another key did not sign it", LEAF, (), (root("CA", "CA old"),), PathProblem.OTHER_KEY),
        ("old and new root side by side are fine", LEAF, (), (root("CA", "CA old"), root()), None),
        ("a self-signed leaf in the store is its own anchor", self_signed("X"), (), (self_signed("X"),), None),
        ("a self-signed leaf outside the store is not", self_signed("X"), (), (root(),), PathProblem.NO_ISSUER),
        ("a SHA-1 leaf without SAN has a path", certificate("CUCMA", hash_name="SHA-1", names=()), (), (root(),), None),
        ("an issuer that is no CA breaks the path", certificate("CUCMA", issuer="Leaf"), (certificate("Leaf"),), (root(),),
         PathProblem.NOT_A_CA),
        ("an issuer without keyCertSign breaks the path", certificate("CUCMA", issuer="NoSign"),
         (certificate("NoSign", is_ca=True, key_cert_sign=False),), (root(),), PathProblem.NOT_A_CA),
        ("a path longer than allowed breaks", certificate("CUCMA", issuer="Sub2"),
         (certificate("Sub2", issuer="Sub", is_ca=True), SUB), (root(),), PathProblem.PATH_LENGTH),
    ],
)  # fmt: skip
def test_a_path_is_built_from_the_store(sentence, leaf, presented, store, problem):
    result = validate_path(leaf, presented, store, at=NOW, role="server")
    assert result.problem is problem, sentence


@pytest.mark.parametrize(
    ("at", "problem"),
    [
        (LEAF.not_before, None),
        (LEAF.not_before - timedelta(seconds=1), PathProblem.NOT_YET_VALID),
        (LEAF.not_after, None),
        (LEAF.not_after + timedelta(seconds=1), PathProblem.EXPIRED),
    ],
)
def test_both_ends_of_the_validity_belong_to_it(at, problem):
    longer = root()
    assert longer.not_before <= LEAF.not_before
    result = validate_path(LEAF, (), (longer,), at=at, role="server")
    assert result.problem is problem


@pytest.mark.parametrize(
    ("usages", "server", "client"),
    [
        (None, True, True),
        ((ExtendedKeyUsageOID.SERVER_AUTH,), True, False),
        ((ExtendedKeyUsageOID.CLIENT_AUTH,), False, True),
        ((ANY,), True, True),
        ((ExtendedKeyUsageOID.CODE_SIGNING,), False, False),
    ],
)
def test_extended_key_usage_decides_the_role(usages, server, client):
    leaf = certificate("CUCMA", usages=usages)
    for role, fits in (("server", server), ("client", client)):
        assert validate_path(leaf, (), (root(),), at=NOW, role=role).valid is fits


def test_a_changed_signature_breaks_the_path():
    from dataclasses import replace

    broken = replace(LEAF, der=LEAF.der[:-1] + bytes((LEAF.der[-1] ^ 1,)))
    assert validate_path(broken, (), (root(),), at=NOW, role="server").problem is PathProblem.OTHER_KEY


def test_certificates_that_issue_each_other_end_the_search():
    one = certificate("One", issuer="Two", is_ca=True)
    two = certificate("Two", issuer="One", is_ca=True)
    assert not validate_path(one, (two, one), (), at=NOW, role="server").valid


def test_self_issued_is_not_self_signed():
    assert is_self_signed(root())
    assert not is_self_signed(certificate("CA", issuer="CA", subject_key="other key"))
