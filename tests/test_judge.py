"""The judge: order, dependencies, crashes, and that nothing becomes a pass when evidence is taken away."""

from dataclasses import fields, replace

import pytest

from pytest_cucmtls.checks.register import Check, all_checks, check, concerns, in_order
from pytest_cucmtls.evidence.judge import judge, judge_with
from pytest_cucmtls.model.cucm import Release
from pytest_cucmtls.model.errors import NoEvidence
from pytest_cucmtls.model.evidence import ClusterEvidence, NodeEvidence
from pytest_cucmtls.model.verdicts import Clause, Judgement, Outcome
from pytest_cucmtls.policies import load_policy, policy_names
from tests.evidence_builders import (
    AES128_SHA,
    NODES,
    capture,
    certificate,
    findings,
    good_pair,
    handshake,
    inventory,
    named,
    request,
    root,
    sourced,
    spec,
    trace,
    trusted,
    verdict_of,
    with_cluster,
    with_node,
    with_wire,
)

DEFAULT = load_policy("cisco-hardening")


def made(name, function, **changes) -> Check:
    plain = {"step": "7", "phase": "config", "scope": "pair", "remedies": ("S7",), "clauses": (), "after": ()}
    data = {**plain, **changes}
    return Check(name, "Title.", "Title.", function=function, module="tests", **data)


def passing(*_):
    return Judgement(Outcome.PASS, "a", "a", "fine")


def failing(*_):
    return Judgement(Outcome.FAIL, "a", "b", "b is not a")


def test_a_good_pair_has_no_finding_and_nothing_undecided():
    outcomes = {verdict.outcome for verdict in judge(good_pair(), DEFAULT)}
    assert outcomes == {Outcome.PASS, Outcome.NOT_APPLICABLE}


def test_the_same_evidence_gives_the_same_verdicts_in_the_same_order():
    assert judge(good_pair(), DEFAULT) == judge(good_pair(), DEFAULT)


def test_verdicts_are_ordered_by_step():
    steps = [verdict.step for verdict in judge(good_pair(), DEFAULT)]
    order = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "V1", "V2"]
    assert [step for place, step in enumerate(steps) if place == 0 or steps[place - 1] != step] == order


def test_a_crash_inside_one_check_is_an_error_that_names_it_and_the_run_goes_on():
    def crashing(*_):
        raise ZeroDivisionError("boom")

    first, second = judge_with(good_pair(), DEFAULT, (made("a_crash", crashing), made("b_pass", passing)))
    assert (first.outcome, second.outcome) == (Outcome.ERROR, Outcome.PASS)
    assert "a_crash" in first.diagnosis
    assert "boom" in first.diagnosis


def test_missing_evidence_is_inconclusive_and_says_what_to_collect():
    def asking(*_):
        raise NoEvidence("the moon", "it is night", collect="Wait for the day.")

    (verdict,) = judge_with(good_pair(), DEFAULT, (made("asks", asking),))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "the moon" in verdict.diagnosis
    assert "it is night" in verdict.diagnosis
    assert "Wait for the day." in verdict.diagnosis


def test_a_check_after_a_failed_one_is_not_evaluated():
    checks = (made("b_later", passing, after=("a_first",)), made("a_first", failing))
    later = verdict_of(judge_with(good_pair(), DEFAULT, checks), "b_later", "pair")
    assert later.outcome is Outcome.INCONCLUSIVE
    assert later.depends_on == ("a_first",)
    assert later.diagnosis.startswith("Not evaluated, because a_first failed")


def test_a_failure_of_one_direction_leaves_the_other_direction_evaluated():
    def one_way(_, __, client, ___):
        return failing() if client.name == "A" else passing()

    checks = (made("a_first", one_way, scope="direction"), made("b_later", passing, scope="direction", after=("a_first",)))
    verdicts = judge_with(good_pair(), DEFAULT, checks)
    assert verdict_of(verdicts, "b_later", "A->B").outcome is Outcome.INCONCLUSIVE
    assert verdict_of(verdicts, "b_later", "B->A").outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("earlier", "later", "touches"),
    [
        ("A", "A", True),
        ("A/n", "A->B", True),
        ("B", "A->B", True),
        ("A", "A/n", True),
        ("A/n", "A", True),
        ("pair", "A/n", True),
        ("A->B", "pair", True),
        ("A", "B", False),
        ("A/n", "A/m", False),
        ("A->B", "B->A", False),
        ("A", "AB", False),
    ],
)
def test_a_subject_touches_what_it_is_part_of(earlier, later, touches):
    assert concerns(earlier, later) is touches


