"""The ECDSA identity of a simulated node beside the RSA one: which is presented, to whom, and what becomes of the call."""

from pathlib import Path

import pytest

from pytest_cucmtls.model.handshakes import Handshake
from pytest_cucmtls.sim.certificates.identities import Identity
from pytest_cucmtls.sim.database import Database
from pytest_cucmtls.sim.releases import RELEASE_15_SU2, RELEASES
from pytest_cucmtls.sim.sip.tls_contexts import served_identities, suites
from pytest_cucmtls.sim.state import ClusterState, NodeState
from tests.other_sip_stacks import ended, needs, running, write_identity
from tests.sim_tls_calls import captured_call
from tests.simulated_nodes import Authority, SimulatedPair, Store, manager, pair, run

PREFERRED = "All Ciphers ECDSA Preferred"


def give_ecdsa(node: NodeState, authority: Authority, name: str) -> Identity:
    """Put a CA-signed CallManager-ECDSA into the node's store."""
    assert isinstance(node.certificates, Store)
    node.certificates.ecdsa = authority.ecdsa_identity(name)
    return node.certificates.ecdsa


def prepared(folder: Path, *, releases: tuple[str, str] = ("15", "14")) -> tuple[SimulatedPair, Identity, Identity]:
    """A pair whose nodes have both identities, each peer expecting both names."""
    ca = Authority()
    both = pair(folder, authority=ca, releases=releases)
    identities = [give_ecdsa(node, ca, name) for node, name in ((both.a, "CUCMA-EC"), (both.b, "CUCM10-EC"))]
    for node, names in ((both.a, "CUCM10,CUCM10-EC"), (both.b, "CUCMA,CUCMA-EC")):
        node.cluster.database.rows("sipTrunkSecurityProfile")[0]["x509SubjectName"] = names
    return both, identities[0], identities[1]


def suite_of(handshake: Handshake) -> str:
    assert handshake.cipher_suite is not None
    return handshake.cipher_suite.openssl or ""


@pytest.mark.parametrize(
    ("setting_of_b", "suite"),
    [
        ("", "ECDHE-RSA-AES256-GCM-SHA384"),
        ("All Ciphers RSA Preferred", "ECDHE-RSA-AES256-GCM-SHA384"),
        (PREFERRED, "ECDHE-ECDSA-AES256-GCM-SHA384"),
        ("Strongest - AES-256 SHA-384 Only: ECDSA Preferred", "ECDHE-ECDSA-AES256-GCM-SHA384"),
        ("ECDSA Ciphers Only", "ECDHE-ECDSA-AES256-GCM-SHA384"),
    ],
)
def test_the_server_presents_the_identity_its_setting_prefers(tmp_path: Path, setting_of_b: str, suite: str) -> None:
    async def work() -> None:
        both, _, ecdsa = prepared(tmp_path)
        both.b.cluster.enterprise_parameters["TLS Ciphers"] = setting_of_b
        async with both:
            call, handshake = await captured_call(both, tmp_path)
            assert call.outcome is not None
            assert call.outcome.status == 200
            assert suite_of(handshake) == suite
            assert (handshake.server_chain[0].der == ecdsa.der) is ("ECDSA" in suite)
            assert len(handshake.server_chain) == 2

    run(work())


def test_a_client_presents_the_identity_its_setting_prefers(tmp_path: Path) -> None:
    async def work() -> None:
        both, ecdsa, _ = prepared(tmp_path)
        both.a.cluster.enterprise_parameters["TLS Ciphers"] = PREFERRED
        async with both:
            call, handshake = await captured_call(both, tmp_path)
            assert call.outcome is not None
            assert call.outcome.status == 200
            assert handshake.client_chain[0].der == ecdsa.der

    run(work())


