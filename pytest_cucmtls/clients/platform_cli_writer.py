"""Changes one node through its platform CLI; exists only where changes were asked for."""

import re
from datetime import UTC, datetime

from pytest_cucmtls.clients.platform_cli import PlatformCliReader, refused
from pytest_cucmtls.model.certificates import CertificateRequest
from pytest_cucmtls.model.errors import ConfigurationInvalid, InterfaceRefused, UnexpectedAnswer
from pytest_cucmtls.model.readings import Reading
from pytest_cucmtls.wire.cli_dialogue import find_question
from pytest_cucmtls.wire.cli_terminal import last_line
from pytest_cucmtls.wire.cli_text import parse_import_refusal, parse_refusal

RESTART_LIMIT_SECONDS = 900.0
"""A CallManager with many devices takes minutes to come back (ASSUMED)."""

_PASTE = re.compile(r"Paste the Certificate[^\n]{0,80}\bEnter\b", re.IGNORECASE)
_GENERATED = re.compile(r"Successfully\s+Generated\s+CSR\s+for\s+(\S+?)\.?\s*$", re.IGNORECASE | re.MULTILINE)
_REGENERATED = re.compile(r"Successfully\s+regenerated\s+certificate", re.IGNORECASE)
_IMPORTED = re.compile(r"Successfully\s+imported|import[^\n]{0,60}\bis successful", re.IGNORECASE)
_PEM_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----\s[A-Za-z0-9+/=\s]+?-----END CERTIFICATE-----")
_END_OF_PEM = "-----END CERTIFICATE-----"
_UNIT = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_FILE_NAME = re.compile(r"[^\s/\\]{1,255}")
_SERVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ()._/-]{0,100}")


class PlatformCliWriter(PlatformCliReader):
    """The reader's commands and the ones of steps 3, 6, 7 and the restart; raises as the reader does."""

    def generate_request(self, unit: str, *, include_organizational_unit: bool = True) -> Reading[CertificateRequest]:
        """``set csr gen`` and then ``show csr own``: the new request; it replaces any earlier one.

        Newer releases ask whether the OU goes into the request; older ones always put it there.
        Raises: UnexpectedAnswer when the node does not say that it made one.
        """
        name = _unit(unit)
        command = f"set csr gen {name}"
        choice = "yes" if include_organizational_unit else "no"
        output = self._checked(command, reply=lambda shown: choice if _asks(shown, "OU in CSR") else None)
        if _GENERATED.search(output.text) is None:
            raise UnexpectedAnswer("cli", command, output.text, "no word of success")
        return self.read_request(name)

    def import_trust(self, unit: str, pem: str) -> Reading[str]:
        """``set cert import trust``: one CA certificate; `unit` may be named with or without ``-trust``.

        Raises: InterfaceRefused with code ``unreadable``, ``expired`` … and a remedy. A trusted certificate of the same
        common name and a later notBefore is kept without a word: list the store afterwards.
        """
        return self._import(f"set cert import trust {_unit(unit).removesuffix('-trust')}", pem)

    def import_identity(self, unit: str, pem: str) -> Reading[str]:
        """``set cert import own``: the signed certificate for the pending request.

        Raises: InterfaceRefused with code ``ca_missing``, ``no_csr``, ``key_mismatch``, ``san_mismatch``, ``unreadable``,
        ``expired`` or ``wildcard`` (platform.md §3.3). The service serves it after its restart only.
        """
        return self._import(f"set cert import own {_unit(unit)}", pem)

    def delete_trust(self, unit: str, file_name: str) -> Reading[str]:
        """``set cert delete <unit> <file>``, confirmed; deleting is cluster-wide (platform.md §7.2).

        Raises: ConfigurationInvalid for a file name that cannot be typed as one word.
        """
        if not _FILE_NAME.fullmatch(file_name):
            raise ConfigurationInvalid("platform CLI", "certificate file", f"{file_name[:80]!r} cannot be typed as one word")
        store = _unit(unit).removesuffix("-trust") + "-trust"
        command = f"set cert delete {store} {file_name}"
        output = self._checked(command, reply=_agree)
        return Reading(output.text.strip(), output.raw, "cli", command, datetime.now(UTC))

    def regenerate(self, unit: str) -> Reading[str]:
        """``set cert regen``, confirmed: a new self-signed identity, with a new key, replaces the one in the store.

        Raises: UnexpectedAnswer when the node does not say that it made one.
        """
        command = f"set cert regen {_unit(unit)}"
        output = self._checked(command, reply=_agree)
        if _REGENERATED.search(output.text) is None:
            raise UnexpectedAnswer("cli", command, output.text, "no word of success")
        return Reading(output.text.strip(), output.raw, "cli", command, datetime.now(UTC))

    def restart_service(self, name: str, *, limit_seconds: float = RESTART_LIMIT_SECONDS) -> Reading[str]:
        """``utils service restart``: returns once the node reports the service as started; the value is its last word.

        Raises: InterfaceRefused with code ``not_started`` when it stays down.
        """
        if not _SERVICE.fullmatch(name):
            raise ConfigurationInvalid("platform CLI", "service", f"{name[:80]!r} is not a service name")
        command = f"utils service restart {name}"
        output = self._checked(command, reply=_agree, limit_seconds=limit_seconds)
        last = _last_state(output.text)
        if last != "STARTED":
            raise InterfaceRefused(
                "cli",
                command,
                "not_started",
                f"the service's last state is {last or 'not shown'}",
                remedy="Look at the service with `utils service list`, then run the same command again.",
            )
        return Reading("Started", output.raw, "cli", command, datetime.now(UTC))

    def _import(self, command: str, pem: str) -> Reading[str]:
        """The paste dialogue: wait for the invitation, paste, Enter on an empty line, read the verdict."""
        pasted = _PEM_CERTIFICATE.search(pem)
        if pasted is None:
            raise ConfigurationInvalid("platform CLI", command, "the text to paste holds no PEM certificate")
        block = "\n".join(line.strip() for line in pasted[0].splitlines() if line.strip()) + "\n"

        def reply(shown: str) -> str | None:
            return block if _PASTE.search(shown) else _agree(shown)

        output = self._typed(command, reply=reply)
        verdict = output.text.rpartition(_END_OF_PEM)[2]
        accepted = _IMPORTED.search(verdict) is not None
        refusal = parse_refusal(verdict) if accepted else parse_import_refusal(verdict)
        if refusal is not None:
            raise refused(command, refusal)
        if not accepted:
            raise UnexpectedAnswer("cli", command, verdict.strip() or output.text, "neither success nor refusal")
        return Reading(" ".join(verdict.split()), output.raw, "cli", command, datetime.now(UTC))


def _agree(shown: str) -> str | None:
    question = find_question(last_line(shown))
    return question.affirmative if question else None


def _asks(shown: str, words: str) -> bool:
    line = last_line(shown)
    return words in line and find_question(line) is not None


def _last_state(text: str) -> str:
    states = re.findall(r"\[([A-Z]{3,20})\]", text)
    return states[-1] if states else ""


def _unit(unit: str) -> str:
    if not _UNIT.fullmatch(unit):
        raise ConfigurationInvalid("platform CLI", "certificate unit", f"{unit[:80]!r} is not a unit name such as CallManager")
    return unit
