"""Steps 2 to 7: each check says PASS for the good pair, and the right thing, with the right words, for one fault."""

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from pytest_cucmtls.evidence.judge import judge
from pytest_cucmtls.model.cucm import (
    NtpStatus,
    Release,
    ServiceStatus,
)
from pytest_cucmtls.model.inventory import Mode
from pytest_cucmtls.model.verdicts import Outcome
from pytest_cucmtls.policies import load_policy
from tests.evidence_builders import (
    NODES,
    NOW,
    certificate,
    good_pair,
    inventory,
    named,
    request,
    root,
    self_signed,
    sourced,
    spec,
    trusted,
    verdict_of,
    with_identity,
    with_node,
)

FAIL, PASS, WARN = Outcome.FAIL, Outcome.PASS, Outcome.WARN
UNDECIDED, APART = Outcome.INCONCLUSIVE, Outcome.NOT_APPLICABLE
DEFAULT = load_policy("cisco-hardening")
LEGACY = load_policy("legacy-2015")
A, B = "A/CUCMA", "B/CUCM10"


def swapped():
    good = good_pair()
    return with_node(good, "A", issued=sourced(certificate(NODES["B"]), "issued"))


def verify_only():
    good = good_pair(inventory=inventory(mode=Mode.VERIFY), authority_chain=())
    for name in "AB":
        good = with_node(good, name, request=None, issued=None, own_certificate_before=None)
    return good


