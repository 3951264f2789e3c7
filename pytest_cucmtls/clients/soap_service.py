"""Sends a SOAP 1.1 request to one of CUCM's serviceability services or WebDialer and returns the answer as received."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from lxml import etree

from pytest_cucmtls.clients.https import MAX_ANSWER_BYTES, HttpAnswer, HttpsSession
from pytest_cucmtls.model.errors import InterfaceRefused, UnexpectedAnswer
from pytest_cucmtls.model.readings import Reading, T
from pytest_cucmtls.model.secrets import Secret
from pytest_cucmtls.wire.html_text import plain_text
from pytest_cucmtls.wire.soap import add_text, write_envelope

AST_NAMESPACE: Final = "http://schemas.cisco.com/ast/soap"
RATE_LIMIT: Final = "Exceeded allowed rate"
"""Beginning of the fault of RisPort and Perfmon (platform facts §5.2); the rest has a typo we do not rely on."""


@dataclass(frozen=True, slots=True)
class SoapService:
    """One service of one node: its own session (CUCM's services refuse each other's cookies), path and name."""

    session: HttpsSession
    interface: str
    path: str

    def send(
        self,
        operation: str,
        content: etree._Element,
        *,
        action: str | None = None,
        limit_bytes: int = MAX_ANSWER_BYTES,
        secrets: tuple[Secret, ...] = (),
    ) -> HttpAnswer:
        """The answer to one request; `action` is the SOAPAction, the operation's name unless given.

        Raises: as HttpsSession.post; UnexpectedAnswer for an error status whose body is no SOAP fault.
        """
        headers: Mapping[str, str] = {
            "Content-Type": "text/xml; charset=utf-8",
            "SOAPAction": f'"{operation if action is None else action}"',
        }
        answer = self.session.post(
            self.interface, operation, self.path, write_envelope(content), headers, limit_bytes=limit_bytes, secrets=secrets
        )
        if answer.status != 200 and b"Envelope" not in answer.body:
            detail = f"HTTP {answer.status} without a SOAP answer"
            raise UnexpectedAnswer(self.interface, operation, plain_text(answer.body), detail)
        return answer

    def reading(self, value: T, answer: HttpAnswer, operation: str) -> Reading[T]:
        """A reading of an answer that has just come."""
        media_type = answer.content_type or "text/xml"
        return Reading(value, answer.body, self.interface, operation, datetime.now(UTC), media_type)


def is_rate_limited(refusal: InterfaceRefused) -> bool:
    """The service counts requests per minute and this one was too many, or the node says 503."""
    return RATE_LIMIT in refusal.detail or refusal.code == "503"


def ast_element(name: str) -> etree._Element:
    """An element in the serviceability namespace."""
    return etree.Element(f"{{{AST_NAMESPACE}}}{name}", nsmap={"soap": AST_NAMESPACE})


def ast_child(parent: etree._Element, name: str, text: str = "") -> etree._Element:
    """Append an element in the serviceability namespace."""
    return add_text(parent, f"{{{AST_NAMESPACE}}}{name}", text)
