"""`cucmtls doctor` on a running simulated pair: all good as it is, and every probe finds what it is there for."""

import json
import os
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pytest_cucmtls.ca.authority import CertificateAuthority
from pytest_cucmtls.ca.hand_over_folder import HandOverFolder
from pytest_cucmtls.cli import main
from pytest_cucmtls.clients.https import HttpsSession
from pytest_cucmtls.clients.soap_service import SoapService, ast_child, ast_element
from pytest_cucmtls.inventory import Credentials
from pytest_cucmtls.model.inventory import AuthoritySpec, ClusterSpec, Inventory, Mode
from pytest_cucmtls.model.secrets import Secret
from pytest_cucmtls.preflight.register import all_probes
from pytest_cucmtls.preflight.results import Row, Standing, exit_code
from pytest_cucmtls.preflight.run_probes import run_probes
from pytest_cucmtls.preflight.views import MachineView
from pytest_cucmtls.simulated_clusters import SimulatedPair
from tests.procedure_runs import simulated_pair

WIDEST = 80
MESH = (("london", "1018"), ("paris", "2018"), ("rome", "3018"))


@dataclass
class Ward:
    """A simulated pair and hands on it."""

    pair: SimulatedPair
    inventory: Inventory
    credentials: Credentials

    def post(self, page: str, body: bytes = b"", cluster: int = 0) -> None:
        spec = self.inventory.clusters[cluster]
        with closing(HttpsSession(spec.publisher, "nobody", Secret(""), ca_bundle=spec.ca_bundle)) as session:
            session.post("simulator", page, f"/simulator/{page}", body, {})

    def inject(self, fault: str) -> None:
        self.post("faults", json.dumps({"fault": fault}).encode())

    def rows(self, inventory: Inventory | None = None, authority: Callable[[], CertificateAuthority] | None = None) -> list[Row]:
        chosen = inventory or self.inventory
        machine = MachineView(chosen, chosen.clusters, authority or _no_authority)
        return list(run_probes(machine, self.credentials))

    def with_a(self, **changes: Any) -> Inventory:
        """The inventory with another cluster A."""
        return replace(self.inventory, cluster_a=replace(self.inventory.cluster_a, **changes))


def _no_authority() -> CertificateAuthority:
    raise AssertionError("nobody should open the authority here")


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    with simulated_pair(tmp_path_factory.mktemp("pair")) as pair:
        started = Ward(pair, pair.inventory(Mode.APPLY, None), Credentials(pair.credentials_file))
        for cluster in (0, 1):
            started.post("faults", b'{"fault": "device_queries_unlimited"}', cluster)
            started.post("checkpoint", b"", cluster)
        yield started


@contextmanager
def broken(ward: Ward, *faults: str) -> Iterator[None]:
    """The pair with faults in cluster A, whole again afterwards."""
    for fault in faults:
        ward.inject(fault)
    try:
        yield
    finally:
        ward.post("restore")


def the_row(rows: list[Row], probe: str, cluster: str = "A") -> Row:
    return next(row for row in rows if row.probe == probe and row.cluster in (cluster, ""))


def worse(rows: list[Row]) -> set[tuple[str, str]]:
    """(probe, standing) of every row that is not as it should be."""
    good = {Standing.OK, Standing.NOT_APPLICABLE}
    return {(row.probe, row.standing.value) for row in rows if row.standing not in good}


def test_a_simulated_pair_is_all_good_and_nothing_was_changed(ward: Ward) -> None:
    ward.post("protect")
    try:
        rows = ward.rows()
        assert worse(rows) == set()
        assert exit_code(tuple(rows)) == 0
        assert ward.pair.writes() == []
    finally:
        ward.post("restore")


def test_every_probe_is_asked_at_its_places(ward: Ward) -> None:
    rows = ward.rows()
    assert {row.probe for row in rows} == {probe.id for probe in all_probes()}
    assert len({(row.probe, row.cluster, row.node) for row in rows}) == len(rows)