def test_a_check_without_docstring_cannot_be_declared():
    with pytest.raises(TypeError, match="docstring"):
        check("no_words", step="7", phase="config", scope="pair", remedies=(), clauses=())(lambda *_: passing())


def test_checks_that_wait_for_each_other_are_refused():
    with pytest.raises(TypeError, match="wait for each other"):
        in_order((made("a", passing, after=("b",)), made("b", passing, after=("a",))))


def test_a_verdict_that_rests_on_an_unconfirmed_clause_says_so():
    def resting(*_):
        return Judgement(Outcome.FAIL, "a", "b", "b is not a.", clauses=(Clause("Some standard", "§1", "M"),))

    (verdict,) = judge_with(good_pair(), DEFAULT, (made("rests", resting),))
    assert "clause not yet confirmed" in verdict.diagnosis


def test_every_check_has_a_title_that_is_a_sentence_and_an_id_that_is_a_clause():
    for found in all_checks():
        assert len(found.title) > 20, found.id
        assert found.id.replace("_", "").isalnum(), found.id
        assert found.id == found.id.lower()
        assert found.remedies, found.id


def source_document_pair():
    """The document's own pair: 9.1(2) and 10.5(2), TLS 1.0, AES128-SHA, RSA-1024, SHA-1, no SAN."""
    old = {"bits": 1024, "issuer_bits": 1024, "hash_name": "SHA-1", "names": ()}
    leaves = {name: certificate(NODES[name], subject_key=f"{NODES[name]} 1024", issuer_key="CA 1024", **old) for name in "AB"}
    anchor = root("CA", "CA 1024", "SHA-1", 1024)
    stock = inventory(
        cluster_a=spec("A", release="9.1", key_length=1024, hash_algorithm="sha1"),
        cluster_b=spec("B", release="10.5", key_length=1024, hash_algorithm="sha1"),
    )
    evidence = good_pair(inventory=stock, authority_chain=(sourced(anchor, "root"),))
    releases = {"A": Release("9.1.2.10000-28", 9, 1), "B": Release("10.5.2.10000-5", 10, 5)}
    for name in "AB":
        asked = request(NODES[name], 1024, (), "SHA-1")
        evidence = with_node(
            evidence,
            name,
            release=sourced(releases[name], "version"),
            trust=(trusted(anchor),),
            request=sourced(replace(asked, public_key_sha256=leaves[name].public_key_sha256), "csr"),
            issued=sourced(leaves[name], "issued"),
            own_certificate=sourced(named(leaves[name]), "own"),
        )
    wire = []
    for client, server in (("A", "B"), ("B", "A")):
        wire.append(
            handshake(
                client,
                server,
                version="TLSv1.0",
                offered_versions=("TLSv1.0",),
                cipher_suite=AES128_SHA,
                group=None,
                extended_master_secret=False,
                server_chain=(leaves[server], anchor),
                client_chain=(leaves[client], anchor),
            )
        )
    evidence = with_wire(evidence, *wire)
    for name in "AB":
        found = trace(name)
        indications = tuple(replace(entry, cipher="AES128-SHA") for entry in found.certificates)
        evidence = with_node(evidence, name, traces=(sourced(replace(found, certificates=indications), f"sdl-{name}"),))
    return evidence


def test_the_source_documents_pair_passes_its_own_policy():
    assert {verdict.outcome for verdict in judge(source_document_pair(), load_policy("legacy-2015"))} == {
        Outcome.PASS,
        Outcome.NOT_APPLICABLE,
    }


@pytest.mark.parametrize("name", [name for name in policy_names() if name != "legacy-2015"])
def test_the_source_documents_pair_fails_every_other_policy_for_the_four_reasons(name):
    failed = [verdict for verdict in judge(source_document_pair(), load_policy(name)) if verdict.outcome is Outcome.FAIL]
    said = " ".join(verdict.diagnosis for verdict in failed)
    for reason in ("TLS 1.0", "static RSA", "RSA 1024", "SHA-1"):
        assert reason in said, reason
    assert {verdict.check for verdict in failed} >= {
        "version_meets_policy",
        "key_exchange_is_forward_secret",
        "key_is_long_enough",
        "path_hash_is_allowed",
    }


