"""One live run in which every secret that comes into being is noted, and everything the run leaves behind searched for them.

Noted are passwords, private keys, SDES keys, session cookies, HTTP credentials and SIP digest secrets, in our process and in the
simulated clusters'. Searched are the run folder, terminal, log file, locals in tracebacks, Allure, JUnit, bundle, copies, report.
The same run is then taken elsewhere and judged again.
"""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_cucmtls.cli import main
from tests.acceptance_runs import CHECKOUT, FinishedRun, accept

SPY = '''
"""Loaded by every Python of the run: notes what random secrets are made, and by whom."""
import json, os, secrets, sys

def note(kind, maker, value):
    with open(os.environ["NOTED_SECRETS"], "a") as file:
        file.write(json.dumps({"kind": kind, "maker": maker, "value": value}) + "\\n")

def noting(name, make):
    def noted(*arguments, **named):
        value = make(*arguments, **named)
        maker = sys._getframe(1).f_globals.get("__name__", "")
        if maker.startswith("pytest_cucmtls"):
            note(name, maker, value.hex() if isinstance(value, bytes) else value)
        return value
    return noted

for name in ("token_bytes", "token_hex", "token_urlsafe"):
    setattr(secrets, name, noting(name, getattr(secrets, name)))

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

def noting_key(make):
    def noted(*arguments, **named):
        key = make(*arguments, **named)
        numbers = key.private_numbers()
        values = (numbers.d, numbers.p, numbers.q) if hasattr(numbers, "p") else (numbers.private_value,)
        for value in values:
            note("private_key", "", value.to_bytes((value.bit_length() + 7) // 8, "big").hex())
        return key
    return noted

rsa.generate_private_key = noting_key(rsa.generate_private_key)
ec.generate_private_key = noting_key(ec.generate_private_key)
'''
MEDIA_KEY_MAKERS = ("pytest_cucmtls.sim.calls.media_negotiation", "pytest_cucmtls.calls.phone_media")
COOKIE_MAKERS = ("pytest_cucmtls.sim.axl.sessions", "pytest_cucmtls.sim.service_sessions", "pytest_cucmtls.sim.interfaces.axl")
REALMS = ("ccmsipline", "ccmsiptrunk", "cucm")


@dataclass(frozen=True)
class Live:
    """The run, its secrets by kind, and what was made of it."""

    run: FinishedRun
    place: Path
    secrets: dict[str, set[bytes]]