FAULTS = [
    ("axl_not_activated", "axl_reads", Standing.PROBLEM, "404"),
    ("administrator_may_only_read", "axl_writes", Standing.PROBLEM, "Read Only"),
    ("trace_level_error_only", "trace_level", Standing.PROBLEM, "cucm-a.alpha.example: 1"),
    ("serviceability_role_missing", "control_center", Standing.PROBLEM, "lacks the role"),
    ("serviceability_role_missing", "log_collection", Standing.PROBLEM, "lacks the role"),
    ("serviceability_role_missing", "file_download", Standing.PROBLEM, "lacks the role"),
    ("serviceability_role_missing", "risport", Standing.PROBLEM, "lacks the role"),
    ("device_queries_limited", "risport", Standing.CANNOT_SAY, "1 requests per minute"),
    ("webdialer_not_activated", "webdialer", Standing.PROBLEM, "not activated"),
    ("platform_privilege_zero", "platform_privilege", Standing.PROBLEM, "level 1 is missing"),
    ("clock_ahead", "clock", Standing.PROBLEM, "days ahead"),
    ("clock_ahead", "ntp", Standing.PROBLEM, "unsynchronised"),
    ("ntp_unsynchronised", "ntp", Standing.PROBLEM, "unsynchronised"),
    ("disk_full", "free_space", Standing.PROBLEM, "98 % used"),
    ("unknown_release", "release_as_declared", Standing.PROBLEM, "99.9.1.10000-1, declared is 15"),
    ("export_unrestricted_software", "software_may_encrypt", Standing.PROBLEM, "UNRST is export-unrestricted"),
    ("axl_memory_fault", "axl_reads", Standing.CANNOT_SAY, "Memory"),
]


@pytest.mark.parametrize(("fault", "probe", "standing", "words"), FAULTS, ids=[f"{row[0]}-{row[1]}" for row in FAULTS])
def test_a_fault_shows_in_its_row_with_a_repair_and_in_no_row_of_the_other_cluster(
    fault: str, probe: str, standing: Standing, words: str, ward: Ward
) -> None:
    with broken(ward, fault, *(["device_queries_limited"] if words.startswith("1 req") else [])):
        if words.startswith("1 req"):
            ward.rows()  # uses up the one query of the minute
        rows = ward.rows()
    row = the_row(rows, probe)
    assert row.standing is standing, row
    assert words in row.found
    assert row.repair
    assert worse([row for row in rows if row.cluster == "B"]) == set()


def test_a_stopped_call_manager_is_found_by_its_service_and_by_its_port(ward: Ward) -> None:
    spec = ward.inventory.cluster_a
    order = ast_element("soapDoControlServices")
    control = ast_child(order, "ControlServiceRequest")
    ast_child(control, "NodeName", spec.publisher.name)
    ast_child(control, "ControlType", "Stop")
    ast_child(ast_child(control, "ServiceList"), "item", "Cisco CallManager")
    session = HttpsSession(spec.publisher, spec.axl.user, ward.credentials.password(spec.axl), ca_bundle=spec.ca_bundle)
    with broken(ward), closing(session):
        SoapService(session, "control-center", "/controlcenterservice2/services/ControlCenterServices").send(
            "soapDoControlServices", order
        )
        rows = ward.rows()
    assert the_row(rows, "call_manager_runs").standing is Standing.PROBLEM
    assert "Stop" in the_row(rows, "call_manager_runs").found
    assert the_row(rows, "sip_reachable").standing is Standing.PROBLEM
    assert the_row(rows, "risport").standing is Standing.PROBLEM, "the phone is not registered with a stopped service"


def test_a_cut_cli_session_is_resumed_and_nothing_is_missing(ward: Ward) -> None:
    with broken(ward, "cli_session_dropped"):
        assert worse(ward.rows()) == set()


class OtherPasswords(Credentials):
    """The pair's, one of them wrong; counts how often it is asked for."""

    def __init__(self, file: Path, variable: str) -> None:
        super().__init__(file)
        self._from_file[variable] = "not-the-password"


@pytest.mark.parametrize(
    ("account", "probe", "untried"),
    [
        ("AXL", "axl_reads", {"control_center", "log_collection", "risport"}),
        ("PLATFORM", "platform_login", {"certificate_rest", "clock"}),
    ],
)
def test_a_wrong_password_is_sent_once_and_never_shown(account: str, probe: str, untried: set[str], ward: Ward) -> None:
    credentials = OtherPasswords(ward.pair.credentials_file, f"CUCMTLS_A_{account}_PASSWORD")
    machine = MachineView(ward.inventory, ward.inventory.clusters, _no_authority)
    rows = list(run_probes(machine, credentials))
    row = the_row(rows, probe)
    assert row.standing is Standing.PROBLEM
    assert "refused user" in row.found
    for name in untried:
        assert the_row(rows, name).standing is Standing.CANNOT_SAY
        assert the_row(rows, name).found.startswith("not tried")
    refused = [row for row in rows if "refused user" in row.found]
    assert len(refused) == 1, "another attempt might lock the account"
    assert "not-the-password" not in json.dumps([row.as_json() for row in rows])


