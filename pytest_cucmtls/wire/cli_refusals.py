"""How the platform CLI says no: its failure trailer and the certificate library's messages."""

import re
from dataclasses import dataclass

from pytest_cucmtls.wire.cli_terminal import plain

_TRAILER = re.compile(r"^[ \t]*Executed command unsuccessfully\.?[ \t]*$", re.IGNORECASE | re.MULTILINE)
_UNKNOWN_COMMAND = re.compile(
    r"not supported on this platform|no valid command entered|invalid command|unknown command", re.IGNORECASE
)
_LONGEST_UNKNOWN_COMMAND_ANSWER = 400


@dataclass(frozen=True, slots=True)
class CliRefusal:
    """A refused command; `code` is our own stable word, "" when the message is none we know."""

    code: str
    message: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class _Kind:
    """A family of refusals: our word for it, how the node words it, what to do."""

    code: str
    words: re.Pattern[str]
    remedy: str


_IMPORT_REFUSALS = (
    _Kind(
        "ca_missing",
        re.compile(r"CA certificate is not available in the trust-?store", re.IGNORECASE),
        "Import the root and every intermediate certificate into the matching trust store of this node first, then the identity.",
    ),
    _Kind(
        "no_csr",
        re.compile(r"\.csr does not exist|no CSR|CSR (?:file )?(?:is )?not (?:found|available)", re.IGNORECASE),
        "Generate a signing request on this node and have it signed; a request is consumed by a successful import.",
    ),
    _Kind(
        "key_mismatch",
        re.compile(
            r"public key and certificate public key do not match|upload/certs/+\S*\.der could not be uploaded", re.IGNORECASE
        ),
        "The certificate answers another request: a newer request replaces the earlier one. Have the current request signed.",
    ),
    _Kind(
        "san_mismatch",
        re.compile(r"CSR SAN and Certificate SAN do(?:es)? not match", re.IGNORECASE),
        "Let the authority keep the request's subject alternative names exactly, then import the new certificate.",
    ),
    _Kind(
        "wildcard",
        re.compile(r"wild-?\s?card", re.IGNORECASE),
        "Have the certificate issued for the node's own name: wildcard names are not supported.",
    ),
    _Kind(
        "expired",
        re.compile(r"\bexpired\b|certificate[^.]{0,60}\bnot (?:currently |yet )?valid\b|validity period", re.IGNORECASE),
        "Compare the certificate's validity with the node's clock (utils ntp status), then have a current certificate issued.",
    ),
    _Kind(
        "unreadable",
        re.compile(
            r"(?:Error|occurred while) reading the certificate|not in PEM format|invalid (?:certificate(?! name)|file)\b",
            re.IGNORECASE,
        ),
        "Give one PEM certificate (Base-64 X.509); re-export it from the authority.",
    ),
)
_NO_REQUEST = next(kind for kind in _IMPORT_REFUSALS if kind.code == "no_csr")


def parse_refusal(text: str) -> CliRefusal | None:
    """The refusal a command's output ends with, or None when it carries no failure sign.

    The sign is the trailer ``Executed command unsuccessfully`` after a specific message; a short output that says the
    command is not known counts too (its wording is ASSUMED: platform.md §3.2).
    """
    text = plain(text)
    if _TRAILER.search(text):
        message = _one_line(_TRAILER.sub("", text))
        if _NO_REQUEST.words.search(message):
            return CliRefusal(_NO_REQUEST.code, message, _NO_REQUEST.remedy)
        return CliRefusal("unknown_command" if _UNKNOWN_COMMAND.search(message) else "", message or "no reason given")
    if len(text) <= _LONGEST_UNKNOWN_COMMAND_ANSWER and _UNKNOWN_COMMAND.search(text):
        return CliRefusal("unknown_command", _one_line(text), "Compare the node's release with the command reference.")
    return None


def parse_import_refusal(text: str) -> CliRefusal | None:
    """The refusal of a certificate import (text after the pasted certificate), with or without the trailer; None if none."""
    refusal = parse_refusal(text)
    message = refusal.message if refusal else _one_line(plain(text))
    known = next((kind for kind in _IMPORT_REFUSALS if kind.words.search(message)), None)
    return CliRefusal(known.code, message, known.remedy) if known else refusal


def _one_line(text: str) -> str:
    return " ".join(text.split())[:500]