def test_a_name_nobody_listed_for_the_ecdsa_identity_is_refused_after_a_complete_handshake(tmp_path: Path) -> None:
    async def work() -> None:
        both, _, _ = prepared(tmp_path)
        both.a.cluster.database.rows("sipTrunkSecurityProfile")[0]["x509SubjectName"] = "CUCM10"
        both.b.cluster.enterprise_parameters["TLS Ciphers"] = PREFERRED
        async with both:
            call, handshake = await captured_call(both, tmp_path)
            assert call.outcome is not None
            assert call.outcome.status == 503
            assert handshake.outcome.value == "complete"

    run(work())


def test_an_old_peer_without_ecdsa_suites_still_gets_the_rsa_identity(tmp_path: Path) -> None:
    async def work() -> None:
        both, _, _ = prepared(tmp_path, releases=("10.5", "14"))
        both.b.cluster.enterprise_parameters["TLS Ciphers"] = PREFERRED
        async with both:
            call, handshake = await captured_call(both, tmp_path)
            assert call.outcome is not None
            assert call.outcome.status == 200
            assert suite_of(handshake) == "ECDHE-RSA-AES256-GCM-SHA384"

    run(work())


def test_a_new_ecdsa_identity_is_served_after_the_restart_only(tmp_path: Path) -> None:
    async def work() -> None:
        both, _, first = prepared(tmp_path)
        both.b.cluster.enterprise_parameters["TLS Ciphers"] = PREFERRED
        async with both:
            second = give_ecdsa(both.b, Authority(), "CUCM10-EC")
            _, handshake = await captured_call(both, tmp_path)
            assert handshake.server_chain[0].der == first.der
            await manager(both.b).restart()
            _, handshake = await captured_call(both, tmp_path)
            assert handshake.server_chain[0].der == second.der

    run(work())


@pytest.mark.parametrize("setting", ["", PREFERRED])
def test_with_tls_1_3_the_preferred_identity_is_the_only_one(tmp_path: Path, setting: str) -> None:
    async def work() -> None:
        both, _, _ = prepared(tmp_path)
        for node in (both.a, both.b):
            node.cluster.release = RELEASE_15_SU2
            node.cluster.enterprise_parameters["TLS Ciphers"] = setting
        async with both:
            call, handshake = await captured_call(both, tmp_path)
            assert call.outcome is not None
            assert call.outcome.status == 200
            assert handshake.version == "TLSv1.3"
            loaded = both.b.loaded
            assert loaded is not None
            chosen = loaded.ecdsa_identity if setting else loaded.identity
            assert served_identities(both.b.cluster, loaded) == (chosen,)

    run(work())


@pytest.mark.parametrize("release", ["11.5", "12.5", "14", "15"])
def test_the_default_order_is_rsa_before_ecdsa_within_a_strength(release: str) -> None:
    cluster = ClusterState("x", RELEASES[release], Database())
    assert suites(cluster, {"Encrypted"})[:4] == (
        "ECDHE-RSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES128-GCM-SHA256",
    )
    cluster.enterprise_parameters["TLS Ciphers"] = PREFERRED
    assert suites(cluster, {"Encrypted"})[:2] == ("ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384")


@needs("openssl", "openssl")
@pytest.mark.parametrize(("asked", "shown"), [("ECDHE-ECDSA-AES256-GCM-SHA384", "CN = CUCM10-EC"), ("DEFAULT", "CN = CUCM10")])
def test_openssl_gets_the_identity_that_goes_with_the_suite_it_offers(tmp_path: Path, asked: str, shown: str) -> None:
    async def work() -> None:
        both, _, _ = prepared(tmp_path)
        ca = Authority()
        own, _ = write_identity(tmp_path, ca.identity("CUCMA"), ca.der)
        await manager(both.b).start()
        command = ("openssl", "s_client", "-connect", f"{both.b.ip}:5061", "-tls1_2", "-cipher", asked, "-cert", str(own))
        async with running(*command) as client:
            _, output = await ended(client, b"Q\n")
        subjects = [line for line in output.splitlines() if line.strip().startswith(("0 s:", "subject="))]
        assert any(line.rstrip().endswith(shown) for line in subjects), output
        await manager(both.b).stop()

    run(work())