def test_a_test_call_user_with_a_wrong_password_or_without_a_phone_is_found(ward: Ward) -> None:
    credentials = OtherPasswords(ward.pair.credentials_file, "CUCMTLS_A_CALL_PASSWORD")
    machine = MachineView(ward.inventory, ward.inventory.clusters, _no_authority)
    row = the_row(list(run_probes(machine, credentials)), "call_user")
    assert row.standing is Standing.PROBLEM
    assert "code 2" in row.found
    assert "not-the-password" not in row.found + row.repair


def test_a_missing_password_is_named_and_what_rests_on_it_is_not_tried(ward: Ward) -> None:
    absent = replace(ward.inventory.cluster_a.axl, password_variable="CUCMTLS_NOBODY_SET_THIS")
    rows = ward.rows(ward.with_a(axl=absent))
    assert "CUCMTLS_NOBODY_SET_THIS" in the_row(rows, "passwords").found
    assert the_row(rows, "axl_reads").standing is Standing.CANNOT_SAY


def test_another_bundle_and_another_host_key_are_not_trusted(ward: Ward) -> None:
    a = ward.inventory.cluster_a
    strange = replace(a.publisher, ssh_host_key="SHA256:" + "A" * 43)
    rows = ward.rows(ward.with_a(ca_bundle=ward.inventory.cluster_b.ca_bundle, nodes=(strange,)))
    for probe in ("https_trusted", "ssh_trusted"):
        row = the_row(rows, probe)
        assert row.standing is Standing.PROBLEM
        assert "trust" in row.repair or "ca_bundle" in row.repair
    assert the_row(rows, "platform_login").found.startswith("not tried"), "no password goes to an unknown node"
    assert the_row(rows, "axl_reads").found.startswith("not tried")


def test_files_that_vouch_for_nodes_must_exist(ward: Ward, tmp_path: Path) -> None:
    rows = ward.rows(ward.with_a(ca_bundle=str(tmp_path / "none.pem")))
    assert "there is no file" in the_row(rows, "trust_files").found
    plain = replace(ward.inventory.cluster_a.publisher, ssh_host_key=None)
    assert "no SSH host key is known" in the_row(ward.rows(ward.with_a(nodes=(plain,))), "trust_files").found


def test_closed_ports_are_unreachable_and_end_what_rests_on_them(ward: Ward) -> None:
    node = ward.inventory.cluster_a.publisher
    with socket.socket() as bound:
        bound.bind((node.address, 0))  # bound, not listening: nobody answers there
        port = bound.getsockname()[1]
        deaf = replace(node, https_port=port, ssh_port=port, sip_port=port)
        rows = ward.rows(ward.with_a(nodes=(deaf,)))
    for probe in ("https_reachable", "ssh_reachable", "sip_reachable"):
        assert the_row(rows, probe).standing is Standing.PROBLEM
        assert str(port) in the_row(rows, probe).repair
    assert {row.standing for row in rows if row.cluster == "A" and row.probe.startswith(("axl", "platform", "clock"))} == {
        Standing.CANNOT_SAY
    }


@pytest.mark.parametrize(("declared", "standing"), [("15", Standing.OK), ("14", Standing.PROBLEM), (None, Standing.CANNOT_SAY)])
def test_the_release_is_compared_with_the_declared_one(declared: str | None, standing: Standing, ward: Ward) -> None:
    assert the_row(ward.rows(ward.with_a(release=declared)), "release_as_declared").standing is standing


def test_a_phone_nobody_knows_is_found_only_where_calls_are_placed(ward: Ward) -> None:
    strange = ward.with_a(phone="SEP000000000000")
    assert the_row(ward.rows(strange), "risport").standing is Standing.PROBLEM
    rows = ward.rows(replace(strange, place_calls=False))
    assert the_row(rows, "risport").standing is Standing.OK
    assert the_row(rows, "webdialer").standing is Standing.NOT_APPLICABLE
    assert the_row(rows, "call_user").standing is Standing.NOT_APPLICABLE


def test_mode_verify_needs_neither_the_writing_role_nor_an_authority(ward: Ward) -> None:
    with broken(ward, "administrator_may_only_read"):
        rows = ward.rows(replace(ward.inventory, mode=Mode.VERIFY))
    assert the_row(rows, "axl_writes").standing is Standing.OK
    assert the_row(rows, "authority_answers").standing is Standing.NOT_APPLICABLE
    assert worse(rows) == set()


