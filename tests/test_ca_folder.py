"""The hand-over folder: whatever people drop into it is recognised by its key, or passed over and named."""

import io
import shutil
import zipfile
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, NoEncryption, pkcs12
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_cucmtls.ca.embedded import EmbeddedAuthority
from pytest_cucmtls.ca.folder_files import LARGEST_FILE_BYTES, MOST_MEMBERS, read_folder_file
from pytest_cucmtls.ca.hand_over_folder import SUPERSEDED, HandOverFolder
from pytest_cucmtls.model.errors import CertificateAuthorityRefused, ConfigurationInvalid
from pytest_cucmtls.model.secrets import Secret
from pytest_cucmtls.wire.x509 import parse_certificate
from pytest_cucmtls.wire.x509_sign import generate_key, private_key_pem
from tests.certificate_exports import export_pem, export_pkcs7_der, export_pkcs7_pem, export_windows_base64
from tests.certsrv_stand import request_of

KEY, OTHER_KEY = generate_key(1024), generate_key(1024)
REQUEST = request_of(KEY)
PASSWORD = Secret("folder password")


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedAuthority:
    return EmbeddedAuthority(tmp_path_factory.mktemp("ca"), key_length=1024, with_intermediate=True)


@pytest.fixture(scope="module")
def der(signer: EmbeddedAuthority) -> bytes:
    return signed(signer, REQUEST)


def signed(signer: EmbeddedAuthority, request: bytes) -> bytes:
    number = signer.submit(request, label="by hand")
    signer.issue(number)
    return parse_certificate(signer.retrieve(number)).der


def zipped(**members: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target.getvalue()


def pkcs12_of(certificate: bytes, password: Secret | None, key: object = None) -> bytes:
    encryption = BestAvailableEncryption(password.reveal().encode()) if password else NoEncryption()
    member = x509.load_der_x509_certificate(certificate)
    return pkcs12.serialize_key_and_certificates(
        b"node",
        key,
        member if key else None,
        None if key else [member],
        encryption,  # type: ignore[arg-type]
    )


FORMATS = {
    "pem": lambda der: export_pem([der]),
    "CRLF": export_windows_base64,
    "byte order mark": lambda der: b"\xef\xbb\xbf" + export_pem([der]),
    "UTF-16": lambda der: export_pem([der]).decode().encode("utf-16"),
    "bag attributes": lambda der: b"Bag Attributes\n    localKeyID: 01\nsubject=CN = x\n\n" + export_pem([der]),
    "der": bytes,
    "p7b der": lambda der: export_pkcs7_der([der]),
    "p7b pem": lambda der: export_pkcs7_pem([der]),
    "p7b labelled as a certificate": lambda der: export_pkcs7_pem([der]).replace(b"PKCS7", b"CERTIFICATE"),
    "bare base64": lambda der: b"".join(export_pem([der]).splitlines()[1:-1]),
    "PKCS#12 without a password": lambda der: pkcs12_of(der, None),
    "PKCS#12 with the password": lambda der: pkcs12_of(der, PASSWORD),
    "zip": lambda der: zipped(**{"notes.txt": b"hello", "inner/node.cer": export_pem([der])}),
}


@pytest.mark.parametrize("form", FORMATS)
def test_a_certificate_is_recognised_in_every_format_under_any_name(tmp_path: Path, der: bytes, form: str) -> None:
    folder = HandOverFolder(tmp_path, password=PASSWORD)
    number = folder.submit(REQUEST, label="A-cucm-a")
    assert folder.state(number) == "pending"
    (tmp_path / "re_ your request (2).dat").write_bytes(FORMATS[form](der))
    assert folder.state(number) == "issued"
    assert parse_certificate(folder.retrieve(number)).der == der


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"of the meeting", "holds no certificate"),
        (b"\x30\x82\x00", "holds no certificate"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "holds no certificate"),
        (b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", "X509 CRL"),
        (REQUEST, "is a request"),
        (private_key_pem(OTHER_KEY), "holds a private key"),
        (b"PK\x03\x04 and nonsense", "damaged ZIP"),
        (zipped(), "holds no certificate"),
        (zipped(a=zipped(b=b"")), "ZIP inside a ZIP"),
        (b"x" * (LARGEST_FILE_BYTES + 1), "larger than"),
        (zipped(a=b"\0" * (LARGEST_FILE_BYTES + 1)), "larger than"),
        (zipped(**{f"{number}": b"" for number in range(MOST_MEMBERS + 1)}), "only the first"),
    ],
)
def test_a_file_that_does_not_belong_here_is_passed_over_and_named(tmp_path: Path, content: bytes, reason: str) -> None:
    folder = HandOverFolder(tmp_path / "hand")
    number = folder.submit(REQUEST, label="A")
    (tmp_path / "hand" / "odd file.bin").write_bytes(content)
    assert folder.state(number) == "pending"
    assert "odd file.bin" in folder.advice((number,))
    assert reason in folder.advice((number,))


def test_a_pkcs12_file_with_a_key_or_another_password_is_passed_over(tmp_path: Path, der: bytes) -> None:
    folder = HandOverFolder(tmp_path, password=PASSWORD)
    number = folder.submit(REQUEST, label="A")
    (tmp_path / "key.p12").write_bytes(pkcs12_of(der, PASSWORD, KEY))
    (tmp_path / "other.p12").write_bytes(pkcs12_of(der, Secret("another")))
    assert folder.state(number) == "pending"
    advice = folder.advice((number,))
    assert "key.p12 holds a private key" in advice
    assert "other.p12 is a PKCS#12 file that the configured password does not open" in advice


