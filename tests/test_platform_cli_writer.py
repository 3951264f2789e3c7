"""The platform CLI writer: the procedure's changes against a simulated node, its refusals, and odd paste dialogues."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pytest_cucmtls.clients.platform_cli_writer import PlatformCliWriter
from pytest_cucmtls.model.errors import ConfigurationInvalid, InterfaceRefused, UnexpectedAnswer
from pytest_cucmtls.model.inventory import NodeAddress
from tests.scripted_ssh_server import PASSWORD as SCRIPTED_PASSWORD
from tests.scripted_ssh_server import USER as SCRIPTED_USER
from tests.scripted_ssh_server import ScriptedSshServer, Shell
from tests.simulated_cli_node import PASSWORD, USER, SimulatedCliNode

CA_KEY = ec.generate_private_key(ec.SECP256R1())
NOW = datetime.now(UTC)
DAY = timedelta(days=1)
UNREACHABLE = PlatformCliWriter(NodeAddress("cucm-a", "127.0.0.1", ssh_port=1), USER, PASSWORD)
"""Fails as unreachable if anything is typed at all."""


def name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def issue(
    subject: x509.Name,
    key: object,
    *,
    names: tuple[str, ...] = (),
    until: datetime = NOW + DAY,
    authority: bool = False,
) -> str:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(name("Lab CA"))
        .public_key(key)  # type: ignore[arg-type]
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - 3 * DAY)
        .not_valid_after(until)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(item) for item in names]), critical=False)
    if authority:
        builder = builder.add_extension(x509.BasicConstraints(True, None), critical=True)
    return builder.sign(CA_KEY, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


ROOT = issue(name("Lab CA"), CA_KEY.public_key(), authority=True)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[SimulatedCliNode]:
    with SimulatedCliNode(tmp_path, "14") as running:
        yield running


@pytest.fixture
def cli(node: SimulatedCliNode) -> Iterator[PlatformCliWriter]:
    with PlatformCliWriter(node.address, USER, PASSWORD, limit_seconds=20) as writer:
        yield writer


def signed(request_der: bytes, *, names: tuple[str, ...] | None = None, until: datetime = NOW + DAY) -> str:
    request = x509.load_der_x509_csr(request_der)
    asked = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    kept = tuple(asked.get_values_for_type(x509.DNSName)) if names is None else names
    return issue(request.subject, request.public_key(), names=kept, until=until)


def test_a_request_root_and_identity_go_the_way_of_the_procedure(cli: PlatformCliWriter, node: SimulatedCliNode) -> None:
    request = cli.generate_request("CallManager-ECDSA").value
    assert request.signature_valid
    assert "Successfully imported certificate for CallManager-ECDSA" in cli.import_trust("CallManager-ECDSA", ROOT).value
    assert "Please restart services" in cli.import_identity("CallManager-ECDSA", signed(request.der)).value
    own = cli.read_own_certificate("CallManager-ECDSA").value.certificate
    assert own.public_key_sha256 == request.public_key_sha256
    assert ("CallManager-ECDSA", "CallManager-ECDSA.pem", "Certificate Signed by CA") in cli.read_certificate_list("own").value
    assert [write.operation for write in node.state.cluster.writes] == [
        "set csr gen CallManager-ECDSA",
        "set cert import trust CallManager-ECDSA",
        "set cert import own CallManager-ECDSA",
    ]


def refused_code(cli: PlatformCliWriter, pem: str) -> str:
    with pytest.raises(InterfaceRefused) as refusal:
        cli.import_identity("CallManager-ECDSA", pem)
    assert refusal.value.remedy
    return refusal.value.code


def test_an_identity_before_its_authority_is_refused_as_ca_missing(cli: PlatformCliWriter) -> None:
    request = cli.generate_request("CallManager-ECDSA").value
    assert refused_code(cli, signed(request.der)) == "ca_missing"


def test_an_identity_without_request_is_refused_as_no_csr(cli: PlatformCliWriter) -> None:
    request = cli.generate_request("CallManager-ECDSA").value
    cli.import_trust("CallManager-ECDSA", ROOT)
    certificate = signed(request.der)
    cli.import_identity("CallManager-ECDSA", certificate)
    assert refused_code(cli, certificate) == "no_csr"


def test_an_answer_to_an_earlier_request_is_refused_as_key_mismatch(cli: PlatformCliWriter) -> None:
    cli.import_trust("CallManager-ECDSA", ROOT)
    old = signed(cli.generate_request("CallManager-ECDSA").value.der)
    cli.generate_request("CallManager-ECDSA")
    assert refused_code(cli, old) == "key_mismatch"


def test_other_names_than_requested_are_refused_as_san_mismatch(cli: PlatformCliWriter) -> None:
    cli.import_trust("CallManager-ECDSA", ROOT)
    request = cli.generate_request("CallManager-ECDSA").value
    assert refused_code(cli, signed(request.der, names=("other.example",))) == "san_mismatch"


def test_expired_and_wildcard_certificates_are_refused_as_such(cli: PlatformCliWriter) -> None:
    cli.import_trust("CallManager-ECDSA", ROOT)
    request = cli.generate_request("CallManager-ECDSA").value
    assert refused_code(cli, signed(request.der, until=NOW - DAY)) == "expired"
    assert refused_code(cli, signed(request.der, names=("*.alpha.example",))) == "wildcard"


def test_a_certificate_that_is_none_is_refused_as_unreadable(cli: PlatformCliWriter) -> None:
    garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    assert refused_code(cli, garbage) == "unreadable"


def test_windows_line_ends_bag_attributes_and_a_byte_order_mark_do_not_hurt(cli: PlatformCliWriter) -> None:
    text = "\ufeffBag Attributes\r\n    localKeyID: 01\r\n" + ROOT.replace("\n", "\r\n").rstrip()
    assert "Successfully imported" in cli.import_trust("CallManager", text).value


@pytest.mark.parametrize("text", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nMIIB", "-----BEGIN PRIVATE KEY-----\nAA\n"])
def test_text_without_a_whole_certificate_is_never_pasted(text: str) -> None:
    with pytest.raises(ConfigurationInvalid):
        UNREACHABLE.import_trust("CallManager", text)


def test_a_private_key_beside_the_certificate_is_not_sent(cli: PlatformCliWriter) -> None:
    key = CA_KEY.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    cli.import_trust("CallManager", key + ROOT)
    assert "PRIVATE KEY" not in cli.transcript


def test_a_trust_certificate_is_deleted_after_confirmation(cli: PlatformCliWriter, node: SimulatedCliNode) -> None:
    cli.import_trust("CallManager-trust", ROOT)
    assert list(node.state.certificates.trust("CallManager")) == ["Lab_CA.pem"]
    assert "Successfully deleted" in cli.delete_trust("CallManager", "Lab_CA.pem").value
    assert node.state.certificates.trust("CallManager") == {}
    with pytest.raises(InterfaceRefused, match="does not exist"):
        cli.delete_trust("CallManager-trust", "Lab_CA.pem")


def test_a_regenerated_identity_is_a_new_self_signed_one(cli: PlatformCliWriter) -> None:
    before = cli.read_own_certificate("CallManager-ECDSA").value.certificate
    assert "Successfully Regenerated" in cli.regenerate("CallManager-ECDSA").value
    after = cli.read_own_certificate("CallManager-ECDSA").value.certificate
    assert after.public_key_sha256 != before.public_key_sha256
    assert after.names_itself_as_issuer


@pytest.mark.parametrize("unit", ["", "Call Manager", "CallManager\nquit", "../tomcat", "1unit"])
def test_a_unit_that_is_no_unit_name_is_not_typed(unit: str) -> None:
    with pytest.raises(ConfigurationInvalid):
        UNREACHABLE.generate_request(unit)


@pytest.mark.parametrize("argument", ["", "two words.pem", "../x.pem", "x.pem\nquit"])
def test_a_file_or_service_that_cannot_be_one_is_not_typed(argument: str) -> None:
    with pytest.raises(ConfigurationInvalid):
        UNREACHABLE.delete_trust("CallManager", argument)
    with pytest.raises(ConfigurationInvalid):
        UNREACHABLE.restart_service(argument + "\n")


def test_a_service_is_restarted_until_it_says_started(cli: PlatformCliWriter, node: SimulatedCliNode) -> None:
    before = node.state.services["Cisco Tftp"].started_at
    assert cli.restart_service("Cisco Tftp").value == "Started"
    assert node.state.services["Cisco Tftp"].started_at > before


def test_an_unknown_service_is_refused(cli: PlatformCliWriter) -> None:
    with pytest.raises(InterfaceRefused):
        cli.restart_service("Cisco Nothing")


def test_a_cluster_that_must_not_be_changed_refuses_every_change(cli: PlatformCliWriter, node: SimulatedCliNode) -> None:
    node.state.cluster.read_only = True
    for change in (
        lambda: cli.generate_request("CallManager"),
        lambda: cli.import_trust("CallManager", ROOT),
        lambda: cli.restart_service("Cisco Tftp"),
        lambda: cli.delete_trust("CallManager", "x.pem"),
    ):
        with pytest.raises(InterfaceRefused, match="permission"):
            change()
    assert len(node.state.cluster.writes) == 4
    assert node.state.certificates.request("CallManager") is None


def scripted(server: ScriptedSshServer) -> PlatformCliWriter:
    return PlatformCliWriter(server.address, SCRIPTED_USER, SCRIPTED_PASSWORD, limit_seconds=20)


def paste_dialogue(verdict: bytes, invitation: bytes = b"Paste the Certificate and Hit Enter\r\n") -> object:
    async def script(shell: Shell) -> None:
        shell.send(b"admin:")
        shell.send((await shell.line()).encode() + b"\r\nadmin:")
        shell.send((await shell.line()).encode() + b"\r\n")
        await shell.send_bytewise(invitation)
        while "END" not in (line := await shell.line()):
            shell.send(line.encode() + b"\r\n")
        shell.send(line.encode() + b"\r\n\r\n" + verdict + b"\r\nadmin:")
        await shell.forever()

    return script


@pytest.mark.parametrize(
    "verdict",
    [
        b"Successfully imported certificate for CallManager.",
        b"Import of trust certificate is successful",
        b"successfully  imported  certificate for CallManager",
    ],
)
def test_variants_of_success_are_understood(verdict: bytes) -> None:
    with ScriptedSshServer(paste_dialogue(verdict)) as server, scripted(server) as cli:
        assert cli.import_trust("CallManager", ROOT).value.lower().startswith(verdict[:6].decode().lower())


def test_a_refusal_without_trailer_is_a_refusal() -> None:
    script = paste_dialogue(b"CA certificate is not available in the trust-store")
    with ScriptedSshServer(script) as server, scripted(server) as cli, pytest.raises(InterfaceRefused) as refusal:
        cli.import_identity("CallManager", ROOT)
    assert refusal.value.code == "ca_missing"


def test_a_verdict_nobody_knows_is_no_success() -> None:
    script = paste_dialogue(b"Well.")
    with ScriptedSshServer(script) as server, scripted(server) as cli, pytest.raises(UnexpectedAnswer, match="neither success"):
        cli.import_trust("CallManager", ROOT)


@pytest.mark.parametrize(
    "words", [b"Successfully Generated CSR  for CallManager", b"Successfully generated CSR for CallManager."]
)
def test_a_request_is_generated_whether_or_not_the_node_asks_about_the_ou(words: bytes, node: SimulatedCliNode) -> None:
    asked: list[str] = []
    pem = x509.load_der_x509_csr(node.state.certificates.generate_request("CallManager-ECDSA"))
    armoured = pem.public_bytes(serialization.Encoding.PEM).replace(b"CERTIFICATE REQUEST", b"CERTIFICATE SIGN REQUEST")

    async def script(shell: Shell) -> None:
        shell.send(b"admin:")
        shell.send((await shell.line()).encode() + b"\r\nadmin:")
        shell.send((await shell.line()).encode() + b"\r\n")
        await shell.send_bytewise(b"Include OU in CSR (yes|no)? ")
        asked.append(await shell.line())
        shell.send(asked[0].encode() + b"\r\n" + words + b"\r\nadmin:")
        shell.send((await shell.line()).encode() + b"\r\n" + armoured.replace(b"\n", b"\r\n") + b"\r\nadmin:")
        await shell.forever()

    with ScriptedSshServer(script) as server, scripted(server) as cli:
        request = cli.generate_request("CallManager", include_organizational_unit=False).value
        assert request.der == pem.public_bytes(serialization.Encoding.DER)
    assert asked == ["no"]


@pytest.mark.parametrize("state", [b"[STOPPED]", b"[STARTING]", b""])
def test_a_service_that_does_not_come_back_is_not_reported_as_started(state: bytes) -> None:
    async def script(shell: Shell) -> None:
        shell.send(b"admin:")
        shell.send((await shell.line()).encode() + b"\r\nadmin:")
        shell.send((await shell.line()).encode() + b"\r\nService Manager is running\r\nCisco CallManager" + state + b"\r\nadmin:")
        await shell.forever()

    with ScriptedSshServer(script) as server, scripted(server) as cli, pytest.raises(InterfaceRefused) as refusal:
        cli.restart_service("Cisco CallManager")
    assert refusal.value.code == "not_started"
