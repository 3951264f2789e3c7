"""Which cluster a capture, a trace and a certificate belong to, and which files are refused before anything is judged."""

from pathlib import Path

import pytest

from pytest_cucmtls.evidence.given.given_files import GivenFiles, read_given
from pytest_cucmtls.evidence.given.sides import find_sides
from pytest_cucmtls.evidence.judged_files import judge_files
from pytest_cucmtls.model.errors import ConfigurationInvalid, FileUnreadable
from tests.judged_cases import FIRST, SECOND, capture_bytes, given_of, write_case
from tests.tls_pairs import identity


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_case(tmp_path_factory.mktemp("case"))


def sides_of(given: GivenFiles) -> dict[str, str]:
    return find_sides(given, read_given(given)).cluster_of


def test_a_capture_alone_names_the_two_ends(case: Path) -> None:
    sides = find_sides(given := GivenFiles(captures=(case / "packets.cap",)), read_given(given))
    assert sides.cluster_of == {FIRST: "A", SECOND: "B"}
    assert any("opened the first connection" in note for note in sides.notes)


def test_certificates_decide_against_the_order_of_connections(case: Path) -> None:
    swapped = (("A", case / "cucm10.pem"), ("B", case / "cucma.pem"))
    assert sides_of(given_of(case, certificates=swapped)) == {FIRST: "B", SECOND: "A"}


def test_one_certificate_is_enough(case: Path) -> None:
    given = GivenFiles(captures=(case / "packets.cap",), certificates=(("B", case / "cucma.pem"),))
    assert sides_of(given) == {FIRST: "B", SECOND: "A"}


def test_traces_alone_name_the_two_ends(case: Path) -> None:
    assert sides_of(GivenFiles(traces=given_of(case).traces)) == {FIRST: "A", SECOND: "B"}


def test_names_of_the_user_are_kept(case: Path) -> None:
    given = given_of(case, certificates=(("london", case / "cucma.pem"), ("paris", case / "cucm10.pem")))
    assert sides_of(given) == {FIRST: "london", SECOND: "paris"}


def test_several_pairs_need_the_users_word(case: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.cap"
    other.write_bytes(capture_bytes(client="10.0.0.7", server="10.0.0.8"))
    captures = (case / "packets.cap", other)
    with pytest.raises(ConfigurationInvalid, match=r"2 pairs of nodes.*--node A=ADDRESS"):
        sides_of(GivenFiles(captures=captures))
    given = GivenFiles(captures=captures, addresses=(("A", "10.0.0.7"), ("B", "10.0.0.8")))
    assert sides_of(given) == {"10.0.0.7": "A", "10.0.0.8": "B"}


def test_several_partners_need_the_users_word(tmp_path: Path) -> None:
    for number, server in enumerate(("10.0.0.8", "10.0.0.9")):
        (tmp_path / f"{number}.cap").write_bytes(capture_bytes(client="10.0.0.7", server=server))
    captures = tuple(sorted(tmp_path.iterdir()))
    with pytest.raises(ConfigurationInvalid, match=r"--node B.*10\.0\.0\.8, 10\.0\.0\.9"):
        sides_of(GivenFiles(captures=captures, addresses=(("A", "10.0.0.7"),)))


def test_an_address_of_both_sides_is_a_mistake(case: Path) -> None:
    with pytest.raises(ConfigurationInvalid, match="both A and B"):
        sides_of(given_of(case, addresses=(("A", FIRST), ("B", FIRST))))


def test_three_clusters_are_a_mistake(case: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationInvalid, match="two clusters"):
        judge_files(given_of(case, extensions=(("C", "1"),)), tmp_path / "o")


@pytest.mark.parametrize("content", [b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_file_that_is_no_certificate_is_named(case: Path, tmp_path: Path, content: bytes) -> None:
    bad = tmp_path / "bad.pem"
    bad.write_bytes(content)
    with pytest.raises(FileUnreadable, match=r"bad\.pem"):
        judge_files(given_of(case, certificates=(("A", bad),)), tmp_path / "o")


def test_a_private_key_never_becomes_evidence(case: Path, tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match="private key"):
        judge_files(given_of(case, certificates=(("A", identity("cucma").path),)), tmp_path / "o")
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize(("option", "name"), [("captures", "SDL-a.txt"), ("traces", "packets.cap"), ("captures", "absent")])
def test_a_file_of_another_kind_is_named(case: Path, tmp_path: Path, option: str, name: str) -> None:
    with pytest.raises(FileUnreadable, match=name):
        judge_files(given_of(case, **{option: (case / name,)}), tmp_path / "o")


def test_a_folder_in_use_is_refused(case: Path) -> None:
    with pytest.raises(ConfigurationInvalid, match="not empty"):
        judge_files(given_of(case), case)
