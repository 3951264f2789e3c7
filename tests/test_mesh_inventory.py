"""Inventories of many clusters: which trunks they declare, under what names, and what is refused."""

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.inventory import parse_inventory
from pytest_cucmtls.mesh_inventory import parse_mesh
from pytest_cucmtls.mesh_tests import trunk_of_test
from pytest_cucmtls.model.errors import ConfigurationInvalid
from pytest_cucmtls.model.inventory import Mode
from pytest_cucmtls.model.mesh import MOST_CLUSTERS, rounds, trunk_name
from pytest_cucmtls.sim.inventory_plan import PlanUnusable, parse_plan
from tests.mesh_files import mesh_text


def test_a_full_mesh_has_one_trunk_for_every_two_clusters() -> None:
    mesh = parse_mesh(mesh_text(4))
    assert [cluster.name for cluster in mesh.clusters] == ["c01", "c02", "c03", "c04"]
    assert mesh.names == ("c01--c02", "c01--c03", "c01--c04", "c02--c03", "c02--c04", "c03--c04")
    assert len(mesh.directions) == 12


def test_every_trunk_is_the_inventory_of_its_pair_with_names_of_its_own() -> None:
    mesh = parse_mesh(mesh_text(3))
    pair = mesh.trunk("c02--c03")
    assert (pair.cluster_a.trunk, pair.cluster_b.trunk) == ("to-c03", "to-c02")
    assert pair.cluster_a.security_profile == "Secure SIP Trunk Profile TLS c03"
    assert pair.mode is Mode.VERIFY
    assert mesh.trunks_of("c01") == (mesh.trunk("c01--c02"), mesh.trunk("c01--c03"))


def test_a_cluster_names_its_trunks_by_a_template_of_its_own() -> None:
    mesh = parse_mesh(mesh_text(3, of_clusters='trunk = "SIP_{peer}"\nsecurity_profile = "TLS"'))
    assert [side.trunk for trunk in mesh.trunks for side in trunk.clusters] == [
        "SIP_c02", "SIP_c01", "SIP_c03", "SIP_c01", "SIP_c03", "SIP_c02",
    ]  # fmt: skip
    assert {side.security_profile for trunk in mesh.trunks for side in trunk.clusters} == {"TLS"}


def test_an_entry_changes_the_names_of_one_trunk_whatever_the_order_it_names_the_clusters_in() -> None:
    entry = '[[trunks]]\nbetween = ["c03", "c01"]\nc01 = { trunk = "X", x509_subject_names = ["n"], route_pattern = "4.!" }\n'
    mesh = parse_mesh(mesh_text(3) + entry)
    changed = mesh.trunk("c01--c03").cluster_a
    assert (changed.trunk, changed.x509_subject_names, changed.route_pattern) == ("X", ("n",), "4.!")
    assert mesh.trunk("c01--c03").cluster_b.trunk == "to-c01"
    assert mesh.trunk("c01--c02").cluster_a.trunk == "to-c02"


def test_without_the_full_mesh_there_are_only_the_trunks_that_are_declared() -> None:
    text = mesh_text(3, head="") + '[[trunks]]\nbetween = ["c03", "c01"]\n[[trunks]]\nbetween = ["c02", "c03"]\n'
    assert parse_mesh(text).names == ("c01--c03", "c02--c03")


def test_two_clusters_with_a_declared_trunk_are_a_mesh_of_one_pair() -> None:
    assert parse_mesh(mesh_text(2)).names == ("c01--c02",)


def test_a_pair_without_declared_trunks_is_what_it_always_was() -> None:
    pair = parse_inventory(mesh_text(2, head="", of_clusters='trunk = "T"'))
    assert [cluster.trunk for cluster in pair.clusters] == ["T", "T"]


def test_whoever_works_on_pairs_says_that_a_mesh_is_none() -> None:
    with pytest.raises(ConfigurationInvalid, match="verify-mesh"):
        parse_inventory(mesh_text(3))
    with pytest.raises(ConfigurationInvalid, match=r"mesh = .full."):
        parse_inventory(mesh_text(3, head="", of_clusters='trunk = "T"'))


@pytest.mark.parametrize(("clusters", "accepted"), [(1, False), (2, True), (MOST_CLUSTERS, True), (MOST_CLUSTERS + 1, False)])
def test_a_mesh_has_two_to_a_hundred_clusters(clusters: int, accepted: bool) -> None:
    text = mesh_text(clusters, address="cucm://localhost")
    if accepted:
        assert len(parse_mesh(text).trunks) == clusters * (clusters - 1) // 2
    else:
        with pytest.raises(ConfigurationInvalid, match="2 to 100 clusters"):
            parse_mesh(text)


