"""A plan whose certificates somebody else signs by hand: the run stops, says what is awaited, and goes on days later."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_cucmtls.ca.embedded import EmbeddedAuthority
from pytest_cucmtls.simulated_clusters import SimulatedPair
from pytest_cucmtls.wire.x509 import pem_of
from tests.cluster_truth import truth_of, untold
from tests.plan_runs import Desk
from tests.procedure_runs import simulated_pair


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with simulated_pair(tmp_path / "simulator") as pair:
        text = pair.inventory_file.read_text()
        pair.inventory_file.write_text(text.replace('kind = "embedded"', f'kind = "folder"\nfolder = "{tmp_path / "handover"}"'))
        yield Desk(SimulatedPair(pair.inventory_file, pair.credentials_file, pair.process_id), tmp_path)


def sign_everything(folder: Path, authority: EmbeddedAuthority) -> None:
    """The person with the CA."""
    for request in folder.glob("*.csr"):
        number = authority.submit(request.read_bytes(), label=request.stem)
        authority.issue(number)
        (folder / f"{request.stem}.cer").write_bytes(authority.retrieve(number))


def test_a_run_waits_for_the_authority_across_sessions(desk: Desk) -> None:
    authority = EmbeddedAuthority(desk.folder / "their-ca")
    handover = desk.folder / "handover"
    handover.mkdir()
    (handover / "root.cer").write_text(pem_of(authority.chain()[-1]))
    before = truth_of(desk.pair)
    assert desk.plan().code == 0
    trust = {change.bound for change in desk.planned().changes if change.step == 6}
    assert all(len(bound) == 64 for bound in trust), "the root is known, so the plan binds its fingerprint"
    assert desk.approve().code == 0

    first = desk.apply()
    assert first.code == 3
    assert "to continue: cucmtls apply" in first.errors
    assert len(list(handover.glob("*.csr"))) == 2
    assert untold(before, truth_of(desk.pair), desk.run_folder) == []
    assert desk.apply().code == 3
    assert len(list(handover.glob("*.csr"))) == 2, "asked once, not once per session"

    sign_everything(handover, authority)
    last = desk.apply()
    assert last.code == 0, last.output + last.errors
    assert untold(before, truth_of(desk.pair), desk.run_folder) == []


def test_a_certificate_of_another_authority_is_not_what_was_approved(desk: Desk) -> None:
    theirs, others = (EmbeddedAuthority(desk.folder / name) for name in ("their-ca", "other-ca"))
    handover = desk.folder / "handover"
    handover.mkdir()
    (handover / "root.cer").write_text(pem_of(theirs.chain()[-1]))
    assert desk.plan().code == desk.approve().code == 0
    assert desk.apply().code == 3
    before = truth_of(desk.pair)
    (handover / "root.cer").write_text(pem_of(others.chain()[-1]))
    sign_everything(handover, others)
    said = desk.apply()
    assert said.code == 3
    assert "the clusters changed since the plan was made: authority: was" in said.errors
    assert truth_of(desk.pair) == before