CASES = [
    ("a certificate may name the host by its first label", "certificate_names_its_node", A, PASS,
     lambda: with_node(good_pair(), "A", own_certificate_before=sourced(named(self_signed("cucma.example.com")))), (), ""),
    ("a certificate with another host's name is found in step 2", "certificate_names_its_node", A, FAIL,
     lambda: with_node(good_pair(), "A", own_certificate_before=sourced(named(self_signed("CUCM77")))),
     ("CUCM77", "CUCMA"), "S2"),
    ("another release than declared is the wrong cluster", "release_is_known", A, FAIL,
     lambda: with_node(good_pair(), "A", release=sourced(Release("14.0.1", 14, 0))), ("14.0.1", "15"), "X7"),
    ("an unknown release is a warning that names the nearest known one", "release_is_known", A, WARN,
     lambda: with_node(good_pair(inventory=inventory(cluster_a=spec("A", release=None), mode=Mode.VERIFY)), "A",
                       release=sourced(Release("16.0.1", 16, 0))), ("16.0.1", "15.0"), "X7"),
    ("export-unrestricted software cannot encrypt", "release_is_known", A, FAIL,
     lambda: with_node(good_pair(), "A", release=sourced(Release("UCSInstall_UNRST_15.0.1", 15, 0))),
     ("export-unrestricted",), "X7"),
    ("CUCM 9.1 cannot meet TLS 1.2", "release_can_meet_policy", "A", FAIL,
     lambda: with_node(good_pair(), "A", release=sourced(Release("9.1.2", 9, 1))), ("9.1.2", "TLSv1.2", "upgrade"), "X7"),
    ("an unsynchronised clock fails although its offset is small", "node_clock_is_synchronised", B, FAIL,
     lambda: with_node(good_pair(), "B", ntp=sourced(NtpStatus(False, None, 1.0, NOW))), ("not synchronised",), "X3"),
    ("an NTP offset of exactly the limit passes", "node_clock_is_synchronised", B, PASS,
     lambda: with_node(good_pair(), "B", ntp=sourced(NtpStatus(True, 3, 2000.0, NOW))), (), ""),
    ("an NTP offset above the limit fails", "node_clock_is_synchronised", B, FAIL,
     lambda: with_node(good_pair(), "B", ntp=sourced(NtpStatus(True, 3, -2000.1, NOW))), ("2000.1 ms",), "X3"),
    ("clocks apart by exactly the limit agree", "clocks_agree", "pair", PASS,
     lambda: with_node(with_node(good_pair(), "B", clock_offset_seconds=sourced(2.0)), "A",
     clock_offset_seconds=sourced(0.0)), (), ""),
    ("clocks apart by more than the limit do not", "clocks_agree", "pair", FAIL,
     lambda: with_node(good_pair(), "B", clock_offset_seconds=sourced(-1.91)), ("2.010 s",), "X3"),
    ("a clock nobody read decides nothing", "clocks_agree", "pair", UNDECIDED,
     lambda: with_node(good_pair(), "B", clock_offset_seconds=None), ("utils ntp status",), ""),
    ("a stopped CallManager service is found", "call_manager_runs", A, FAIL,
     lambda: with_node(good_pair(), "A", call_manager=sourced(ServiceStatus("Cisco CallManager", "Stopped"))),
     ("Stopped",), "X1"),
    ("a request with another key length than asked fails", "request_is_what_was_asked", A, FAIL,
     lambda: with_node(good_pair(), "A", request=sourced(request("CUCMA", 1024))), ("1024", "2048"), "S3"),
    ("a request whose signature does not verify fails", "request_is_what_was_asked", A, FAIL,
     lambda: with_node(good_pair(), "A", request=sourced(replace(request("CUCMA"), signature_valid=False))),
     ("own key",), "S3"),
    ("a request with another hash than asked fails", "request_is_what_was_asked", A, FAIL,
     lambda: with_node(good_pair(), "A", request=sourced(request("CUCMA", hash_name="SHA-1"))), ("SHA-1", "sha256"), "S3"),
    ("a verify-only run needs no request", "request_is_what_was_asked", A, APART, verify_only, ("verify-only",), ""),
    ("swapped files are told by the key", "issued_certificate_matches_request", A, FAIL, swapped, ("B/CUCM10", "swapped"), "S7"),
    ("a subject the authority rewrote is told", "issued_certificate_matches_request", A, FAIL,
     lambda: with_node(good_pair(), "A", issued=sourced(certificate("other", subject_key="CUCMA", names=("CUCMA",)))),
     ("CUCMA", "other", "profile"), "S4"),
    ("a SAN the authority dropped is told", "issued_certificate_matches_request", A, FAIL,
     lambda: with_node(good_pair(), "A", issued=sourced(certificate("CUCMA", names=()))), ("subject alternative name",), "S4"),
    ("a certificate of another authority does not chain", "issued_certificate_chains_to_authority", A, FAIL,
     lambda: with_node(good_pair(), "A", issued=sourced(certificate("CUCMA", issuer="Else"))), ("CN=Else",), "S4"),
    ("an expired certificate still chains", "issued_certificate_chains_to_authority", A, PASS,
     lambda: with_node(good_pair(), "A", issued=sourced(certificate("CUCMA", days=1))), (), ""),
    ("a certificate without clientAuth breaks the direction its side opens", "certificate_fits_both_roles", A, FAIL,
     lambda: with_identity(good_pair(), "A", certificate("CUCMA", usages=(ExtendedKeyUsageOID.SERVER_AUTH,))),
     ("clientAuth", "A->B fails", "B->A works"), "S4"),
    ("a certificate without serverAuth breaks the other direction", "certificate_fits_both_roles", A, FAIL,
     lambda: with_identity(good_pair(), "A", certificate("CUCMA", usages=(ExtendedKeyUsageOID.CLIENT_AUTH,))),
     ("serverAuth", "B->A fails"), "S4"),
    ("ipsecEndSystem beside both usages is harmless", "certificate_fits_both_roles", A, PASS,
     lambda: with_identity(good_pair(), "A", certificate("CUCMA", usages=(
         ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH, ObjectIdentifier("1.3.6.1.5.5.7.3.5")))), (), ""),
    ("an absent EKU fails where the policy asks for it, with the clause", "certificate_fits_both_roles", A, FAIL,
     lambda: with_identity(good_pair(), "A", certificate("CUCMA", usages=None)), ("RFC 5280", "no restriction"), "S4"),
    ("a chain without a self-signed end is no authority", "authority_ends_in_self_signed_root", "pair", FAIL,
     lambda: replace(good_pair(), authority_chain=(sourced(certificate("Sub", is_ca=True)),)), ("CN=Sub",), "S5"),
    ("a leaf in the place of the root is no authority", "authority_ends_in_self_signed_root", "pair", FAIL,
     lambda: replace(good_pair(), authority_chain=(sourced(certificate("CUCMA")),)), ("not a CA",), "S5"),
    ("a verify-only run finds the root in the trust stores", "authority_ends_in_self_signed_root", "pair", PASS,
     verify_only, (), ""),
    ("an absent root names issuer and store", "peer_root_is_trusted", B, FAIL,
     lambda: with_node(good_pair(), "B", trust=(trusted(root("Else")),)),
     ("CN=CA", "CallManager-trust", "A's certificate"), "S6"),
    ("a root in another store is told from an absent one", "peer_root_is_trusted", B, FAIL,
     lambda: with_node(good_pair(), "B", trust=(trusted(root(), "tomcat-trust"),)), ("tomcat-trust", "wrong store"), "S6"),
    ("an old root of the same name is told by its key", "peer_root_is_trusted", B, FAIL,
     lambda: with_node(good_pair(), "B", trust=(trusted(root("CA", "CA old")),)), ("another key", "key identifier"), "S5"),
    ("trust stores nobody read decide nothing", "peer_root_is_trusted", B, UNDECIDED,
     lambda: with_node(good_pair(), "B", trust=None), ("show cert list trust",), ""),
    ("an expired identity is one finding, its path is not looked for", "peer_identity_has_a_path", "A->B", UNDECIDED,
     lambda: with_identity(good_pair(), "B", certificate("CUCM10", days=29)), ("certificate_is_in_date failed",), "S3"),
    ("the old certificate on the admin page means no upload", "identity_is_the_issued_one", A, FAIL,
     lambda: with_node(good_pair(), "A", own_certificate=sourced(named(self_signed("CUCMA")))),
     ("upload did not happen",), "S7"),
    ("the other node's certificate means swapped files", "identity_is_the_issued_one", A, FAIL,
     lambda: with_node(good_pair(), "A", own_certificate=sourced(named(certificate("CUCM10")))), ("B/CUCM10", "swapped"), "S7"),
    ("a CA certificate as identity means crossed steps", "identity_is_the_issued_one", A, FAIL,
     lambda: with_node(good_pair(), "A", own_certificate=sourced(named(root()))), ("crossed", "cA true"), "S6"),
    ("a self-signed identity is refused", "identity_is_issued_by_authority", A, FAIL,
     lambda: with_node(verify_only(), "A", own_certificate=sourced(named(self_signed("CUCMA")))), ("self-signed",), "S7"),
    ("a certificate is valid up to and including its last second", "certificate_is_in_date", A, PASS,
     lambda: with_identity(good_pair(), "A", certificate("CUCMA", days=30)), (), ""),
    ("one second later it has expired", "certificate_is_in_date", A, FAIL,
     lambda: with_identity(good_pair(), "A", certificate("CUCMA", days=30 - 1 / 86400)), ("expired 0:00:01",), "S3"),
    ("a certificate is valid from its first second on", "certificate_is_in_date", A, PASS,
     lambda: with_identity(good_pair(), "A", certificate("CUCMA", begins=NOW)), (), ""),
    ("one second earlier it is not", "certificate_is_in_date", A, FAIL,
     lambda: with_identity(good_pair(), "A", certificate("CUCMA", begins=NOW + timedelta(seconds=1))),
     ("becomes valid",), "X3"),
]  # fmt: skip


@pytest.mark.parametrize(("check", "subject", "outcome", "evidence", "words", "remedy"), [case[1:] for case in CASES],
                         ids=[case[0] for case in CASES])  # fmt: skip
def test_a_check_says_what_it_should(check, subject, outcome, evidence, words, remedy):
    verdict = verdict_of(judge(evidence(), DEFAULT), check, subject)
    assert verdict.outcome is outcome, verdict.diagnosis
    for word in words:
        assert word in verdict.diagnosis
    assert not remedy or verdict.remedies[0] == remedy