@pytest.mark.parametrize(
    ("tail", "key", "problem"),
    [
        ('[[trunks]]\nbetween = ["c01"]\n', "trunks[1].between", "two clusters"),
        ('[[trunks]]\nbetween = ["c01", "c02", "c03"]\n', "trunks[1].between", "two clusters"),
        ('[[trunks]]\nbetween = "c01"\n', "trunks[1].between", "two clusters"),
        ("[[trunks]]\n", "trunks[1].between", "two clusters"),
        ('[[trunks]]\nbetween = ["c01", "paris"]\n', "trunks[1].between", "no cluster 'paris'"),
        ('[[trunks]]\nbetween = ["c01", "c01"]\n', "trunks[1].between", "twice"),
        ('[[trunks]]\nbetween = ["c01", "c02"]\n[[trunks]]\nbetween = ["c02", "c01"]\n', "trunks[2].between", "already"),
        ('[[trunks]]\nbetween = ["c01", "c02"]\nc03 = {}\n', "trunks[1].c03", "unknown key"),
        ('[[trunks]]\nbetween = ["c01", "c02"]\nc01 = 7\n', "trunks[1].c01", "table"),
        ('[[trunks]]\nbetween = ["c01", "c02"]\nc01 = { extension = "1" }\n', "trunks[1].c01.extension", "unknown key"),
        ('[[trunks]]\nbetween = ["c01", "c02"]\nc01 = { trunk = "to-c03" }\n', "clusters.c01.trunk", "both called"),
    ],
)
def test_a_mistake_in_an_entry_is_named_with_its_place_and_line(tail: str, key: str, problem: str) -> None:
    with pytest.raises(ConfigurationInvalid, match=problem) as raised:
        parse_mesh(mesh_text(3) + tail)
    assert key in str(raised.value)


@pytest.mark.parametrize(
    ("head", "of_clusters", "problem"),
    [
        ('mesh = "star"', "", "must be .full."),
        ("mesh = true", "", "must be .full."),
        ("trunks = 3", "", "tables"),
        ("trunks = []", "", "has no trunk"),
        ('mesh = "full"\nmode = "apply"', "", "verified only"),
        ('mesh = "full"\nunheard = 1', "", "unknown key"),
        ('mesh = "full"', 'trunk = "same"', "both called"),
        ('mesh = "full"', "trunk = 5", "both called|non-empty text"),
        ('mesh = "full"', 'call_driver = "operator"', "is for a pair"),
        ('mesh = "full"', 'x509_subject_names = ["n"]', "belong to one peer"),
    ],
)
def test_a_mistake_about_the_mesh_is_refused(head: str, of_clusters: str, problem: str) -> None:
    with pytest.raises(ConfigurationInvalid, match=problem):
        parse_mesh(mesh_text(3, head=head, of_clusters=of_clusters))


@pytest.mark.parametrize(
    "text", ["", "mesh = 'full'", "mesh = 'full'\nclusters = 3", "mesh = 'full'\n[clusters]\na = 1\nb = 2", "[[["]
)
def test_a_file_without_clusters_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationInvalid):
        parse_mesh(text)


def test_two_trunks_of_one_name_are_refused() -> None:
    text = mesh_text(3).replace("c01", "a").replace("c02", "b--c").replace("c03", "a--b")
    text += mesh_text(1, head="").replace("c01", "c")
    with pytest.raises(ConfigurationInvalid, match="a--b--c"):
        parse_mesh(text)


def test_the_simulator_gives_every_trunk_the_same_names() -> None:
    text = mesh_text(3, address="sim://15") + '[[trunks]]\nbetween = ["c01", "c03"]\nc01 = { trunk = "X" }\n'
    plan = parse_plan(text)
    assert [(side.peer, side.trunk) for side in plan.clusters[0].trunks] == [("c02", "to-c02"), ("c03", "X")]
    assert plan.mesh
    with pytest.raises(PlanUnusable, match="unknown key"):
        parse_plan(text + "c02 = {}\n")


@given(st.integers(2, 24), st.randoms(use_true_random=False))
@settings(max_examples=50)
def test_rounds_hold_every_pair_once_and_nobody_twice_in_one(clusters: int, random: object) -> None:
    names = [f"n{number}" for number in range(clusters)]
    pairs = [pair for pair in combinations(names, 2) if random.random() < 0.7] or [("n0", "n1")]  # type: ignore[attr-defined]
    found = rounds(pairs)
    assert sorted(pair for meeting in found for pair in meeting) == sorted(pairs)
    for meeting in found:
        taking_part = [name for pair in meeting for name in pair]
        assert len(set(taking_part)) == len(taking_part)


def test_a_full_mesh_of_twenty_takes_nineteen_rounds() -> None:
    assert len(rounds(list(combinations(range(20), 2)))) == 19  # type: ignore[type-var]
    assert len(rounds(list(combinations("abc", 2)))) == 3


def test_trunk_names_are_those_of_both_clusters_in_file_order() -> None:
    assert [trunk_name(trunk) for trunk in parse_mesh(mesh_text(2)).trunks] == ["c01--c02"]


@pytest.mark.parametrize(
    ("nodeid", "trunk"),
    [
        ("t.py::test_x[a--b]", "a--b"),
        ("t.py::test_x[a--b-a]", "a--b"),
        ("t.py::test_x[a--b-c-a--b-c]", "a--b-c"),
        ("t.py::test_x[a--b-a->b]@a--b", "a--b"),
        ("t.py::test_x[a--bc]", None),
        ("t.py::test_x", None),
    ],
)
def test_the_trunk_of_a_test_stands_in_its_id(nodeid: str, trunk: str | None) -> None:
    assert trunk_of_test(nodeid, ["a--b-c", "a--b"]) == trunk
