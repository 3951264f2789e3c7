"""RFC 3161 time stamps: asked of a small authority on loopback (the openssl program), kept, verified, and honest when absent."""

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("rfc3161_client")
if shutil.which("openssl") is None:
    pytest.skip("the openssl program is not installed", allow_module_level=True)

from pytest_cucmtls.cli import main
from pytest_cucmtls.clients.time_stamp_authority import ask_time_stamp
from pytest_cucmtls.evidence.bundles.layout import CUSTODY, ENVELOPE, TIMESTAMP
from pytest_cucmtls.evidence.bundles.time_stamps import (
    add_time_stamp,
    read_stamp_roots,
    read_time_stamp,
    time_stamp_request,
)
from pytest_cucmtls.evidence.bundles.verification import verify_bundle
from pytest_cucmtls.model.errors import (
    AnswerTimedOut,
    ClusterUnreachable,
    ConfigurationInvalid,
    FileUnreadable,
    InterfaceRefused,
)
from tests.sealed_bundles import sealed

CONFIGURATION = """
[tsa]
default_tsa = one
[one]
serial = {place}/serial
default_policy = 1.3.6.1.4.1.99999.1
digests = sha256, sha384, sha512
signer_digest = sha256
accuracy = secs:1
[stamping]
extendedKeyUsage = critical, timeStamping
keyUsage = critical, digitalSignature
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
"""


class Authority:
    """A time stamp authority with a root of its own."""

    def __init__(self, place: Path, name: str) -> None:
        self.place = place
        place.mkdir()
        self.root = place / "root.pem"
        (place / "ts.cnf").write_text(CONFIGURATION.format(place=place))
        (place / "serial").write_text("01\n")
        self._new("root", f"/CN=Root of {name}", "-extensions", "root")
        self._new("tsa", f"/CN={name}", "-extensions", "stamping", "-CA", "root.pem", "-CAkey", "root.key")
        self.answers = 0

    def _new(self, kind: str, subject: str, *more: str) -> None:
        command = [
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "30",
            "-keyout",
            f"{kind}.key",
            "-out",
            f"{kind}.pem",
        ]
        self._openssl(*command, "-subj", subject, "-config", "req.cnf", *more)

    def _openssl(self, *arguments: str) -> None:
        (self.place / "req.cnf").write_text("[req]\ndistinguished_name=dn\n[dn]\n" + (self.place / "ts.cnf").read_text())
        subprocess.run(["openssl", *arguments], cwd=self.place, check=True, capture_output=True, timeout=60)

    def answer(self, query: bytes) -> bytes:
        self.answers += 1
        (self.place / "query").write_bytes(query)
        signing = ["-inkey", "tsa.key", "-signer", "tsa.pem", "-config", "ts.cnf", "-section", "one"]
        self._openssl("ts", "-reply", "-queryfile", "query", "-out", "answer", *signing)
        return (self.place / "answer").read_bytes()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa") / "one", "Stamps Inc")


@pytest.fixture(scope="module")
def address(authority: Authority) -> Iterator[str]:
    """Where it answers; other paths answer badly."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            data = {"/nonsense": b"nonsense", "/huge": b"x" * 1_100_000, "/old": old.get("answer", b"")}.get(self.path)
            data = authority.answer(query) if data is None else data
            old.setdefault("answer", data)
            self.send_response(503 if self.path == "/busy" else 200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Nothing on the terminal."""

    old: dict[str, bytes] = {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    serving.join(30)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sealed(tmp_path_factory.mktemp("bundles")).folder


@pytest.fixture
def bundle(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "bundle"))