def spellings(value: bytes) -> set[bytes]:
    """How a secret would look: raw, hexadecimal, base64 (whole, and any line of a PEM body would begin inside it)."""
    encoded = base64.b64encode(value).rstrip(b"=")
    return {value, value.hex().encode(), value.hex().upper().encode(), encoded[: len(encoded) // 4 * 4]}


def of_passwords(credentials: dict[str, str], users: set[str]) -> Iterator[tuple[str, bytes]]:
    for password in credentials.values():
        yield "password", password.encode()
        for user in users:
            yield "credentials", base64.b64encode(f"{user}:{password}".encode()).rstrip(b"=")
            for realm in REALMS:
                digest = hashlib.md5(f"{user}:{realm}:{password}".encode(), usedforsecurity=False)
                yield "digest", digest.hexdigest().encode()


def noted_secrets(file: Path) -> Iterator[tuple[str, bytes]]:
    for line in file.read_text().splitlines():
        entry = json.loads(line)
        if entry["kind"] == "private_key":
            yield "private key", bytes.fromhex(entry["value"])
        elif entry["maker"] in MEDIA_KEY_MAKERS:
            yield "media key", bytes.fromhex(entry["value"])
        elif entry["maker"] in COOKIE_MAKERS:
            yield "cookie", entry["value"].encode()


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Live:
    place = tmp_path_factory.mktemp("secrets")
    (place / "spy").mkdir()
    (place / "spy" / "sitecustomize.py").write_text(SPY)
    environment = {"PYTHONPATH": f"{place / 'spy'}{os.pathsep}{CHECKOUT}", "NOTED_SECRETS": str(place / "noted")}
    options = ["--showlocals", "--tb=long", "-rA", f"--log-file={place / 'run.log'}", "--log-file-level=DEBUG", "-v"]
    options += [f"--junitxml={place / 'junit.xml'}", "--cucm-fault", "client_certificate_not_requested"]
    run = accept(place / "here", *options, environment=environment)
    credentials = json.loads((run.folder / "private" / "simulator" / "credentials.json").read_text())
    inventory = json.loads((run.folder / "run.json").read_text())["inventory"]
    accounts = [inventory[cluster][name] for cluster in ("cluster_a", "cluster_b") for name in ("axl", "platform", "call")]
    found: dict[str, set[bytes]] = {}
    every = [*of_passwords(credentials, {account["user"] for account in accounts}), *noted_secrets(place / "noted")]
    for kind, value in every:
        found.setdefault(kind, set()).update(spellings(value) if kind in ("private key", "media key") else {value})
    (place / "terminal").write_text(run.output)
    return Live(run, place, found)


def delivered(live: Live) -> Iterator[Path]:
    """Every file somebody could be handed; what is private stays in its folder."""
    keep = {live.place / "noted", live.place / "spy", live.place / "key", live.place / "pseudonyms.json"}
    for file in live.place.rglob("*"):
        private = live.run.folder / "private"
        if file.is_file() and not file.is_relative_to(private) and not any(file.is_relative_to(one) for one in keep):
            yield file


def leaks(live: Live) -> list[str]:
    found = []
    for file in delivered(live):
        data = file.read_bytes()
        found += [f"{kind} in {file}" for kind, values in live.secrets.items() if any(value in data for value in values)]
    return found


def test_every_kind_of_secret_came_into_being(live: Live) -> None:
    assert live.run.exit_code == 1, live.run.output[-3000:]
    assert set(live.secrets) == {"password", "credentials", "digest", "private key", "media key", "cookie"}
    assert len(live.secrets["password"]) == 6
    assert min(len(value) for values in live.secrets.values() for value in values) >= 8


def test_none_of_them_is_in_anything_the_run_leaves_behind(live: Live, capsys: pytest.CaptureFixture[str]) -> None:
    key, bundle = live.place / "key", live.place / "bundle"
    assert main(["bundle", "keygen", str(key)]) == 0
    assert main(["bundle", "seal", str(live.run.folder), "--key", str(key), "--output", str(bundle)]) == 0
    redacting = ["bundle", "redact", str(bundle), "--output", str(live.place / "copy"), "--key", str(key)]
    assert main([*redacting, "--pseudonyms", str(live.place / "pseudonyms.json")]) == 0
    main(["report", str(bundle), "--lang", "fr", "--html", str(live.place / "fr.html")])
    main(["judge", str(bundle), "--json"])
    (live.place / "said").write_text(capsys.readouterr().out)
    files = list(delivered(live))
    assert len(files) > 500
    assert leaks(live) == []


def test_the_search_finds_each_kind_where_it_is(live: Live) -> None:
    for kind, values in live.secrets.items():
        (live.place / "planted").write_bytes(b"x" + sorted(values)[0] + b"y")
        assert f"{kind} in {live.place / 'planted'}" in leaks(live)
    (live.place / "planted").unlink()


def test_the_bundle_judged_elsewhere_gives_the_same_verdicts(live: Live, tmp_path: Path) -> None:
    """Another folder, another working directory, nothing in the environment, another time zone and language."""
    bundle = live.place / "bundle"
    if not bundle.exists():
        main(["bundle", "keygen", str(live.place / "key")])
        main(["bundle", "seal", str(live.run.folder), "--key", str(live.place / "key"), "--output", str(bundle)])
    shutil.copytree(bundle, tmp_path / "taken away" / "évidence")
    (tmp_path / "elsewhere").mkdir()
    environment = {"TZ": "Pacific/Kiritimati", "LANG": "C", "PYTHONPATH": str(CHECKOUT), "HOME": str(tmp_path / "elsewhere")}
    command = [sys.executable, "-m", "pytest_cucmtls.cli", "judge", str(tmp_path / "taken away" / "évidence"), "--json"]
    ended = subprocess.run(command, cwd=tmp_path / "elsewhere", env=environment, capture_output=True, check=False, timeout=200)
    assert ended.returncode == 1, ended.stderr.decode()
    again = json.loads(ended.stdout)
    assert again["differences"] == []
    assert again["verdicts"] == live.run.verdicts["verdicts"]