def test_certificates_under_each_others_names_reach_their_own_requests(tmp_path: Path, signer: EmbeddedAuthority) -> None:
    folder = HandOverFolder(tmp_path)
    requests = {"A": REQUEST, "B": request_of(OTHER_KEY)}
    numbers = {label: folder.submit(request, label=label) for label, request in requests.items()}
    for label, other in (("A", "B"), ("B", "A")):
        (tmp_path / f"{numbers[other]}-{other}.cer").write_bytes(signed(signer, requests[label]))
    for label, key in (("A", KEY), ("B", OTHER_KEY)):
        found = parse_certificate(folder.retrieve(numbers[label]))
        assert x509.load_der_x509_certificate(found.der).public_key() == key.public_key()
        assert found.subject.common_name == "cucm-a.example"


def test_of_two_certificates_for_one_key_the_one_that_fits_the_request_is_taken(
    tmp_path: Path, signer: EmbeddedAuthority, der: bytes
) -> None:
    folder = HandOverFolder(tmp_path)
    number = folder.submit(REQUEST, label="A")
    renamed = signed(signer, request_of(KEY, "somebody.else"))
    (tmp_path / "a.cer").write_bytes(renamed)
    assert parse_certificate(folder.retrieve(number)).der == renamed
    (tmp_path / "b.cer").write_bytes(der)
    (tmp_path / "c.cer").write_bytes(renamed)
    assert parse_certificate(folder.retrieve(number)).der == der


def test_the_same_request_keeps_its_number_in_any_process_and_a_newer_one_supersedes_it(tmp_path: Path) -> None:
    first = HandOverFolder(tmp_path).submit(REQUEST, label="A")
    assert HandOverFolder(tmp_path).submit(REQUEST.replace(b"\n", b"\r\n"), label="A") == first
    assert [path.name for path in tmp_path.glob("*.csr")] == [f"{first}-A.csr"]
    newer = HandOverFolder(tmp_path).submit(request_of(OTHER_KEY), label="A")
    assert [path.name for path in tmp_path.glob("*.csr")] == [f"{newer}-A.csr"]
    assert [path.name for path in (tmp_path / SUPERSEDED).iterdir()] == [f"{first}-A.csr"]


def test_a_request_whose_writing_was_interrupted_does_no_harm(tmp_path: Path) -> None:
    folder = HandOverFolder(tmp_path)
    number = folder.submit(REQUEST, label="A")
    (tmp_path / ".requests" / "00099").mkdir()
    assert HandOverFolder(tmp_path).submit(REQUEST, label="A") == number
    assert HandOverFolder(tmp_path).state(number) == "pending"


def test_the_instructions_say_what_to_do_and_how_each_request_stands(tmp_path: Path, der: bytes) -> None:
    folder = HandOverFolder(tmp_path)
    assert "none yet" in (tmp_path / "README.txt").read_text()
    number = folder.submit(REQUEST, label="A-cucm-a")
    text = (tmp_path / "README.txt").read_text()
    assert f"{number}-A-cucm-a.csr" in text
    assert "waits for its certificate" in text
    assert "clientAuth" in text
    (tmp_path / "x.cer").write_bytes(der)
    HandOverFolder(tmp_path)
    assert "its certificate is here" in (tmp_path / "README.txt").read_text()


def test_the_chain_may_stand_in_a_file_of_its_own(tmp_path: Path, signer: EmbeddedAuthority) -> None:
    chain_file = tmp_path / "chain.p7b"
    chain_file.write_bytes(export_pkcs7_der(signer.chain()))
    assert HandOverFolder(tmp_path / "hand", chain_file=chain_file).chain() == signer.chain()
    chain_file.write_bytes(b"nonsense")
    with pytest.raises(ConfigurationInvalid, match=r"authority\.chain_file"):
        HandOverFolder(tmp_path / "hand", chain_file=chain_file)
    with pytest.raises(ConfigurationInvalid, match=r"authority\.chain_file"):
        HandOverFolder(tmp_path / "hand", chain_file=tmp_path / "absent")


def test_the_chain_is_that_of_our_certificate_whatever_else_lies_there(
    tmp_path: Path, signer: EmbeddedAuthority, der: bytes
) -> None:
    stranger = EmbeddedAuthority(tmp_path / "stranger", key_length=1024)
    hand = tmp_path / "hand"
    folder = HandOverFolder(hand)
    folder.submit(REQUEST, label="A")
    (hand / "1 stranger.pem").write_bytes(export_pem([*stranger.chain(), signed(stranger, request_of(OTHER_KEY))]))
    (hand / "2 ours.pem").write_bytes(export_pem([der, *signer.chain()]))
    assert folder.chain() == signer.chain()


def test_a_folder_without_authority_certificates_says_what_is_missing_and_what_was_of_no_use(tmp_path: Path) -> None:
    folder = HandOverFolder(tmp_path)
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(CertificateAuthorityRefused, match=r"no CA certificate.*notes\.txt holds no certificate"):
        folder.chain()


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.binary(max_size=400), st.binary(max_size=300).map(lambda rest: b"PK\x03\x04" + rest)))
def test_no_file_raises(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    place = tmp_path_factory.mktemp("any")
    (place / "file").write_bytes(content)
    found = read_folder_file(place / "file", PASSWORD)
    assert found
    assert all(bool(one.certificates) != bool(one.ignored) for one in found)
    shutil.rmtree(place)
    assert read_folder_file(place / "file")[0].ignored.startswith("cannot be read")