@pytest.fixture(scope="module")
def stamped(original: Path, address: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Path(shutil.copytree(original, tmp_path_factory.mktemp("stamped") / "bundle"))
    assert main(["bundle", "timestamp", str(folder), "--url", address]) == 0
    return folder


def problems(folder: Path, root: Path | None = None) -> list[str]:
    roots = read_stamp_roots(root) if root else ()
    return [str(one) for one in verify_bundle(folder, datetime.now(UTC), None, roots).problems]


def test_a_stamped_bundle_is_intact_and_verified_with_the_authoritys_root(stamped: Path, authority: Authority, capsys) -> None:
    assert problems(stamped, authority.root) == []
    assert main(["bundle", "verify", str(stamped), "--tsa-root", str(authority.root)]) == 3
    out = capsys.readouterr().out
    assert "by CN=Stamps Inc, verified" in out
    assert "1 custody line(s) after the seal: chained, signed by nobody" in out


def test_the_openssl_program_verifies_the_same_stamp(stamped: Path, authority: Authority) -> None:
    command = ["openssl", "ts", "-verify", "-data", str(stamped / ENVELOPE), "-in", str(stamped / TIMESTAMP)]
    ended = subprocess.run([*command, "-CAfile", str(authority.root)], capture_output=True, text=True, check=False, timeout=60)
    assert "Verification: OK" in ended.stdout + ended.stderr


def test_without_a_root_it_is_said_to_be_unverified(stamped: Path, capsys) -> None:
    assert problems(stamped) == []
    main(["bundle", "verify", str(stamped)])
    assert "not verified: nobody said which authority to trust (--tsa-root)" in capsys.readouterr().out


def test_without_a_stamp_the_clock_is_said_to_be_the_sealers(bundle: Path, authority: Authority, capsys) -> None:
    main(["bundle", "verify", str(bundle)])
    assert "time stamp: none; the time of sealing is the sealer's clock" in capsys.readouterr().out
    assert problems(bundle, authority.root) == [f"{TIMESTAMP}: timestamp: is asked for, but this bundle has no time stamp"]


def test_the_root_of_another_authority_does_not_do(stamped: Path, tmp_path: Path) -> None:
    other = Authority(tmp_path / "other", "Other")
    found = problems(stamped, other.root)
    assert len(found) == 1
    assert "does not lead to the authority given" in found[0]


def test_the_stamp_of_another_bundle_is_named(stamped: Path, bundle: Path, tmp_path: Path) -> None:
    again = sealed(tmp_path / "more").folder
    shutil.copy(stamped / TIMESTAMP, again / TIMESTAMP)
    assert any(f"timestamp: it is of something else than {ENVELOPE}" in one for one in problems(again))
    shutil.copy(stamped / TIMESTAMP, bundle / TIMESTAMP)
    assert problems(bundle) == [f"{CUSTODY}: custody: does not note that {TIMESTAMP} was made"]


def test_every_changed_byte_of_a_stamp_is_named(stamped: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(stamped, tmp_path / "bundle"))
    data = (folder / TIMESTAMP).read_bytes()
    for place in range(0, len(data), 37):
        (folder / TIMESTAMP).write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        assert any(one.startswith(f"{TIMESTAMP}: changed") for one in problems(folder)), place
    (folder / TIMESTAMP).unlink()
    assert problems(folder) == [f"{TIMESTAMP}: missing: is noted in the custody log, but not there"]


def test_a_stamp_from_before_the_seal_is_named(bundle: Path, address: str, authority: Authority) -> None:
    request = time_stamp_request(bundle)
    answer = ask_time_stamp(address, request.as_bytes())
    early = read_time_stamp(answer, (bundle / ENVELOPE).read_bytes(), read_stamp_roots(authority.root))
    assert early.at is not None
    report = verify_bundle(bundle, datetime.now(UTC))
    assert report.manifest is not None
    assert early.at >= report.manifest.sealed_at - timedelta(seconds=2)


def test_the_answer_to_another_request_is_not_kept(bundle: Path, address: str) -> None:
    first, second = time_stamp_request(bundle), time_stamp_request(bundle)
    answer = ask_time_stamp(address, first.as_bytes())
    with pytest.raises(FileUnreadable, match="nonce differs"):
        add_time_stamp(bundle, second, answer, "alice", datetime.now(UTC), address)
    assert not (bundle / TIMESTAMP).exists()


def stamp(bundle: Path, address: str) -> None:
    request = time_stamp_request(bundle)
    add_time_stamp(bundle, request, ask_time_stamp(address, request.as_bytes()), "alice", datetime.now(UTC), address)


@pytest.mark.parametrize(
    ("path", "error", "said"),
    [
        ("/nonsense", FileUnreadable, "no readable time stamp"),
        ("/huge", InterfaceRefused, "larger than"),
        ("/busy", InterfaceRefused, "503"),
    ],
)
def test_bad_answers_leave_the_bundle_as_it_was(bundle: Path, address: str, path: str, error: type, said: str) -> None:
    before = (bundle / CUSTODY).read_bytes()
    with pytest.raises(error, match=said):
        stamp(bundle, address + path)
    assert (bundle / CUSTODY).read_bytes() == before
    assert problems(bundle) == []


def test_an_authority_that_is_not_there_or_silent_is_named(tmp_path: Path) -> None:
    import socket

    with socket.socket() as quiet:
        quiet.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{quiet.getsockname()[1]}"
        with pytest.raises(ClusterUnreachable):
            ask_time_stamp(nobody, b"x")
        quiet.listen()
        with pytest.raises(AnswerTimedOut):
            ask_time_stamp(nobody, b"x", limit_seconds=0.3)
    with pytest.raises(ConfigurationInvalid, match="http"):
        ask_time_stamp(f"file://{tmp_path}", b"x")


def test_seal_can_ask_at_once_and_a_second_stamp_is_refused(tmp_path: Path, address: str, authority: Authority, capsys) -> None:
    from tests.sealed_bundles import run_folder

    main(["bundle", "keygen", str(tmp_path / "key")])
    run = run_folder(tmp_path / "run")
    command = ["bundle", "seal", str(run), "--key", str(tmp_path / "key"), "--timestamp-url", address]
    assert main(command) == 0
    assert "time stamp: 20" in capsys.readouterr().out
    assert problems(tmp_path / "run.bundle", authority.root) == []
    assert main(["bundle", "timestamp", str(tmp_path / "run.bundle"), "--url", address]) == 3
    assert "a bundle has one time stamp" in capsys.readouterr().err


@given(data=st.binary(max_size=300))
@settings(max_examples=80)
def test_any_bytes_are_no_time_stamp(data: bytes) -> None:
    found = read_time_stamp(data, b"envelope")
    assert found.problem
    assert not found.verified


def test_a_changed_answer_never_verifies(stamped: Path, authority: Authority) -> None:
    data, envelope = (stamped / TIMESTAMP).read_bytes(), (stamped / ENVELOPE).read_bytes()
    roots = read_stamp_roots(authority.root)
    good = read_time_stamp(data, envelope, roots)
    for place in range(0, len(data), 11):
        changed = read_time_stamp(data[:place] + bytes([data[place] ^ 0x20]) + data[place + 1 :], envelope, roots)
        assert not changed.verified or changed.at == good.at, place


def test_without_the_library_a_stamp_is_unchecked_and_the_rest_is_not_harmed(
    stamped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rfc3161_client", None)
    report = verify_bundle(stamped, datetime.now(UTC))
    assert report.intact
    assert "was not checked" in str(report.stamp)
    with pytest.raises(ConfigurationInvalid, match="rfc3161-client is not installed"):
        time_stamp_request(stamped)
