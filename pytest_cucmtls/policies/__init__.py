"""Standards as TOML files: finds, reads, validates and extends policies; adding a profile is adding a file here."""

import tomllib
from collections.abc import Mapping
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any

from pytest_cucmtls.model.errors import ConfigurationInvalid
from pytest_cucmtls.model.policy import Policy, Rule
from pytest_cucmtls.model.verdicts import Clause, Outcome
from pytest_cucmtls.model.waivers import Waiver, waivers_of

DEFAULT_POLICY = "cisco-hardening"
VERSIONS = ("SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_WORD, _FLAG, _NUMBER, _WORDS = "a text", "true or false", "a positive number", "a list of texts"
PARAMETERS: dict[str, str] = {
    "tls.negotiated_min": _WORD,
    "tls12.suites_allowed": _WORDS,
    "tls13.suites_allowed": _WORDS,
    "suite.forbidden": _WORDS,
    "kx.forward_secrecy": _FLAG,
    "kx.groups": _WORDS,
    "cbc.needs_encrypt_then_mac": _FLAG,
    "cert.rsa_min": _NUMBER,
    "cert.rsa_max": _NUMBER,
    "cert.ec_min": _NUMBER,
    "cert.path_hash": _WORDS,
    "cert.signature_scheme": _WORDS,
    "cert.validity_max_days": _NUMBER,
    "cert.days_left_min": _NUMBER,
    "cert.key_usage": _WORDS,
    "cert.eku": _WORDS,
    "cert.eku_absent": _WORD,
    "cert.san": _FLAG,
    "cert.self_signed": _WORD,
    "auth.mutual": _FLAG,
    "tls.compression": _WORD,
    "tls.renegotiation": _WORD,
    "tls.extended_master_secret": _FLAG,
    "srtp.suites": _WORDS,
    "srtp.fallback_to_rtp": _WORD,
    "listener.clear_sip_on_trunk": _WORD,
    "clock.max_offset_seconds": _NUMBER,
    "x509.only_known_names": _FLAG,
    "tls.must_refuse": _WORDS,
    "cert.revocation": _WORD,
    "session.reauth_max_seconds": _NUMBER,
    "srtcp.encrypted": _FLAG,
    "srtp.proven_on_wire": _FLAG,
    "platform.fips_mode": _WORD,
    "trust.only_approved_anchors": _FLAG,
}
"""Parameters that checks judge, with the type of their value."""
DECLARED_ONLY: dict[str, str] = {
    "tls.must_support": _WORDS,
    "tls13.early_data": _WORD,
    "cert.name_match": _WORD,
}
"""Parameters a policy may state although no evidence for them is gathered yet; nothing is judged by them."""
_CHOICES = {
    "tls.negotiated_min": VERSIONS,
    "cert.eku_absent": ("accepted", "refused"),
    "cert.self_signed": ("accepted", "refused"),
    "tls.compression": ("null",),
    "tls.renegotiation": ("secure",),
    "srtp.fallback_to_rtp": ("allowed", "forbidden"),
    "listener.clear_sip_on_trunk": ("allowed", "forbidden"),
}
_TOP_KEYS = {"name", "title", "extends", "drop", "rules", "waivers"}
_RULE_KEYS = {
    "parameter",
    "value",
    "standard",
    "clause",
    "mark",
    "valid_from",
    "valid_until",
    "breach",
    "tolerance_seconds",
}
_MARKS = ("V", "S", "T", "M")
_BREACHES = {"FAIL": Outcome.FAIL, "WARN": Outcome.WARN, "PASS": Outcome.PASS}
_DEEPEST = 8


def policy_names() -> tuple[str, ...]:
    """Names of the policies that ship with the package, sorted."""
    folder = resources.files(__name__)
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")))


def load_policy(name_or_path: str) -> Policy:
    """A shipped policy by name, or a user's own file by path (anything with a ``/`` or ending in ``.toml``).

    Raises: ConfigurationInvalid naming file, line and key.
    """
    return _load(name_or_path, ())


def _load(name_or_path: str, children: tuple[str, ...]) -> Policy:
    if name_or_path in children or len(children) > _DEEPEST:
        raise ConfigurationInvalid(children[-1], "extends", f"goes in a circle: {' -> '.join((*children, name_or_path))}")
    text, file = _text_of(name_or_path, children)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise ConfigurationInvalid(file, "", f"is not TOML: {problem}") from problem
    reader = _PolicyFile(file, text)
    return reader.policy(document, children=(*children, name_or_path))


def _text_of(name_or_path: str, children: tuple[str, ...]) -> tuple[str, str]:
    if "/" in name_or_path or "\\" in name_or_path or name_or_path.endswith(".toml"):
        path = Path(name_or_path)
        if children and not path.is_absolute() and not path.exists():
            path = Path(children[-1]).parent / path
        try:
            return path.read_text("utf-8"), str(path)
        except (OSError, UnicodeDecodeError) as problem:
            raise ConfigurationInvalid(str(path), "", f"policy file cannot be read: {problem}") from problem
    if name_or_path not in policy_names():
        known = ", ".join(policy_names())
        raise ConfigurationInvalid(
            children[-1] if children else "policy",
            "extends" if children else "",
            f"there is no policy {name_or_path!r}",
            remedy=f"Known policies: {known}; or give the path of a .toml file.",
        )
    return resources.files(__name__).joinpath(f"{name_or_path}.toml").read_text("utf-8"), f"{name_or_path}.toml"


class _PolicyFile:
    """Turns one parsed file into a policy, with the file's text at hand to name lines."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.lines = text.splitlines()

    def policy(self, document: Mapping[str, Any], *, children: tuple[str, ...]) -> Policy:
        for key in document:
            if key not in _TOP_KEYS:
                raise self.invalid(key, f"unknown key; known are {', '.join(sorted(_TOP_KEYS))}", self.line_of(key))
        name, title = self.text(document, "name"), self.text(document, "title")
        written = document.get("rules", [])
        if not isinstance(written, list) or not all(isinstance(entry, dict) for entry in written):
            raise self.invalid("rules", "must be [[rules]] tables", self.line_of("rules"))
        rules = tuple(self.rule(number, entry) for number, entry in enumerate(written))
        waivers = self.waivers(document)
        if "extends" not in document:
            return Policy(name, title, rules, waivers)
        parent = _load(self.text(document, "extends"), children)
        dropped = document.get("drop", [])
        if not isinstance(dropped, list) or not all(isinstance(entry, str) for entry in dropped):
            raise self.invalid("drop", "must be a list of parameters", self.line_of("drop"))
        replaced = {rule.parameter for rule in rules} | set(dropped)
        kept = tuple(rule for rule in parent.rules if rule.parameter not in replaced)
        return Policy(name, title, (*rules, *kept), (*waivers, *parent.waivers))

    def waivers(self, document: Mapping[str, Any]) -> tuple[Waiver, ...]:
        try:
            return waivers_of(document.get("waivers", []))
        except ValueError as problem:
            raise self.invalid("waivers", str(problem), self.line_of("[[waivers]]")) from problem

    def rule(self, number: int, entry: Mapping[str, Any]) -> Rule:
        for key in entry:
            if key not in _RULE_KEYS:
                raise self.invalid(f"rules[{number}].{key}", "unknown key", self.line_in_rule(number, key))
        parameter = self.text(entry, "parameter", number)
        self.check_value(number, parameter, entry.get("value"))
        value = entry["value"]
        mark = self.text(entry, "mark", number)
        if mark not in _MARKS:
            raise self.invalid(
                f"rules[{number}].mark", f"{mark!r} is none of {', '.join(_MARKS)}", self.line_in_rule(number, "mark")
            )
        breach = entry.get("breach", "FAIL")
        if breach not in _BREACHES:
            line = self.line_in_rule(number, "breach")
            raise self.invalid(f"rules[{number}].breach", f"{breach!r} is none of FAIL, WARN, PASS", line)
        return Rule(
            parameter=parameter,
            value=tuple(value) if isinstance(value, list) else value,
            clause=Clause(self.text(entry, "standard", number), self.text(entry, "clause", number), mark),
            valid_from=self.day(number, entry, "valid_from"),
            valid_until=self.day(number, entry, "valid_until"),
            breach=_BREACHES[breach],
            tolerance_seconds=self.seconds(number, entry),
        )

    def check_value(self, number: int, parameter: str, value: object) -> None:
        wanted = PARAMETERS.get(parameter) or DECLARED_ONLY.get(parameter)
        if wanted is None:
            line = self.line_in_rule(number, "parameter")
            raise self.invalid(f"rules[{number}].parameter", f"unknown parameter {parameter!r}", line)
        fits = {
            _WORD: isinstance(value, str) and bool(value),
            _FLAG: isinstance(value, bool),
            _NUMBER: isinstance(value, int | float) and not isinstance(value, bool) and value > 0,
            _WORDS: isinstance(value, list) and bool(value) and all(isinstance(word, str) for word in value),
        }[wanted]
        if not fits:
            line = self.line_in_rule(number, "value")
            raise self.invalid(f"rules[{number}].value", f"{parameter} must be {wanted}, not {value!r}", line)
        choices = _CHOICES.get(parameter)
        if choices and value not in choices:
            line = self.line_in_rule(number, "value")
            raise self.invalid(f"rules[{number}].value", f"{value!r} is none of {', '.join(choices)}", line)

    def text(self, table: Mapping[str, Any], key: str, number: int | None = None) -> str:
        value = table.get(key)
        if not isinstance(value, str) or not value.strip():
            place = key if number is None else f"rules[{number}].{key}"
            line = self.line_of(key) if number is None else self.line_in_rule(number, key)
            raise self.invalid(place, "is missing" if value is None else "must be a text", line)
        return value

    def day(self, number: int, entry: Mapping[str, Any], key: str) -> date | None:
        value = entry.get(key)
        if value is not None and type(value) is not date:
            raise self.invalid(f"rules[{number}].{key}", "must be a date such as 2026-01-01", self.line_in_rule(number, key))
        return value

    def seconds(self, number: int, entry: Mapping[str, Any]) -> float:
        value = entry.get("tolerance_seconds", 0)
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            line = self.line_in_rule(number, "tolerance_seconds")
            raise self.invalid(f"rules[{number}].tolerance_seconds", "must be a number of seconds", line)
        return float(value)

    def invalid(self, key: str, problem: str, line: int) -> ConfigurationInvalid:
        return ConfigurationInvalid(self.file, key, problem, line=line)

    def line_of(self, key: str) -> int:
        """Line of a top-level key, 0 when not found."""
        return next((number for number, text in enumerate(self.lines, 1) if _is_key(text, key)), 0)

    def line_in_rule(self, rule: int, key: str) -> int:
        """Line of a key of the n-th [[rules]] table, the table's own line when the key is absent."""
        starts = [number for number, text in enumerate(self.lines, 1) if text.strip().startswith("[[rules]]")]
        if rule >= len(starts):
            return 0
        end = starts[rule + 1] if rule + 1 < len(starts) else len(self.lines) + 1
        inside = range(starts[rule], end - 1)
        return next((number + 1 for number in inside if _is_key(self.lines[number], key)), starts[rule])


def _is_key(text: str, key: str) -> bool:
    return text.partition("=")[0].strip().strip("\"'") == key
