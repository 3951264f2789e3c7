"""Revocation lists and likely copies of the trunk: kept when they can be had, their absence said when not."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from pytest_cucmtls.ca.embedded import EmbeddedAuthority
from pytest_cucmtls.evidence.load import load_evidence
from pytest_cucmtls.evidence.run_folder import RunFolder
from pytest_cucmtls.model.cucm import SipTrunk
from pytest_cucmtls.model.errors import InterfaceRefused
from pytest_cucmtls.model.inventory import AuthoritySpec
from pytest_cucmtls.model.readings import Reading
from pytest_cucmtls.run.further_evidence import keep_further_evidence
from pytest_cucmtls.wire.x509 import parse_certificate
from pytest_cucmtls.wire.x509_revocation import list_is_signed_by
from tests.evidence_builders import NOW, inventory

ENVELOPE = '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>{}</e:Body></e:Envelope>'
ROWS = "<executeSQLQueryResponse><return>{}</return></executeSQLQueryResponse>"
TRUNK = "<getSipTrunkResponse><return><sipTrunk><name>{}</name></sipTrunk></return></getSipTrunkResponse>"


def reading(value, body: str) -> Reading:
    return Reading(value, ENVELOPE.format(body).encode(), "axl", "query", NOW, "text/xml")


class Axl:
    """Answers the two questions; `names` are the devices of the cluster."""

    def __init__(self, *names: str, refuses: bool = False) -> None:
        self.names, self.refuses, self.asked = names, refuses, []

    def query(self, sql: str) -> Reading:
        self.asked.append(sql)
        if self.refuses:
            raise InterfaceRefused("axl", "executeSQLQuery", "-1", "not authorised")
        rows = "".join(f"<row><name>{name}</name></row>" for name in self.names)
        return reading(tuple({"name": name} for name in self.names), ROWS.format(rows))

    def read_sip_trunk(self, name: str) -> Reading:
        self.asked.append(name)
        return reading(SipTrunk(name), TRUNK.format(name))


def run_with(tmp_path, axl: Axl, authority=None, crl_file: str | None = None):
    stock = inventory(authority=AuthoritySpec(crl_file=crl_file))
    folder = RunFolder(tmp_path / "run")
    folder.begin(stock, started_at=NOW)
    clusters = tuple(SimpleNamespace(name=spec.name, spec=spec, axl=lambda: axl) for spec in stock.clusters)
    return SimpleNamespace(inventory=stock, folder=folder, clusters=clusters, authority=authority, progress=lambda _: None)


def loaded(run):
    keep_further_evidence(run)
    return load_evidence(run.folder.path)


def test_the_embedded_authority_gives_its_own_signed_list(tmp_path):
    authority = EmbeddedAuthority(tmp_path / "ca")
    evidence = loaded(run_with(tmp_path, Axl("to-B"), authority))
    found = evidence.revocation_lists[0].value
    assert list_is_signed_by(found, parse_certificate(authority.chain()[0]))
    assert found.revoked == ()
    assert found.next_update > datetime.now(UTC)


def test_the_users_list_comes_before_the_authoritys_own(tmp_path):
    theirs = EmbeddedAuthority(tmp_path / "theirs")
    (tmp_path / "ca.crl").write_bytes(theirs.revocation_list())
    evidence = loaded(run_with(tmp_path, Axl("to-B"), EmbeddedAuthority(tmp_path / "ours"), str(tmp_path / "ca.crl")))
    assert [list_is_signed_by(one.value, parse_certificate(theirs.chain()[0])) for one in evidence.revocation_lists] == [True]


@pytest.mark.parametrize(("crl_file", "said"), [(None, "authority.crl_file"), ("nowhere.crl", "cannot be read")])
def test_without_a_list_the_evidence_says_why(tmp_path, crl_file, said):
    evidence = loaded(run_with(tmp_path, Axl("to-B"), crl_file=crl_file))
    assert evidence.revocation_lists == ()
    assert any(fact == "revocation list" and said in why for fact, why in evidence.reasons)


def test_a_file_that_is_no_list_is_kept_and_decides_nothing(tmp_path):
    (tmp_path / "ca.crl").write_bytes(b"nonsense")
    evidence = loaded(run_with(tmp_path, Axl("to-B"), crl_file=str(tmp_path / "ca.crl")))
    assert evidence.revocation_lists == ()
    assert any(fact == "revocation list" and "cannot be used" in why for fact, why in evidence.reasons)


def test_every_trunk_whose_name_begins_like_ours_is_read_but_not_ours_again(tmp_path):
    axl = Axl("to-B", "to-B_1")
    evidence = loaded(run_with(tmp_path, axl))
    assert evidence.cluster("A").similar_trunks.value == ("to-B", "to-B_1")
    assert [other.value.name for other in evidence.cluster("A").other_trunks] == ["to-B_1"]
    assert "to-B" not in axl.asked[:2]


def test_a_cluster_that_refuses_the_query_leaves_a_reason(tmp_path):
    evidence = loaded(run_with(tmp_path, Axl(refuses=True)))
    assert evidence.cluster("A").similar_trunks is None
    assert any(fact == "SIP trunks of A" and "not authorised" in why for fact, why in evidence.reasons)