def test_an_authority_that_does_not_answer_is_found(ward: Ward, tmp_path: Path) -> None:
    inventory = replace(ward.inventory, authority=AuthoritySpec(kind="folder", folder=str(tmp_path)))
    row = the_row(ward.rows(inventory, lambda: HandOverFolder(tmp_path)), "authority_answers")
    assert row.standing is not Standing.OK
    assert "no CA certificate" in row.found


def test_the_table_fits_eighty_columns_and_gives_a_repair_for_each_failing_row(
    ward: Ward, capsys: pytest.CaptureFixture[str]
) -> None:
    with broken(ward, "webdialer_not_activated", "ntp_unsynchronised", "export_unrestricted_software"):
        code = main(["doctor", "--inventory", str(ward.pair.inventory_file)])
    shown = capsys.readouterr().out
    assert code == 1
    assert max(len(line) for line in shown.splitlines()) <= WIDEST
    assert len(re.findall(r"^  PROBLEM", shown, re.MULTILINE)) == 3
    assert len(re.findall(r"^  (?:PROBLEM|unknown)", shown, re.MULTILINE)) == shown.count("repair:") == 4


def test_json_holds_every_row_and_the_exit_code(ward: Ward, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json", "--mode", "verify", "--inventory", str(ward.pair.inventory_file)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["exit_code"], document["mode"]) == ("cucmtls-doctor-1", 0, "verify")
    assert {row["probe"] for row in document["rows"]} == {probe.id for probe in all_probes()}
    secret = ward.credentials.password(ward.inventory.cluster_a.axl).reveal()
    assert secret not in json.dumps(document)


def test_an_inventory_of_simulated_addresses_is_started_for_the_look(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "clusters.toml"
    file.write_text(simulated_inventory())
    assert main(["doctor", "--inventory", str(file)]) == 0, capsys.readouterr().out


def simulated_inventory() -> str:
    """A very old and a very new cluster: everything that differs between releases is asked in both ways."""
    return "".join(
        _cluster(name, release, extension) for name, release, extension in (("A", "15su5", "1018"), ("B", "9.1", "9898"))
    )


def _cluster(name: str, release: str, extension: str) -> str:
    accounts = "".join(
        f'[clusters.{name}.{kind}]\nuser = "{kind}user"\npassword_variable = "T_{name}_{kind.upper()}_{os.getpid()}"\n'
        for kind in ("axl", "platform", "call")
    )
    return (
        f'[clusters.{name}]\nrelease = "{release}"\nextension = "{extension}"\nphone = "SEP00112233{extension}"\n'
        f'trunk = "to-peer"\n{accounts}[[clusters.{name}.nodes]]\nname = "cucm-{name.lower()}"\naddress = "sim://{release}"\n'
    )


def test_a_missing_inventory_is_a_matter_of_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--inventory", str(tmp_path / "none.toml")]) == 2
    assert "none.toml" in capsys.readouterr().err


def test_the_specs_of_this_module_are_the_pairs(ward: Ward) -> None:
    assert all(isinstance(spec, ClusterSpec) for spec in ward.inventory.clusters)


def test_subscribers_are_asked_what_concerns_every_node(tmp_path: Path) -> None:
    with simulated_pair(tmp_path, "two-nodes") as pair:
        inventory = pair.inventory(Mode.VERIFY, None)
        rows = run_probes(MachineView(inventory, inventory.clusters, _no_authority), Credentials(pair.credentials_file))
    assert worse(list(rows)) == set()
    places = {(row.cluster, row.node) for row in rows if row.node}
    assert len(places) == 4
    of_nodes, of_publishers = (
        {row.probe for row in rows if row.node == node.name and row.cluster == "A"} for node in inventory.cluster_a.nodes[::-1]
    )
    assert of_publishers - of_nodes == {"axl_reads", "axl_writes", "trace_level", "risport", "webdialer", "call_user"}
    assert [row.place for row in rows] == sorted((row.place for row in rows), key=[row.place for row in rows].index)


def test_every_cluster_of_a_mesh_is_looked_at(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mesh.toml"
    clusters = [_cluster(name, "14", number).replace('trunk = "to-peer"\n', "") for name, number in MESH]
    file.write_text('mesh = "full"\n' + "".join(clusters))
    code = main(["doctor", "--json", "--mode", "verify", "--inventory", str(file)])
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert {row["cluster"] for row in rows} == {"", *(name for name, _ in MESH)}
    assert code == 0, [row for row in rows if row["standing"] in ("problem", "cannot say")]
