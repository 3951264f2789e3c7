"""How the platform CLI says no: its failure trailer and the certificate library's messages."""

import re
from dataclasses import dataclass

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


_IMPORT_REFUSALS = (
    (
        "ca_missing",
        re.compile(r"CA certificate is not available in the trust-?store", re.IGNORECASE),
        "Import the root and every intermediate certificate into the matching trust store of this node first, then the identity.",
    ),
    (
        "no_csr",
        re.compile(r"\.csr does not exist|no CSR|CSR (?:file )?(?:is )?not (?:found|available)", re.IGNORECASE),
        "Generate a signing request on this node and have it signed; a request is consumed by a successful import.",
    ),
    (
        "key_mismatch",
        re.compile(
            r"public key and certificate public key do not match|upload/certs/+\S*\.der could not be uploaded", re.IGNORECASE
        ),
        "The certificate answers another request: a newer request replaces the earlier one. Have the current request signed.",
    ),
    (
        "san_mismatch",
        re.compile(r"CSR SAN and Certificate SAN do(?:es)? not match", re.IGNORECASE),
        "Let the authority keep the request's subject alternative names exactly, then import the new certificate.",
    ),
    (
        "wildcard",
        re.compile(r"wild-?\s?card", re.IGNORECASE),
        "Have the certificate issued for the node's own name: wildcard names are not supported.",
    ),
    (
        "expired",
        re.compile(r"\bexpired\b|not (?:currently |yet )?valid\b|validity period", re.IGNORECASE),
        "Compare the certificate's validity with the node's clock (utils ntp status), then have a current certificate issued.",
    ),
    (
        "unreadable",
        re.compile(
            r"(?:Error|occurred while) reading the certificate|not in PEM format|invalid (?:certificate|file)\b", re.IGNORECASE
        ),
        "Give one PEM certificate (Base-64 X.509); re-export it from the authority.",
    ),
)


def parse_refusal(text: str) -> CliRefusal | None:
    """The refusal a command's output ends with, or None when it carries no failure sign.

    The sign is the trailer ``Executed command unsuccessfully`` after a specific message; a short output that says the
    command is not known counts too (its wording is ASSUMED: platform.md §3.2).
    """
    if _TRAILER.search(text):
        message = _one_line(_TRAILER.sub("", text))
        return _known(message) or CliRefusal(
            "unknown_command" if _UNKNOWN_COMMAND.search(message) else "", message or "no reason given"
        )
    if len(text) <= _LONGEST_UNKNOWN_COMMAND_ANSWER and _UNKNOWN_COMMAND.search(text):
        return CliRefusal("unknown_command", _one_line(text), "Compare the node's release with the command reference.")
    return None


def parse_import_refusal(text: str) -> CliRefusal | None:
    """The refusal of a certificate import (text after the pasted certificate), with or without the trailer; None if none."""
    return parse_refusal(text) or _known(_one_line(text))


def _known(message: str) -> CliRefusal | None:
    return next((CliRefusal(code, message, remedy) for code, words, remedy in _IMPORT_REFUSALS if words.search(message)), None)


def _one_line(text: str) -> str:
    return " ".join(text.split())[:500]