def test_a_modern_pair_passes_the_legacy_policy_too():
    assert not findings(judge(good_pair(), load_policy("legacy-2015")), Outcome.FAIL, Outcome.WARN, Outcome.INCONCLUSIVE)


def removals():
    """(what is taken away, evidence without it) for every optional fact of the first cluster and node."""
    good = good_pair()
    for found in fields(NodeEvidence):
        if found.name != "name":
            empty = () if found.name in {"captures", "traces", "calllogs", "other_identities", "addresses"} else None
            yield f"node {found.name}", with_node(good, "A", **{found.name: empty})
            yield f"node {found.name} of both", with_node(with_node(good, "A", **{found.name: empty}), "B", **{found.name: empty})
    for found in fields(ClusterEvidence):
        if found.name not in {"name", "nodes"}:
            empty = () if found.name.startswith("other_") else None
            yield f"cluster {found.name}", with_cluster(good, "A", **{found.name: empty})
    for name in ("authority_chain", "calls", "witnesses", "steps"):
        yield name, replace(good, **{name: ()})


def bad_pairs():
    yield (
        "null suite",
        with_wire(
            good_pair(),
            *(replace(handshake(a, b), cipher_suite=AES128_SHA, version="TLSv1.0") for a, b in (("A", "B"), ("B", "A"))),
        ),
    )


@pytest.mark.parametrize("what", [name for name, _ in removals()])
def test_taking_evidence_away_from_a_bad_pair_never_turns_a_verdict_to_pass(what):
    bad = dict(bad_pairs())["null suite"]
    before = {(v.check, v.subject): v.outcome for v in judge(bad, DEFAULT)}
    name = what.removeprefix("node ").removeprefix("cluster ").removesuffix(" of both")
    empty = (
        () if name in {"captures", "traces", "calllogs", "other_identities", "addresses"} or name.startswith("other_") else None
    )
    if what.startswith("node"):
        less = with_node(bad, "A", **{name: empty})
        less = with_node(less, "B", **{name: empty}) if what.endswith("of both") else less
    elif what.startswith("cluster"):
        less = with_cluster(bad, "A", **{name: empty})
    else:
        less = replace(bad, **{name: ()})
    for verdict in judge(less, DEFAULT):
        if verdict.outcome is Outcome.PASS:
            assert before[(verdict.check, verdict.subject)] in {Outcome.PASS, Outcome.INCONCLUSIVE}, verdict.check


@pytest.mark.parametrize(("what", "less"), list(removals()), ids=[name for name, _ in removals()])
def test_taking_evidence_away_from_a_good_pair_makes_no_finding(what, less):
    assert what
    assert not findings(judge(less, DEFAULT), Outcome.FAIL, Outcome.ERROR)


def test_without_any_capture_every_handshake_verdict_is_undecided():
    less = with_node(with_node(good_pair(), "A", captures=()), "B", captures=())
    handshakes = [verdict for verdict in judge(less, DEFAULT) if verdict.step == "V1"]
    decided = [v.check for v in handshakes if v.outcome not in {Outcome.INCONCLUSIVE, Outcome.NOT_APPLICABLE}]
    assert decided == []


def test_a_capture_of_the_wrong_interface_is_undecided_and_names_the_absent_address():
    less = with_wire(good_pair(), addresses=("192.0.2.1", "192.0.2.2"), packets=10)
    verdict = verdict_of(judge(less, DEFAULT), "tls_connection_is_established", "A->B")
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "10.1.0.1" in verdict.diagnosis
    assert "wrong" in verdict.diagnosis


def test_an_empty_capture_is_undecided():
    less = with_node(
        with_node(good_pair(), "A", captures=(sourced(capture(packets=0, addresses=())),)),
        "B",
        captures=(sourced(capture(packets=0, addresses=())),),
    )
    verdict = verdict_of(judge(less, DEFAULT), "no_sip_in_clear", "pair")
    assert verdict.outcome is Outcome.INCONCLUSIVE
