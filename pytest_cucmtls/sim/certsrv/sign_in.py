"""Who asks the simulated pages: HTTP Basic (RFC 7617), or NTLM by pyspnego as a server, bound to the TLS channel."""

import base64
import binascii
import hashlib
import hmac
import os
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from weakref import WeakKeyDictionary

from aiohttp import web

from pytest_cucmtls.sim.provenance import Behaviour, Provenance

if TYPE_CHECKING:
    from asyncio import BaseTransport

    from spnego import ContextProxy

BEHAVIOURS = (
    Behaviour(
        "AD CS web enrolment", "NTLM: a real handshake per connection, with channel binding", Provenance.SPECIFIED, "MS-NTHT"
    ),
)
_SCHEMES = {"ntlm": "NTLM", "negotiate": "Negotiate"}


class SignIn(Protocol):
    """Tells the user of a request, or how to sign in."""

    def user(self, request: web.Request) -> str | None:
        """The account, or None while (or because) nobody has signed in."""

    def challenge(self, request: web.Request) -> dict[str, str]:
        """Headers of the 401."""


class BasicSignIn:
    """User name and password with every request; names are compared without case, as Windows does."""

    def __init__(self, accounts: dict[str, str]) -> None:
        self._accounts = {name.lower(): password for name, password in accounts.items()}

    def user(self, request: web.Request) -> str | None:
        """The account whose password is right."""
        scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            name, _, password = base64.b64decode(encoded.strip(), validate=True).decode("utf-8").partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        known = self._accounts.get(name.lower())
        return name if known is not None and hmac.compare_digest(known.encode(), password.encode()) else None

    def challenge(self, request: web.Request) -> dict[str, str]:
        """Basic, and nothing else."""
        del request
        return {"WWW-Authenticate": 'Basic realm="ca.corp.example"'}


class WindowsSignIn:
    """NTLMv2, bare or inside Negotiate (without Kerberos), authenticated once per connection, as IIS does."""

    def __init__(self, accounts: dict[str, str], folder: Path, server_certificate: bytes, protocol: str) -> None:
        self._protocol, self._scheme = protocol, _SCHEMES[protocol]
        self._users = folder / "ntlm-users"
        self._users.touch(mode=0o600)
        lines = (f"{domain}:{user}:{password}\n" for name, password in accounts.items() for domain, user in [_split(name)])
        self._users.write_text("".join(lines), encoding="utf-8")
        self._binding = b"tls-server-end-point:" + hashlib.sha256(server_certificate).digest()
        self._contexts: WeakKeyDictionary[BaseTransport, ContextProxy] = WeakKeyDictionary()
        self._signed_in: WeakKeyDictionary[BaseTransport, str] = WeakKeyDictionary()
        self._answers: WeakKeyDictionary[BaseTransport, bytes] = WeakKeyDictionary()

    def user(self, request: web.Request) -> str | None:
        """The account that has finished its handshake on this connection."""
        from spnego.exceptions import SpnegoError

        transport = request.transport
        scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
        if transport is None:
            return None
        if scheme != self._scheme:
            return self._signed_in.get(transport)
        try:
            context = self._contexts.get(transport) or self._new_context()
            self._contexts[transport] = context
            answer = context.step(base64.b64decode(encoded.strip(), validate=True))
        except (SpnegoError, ValueError):
            self._contexts.pop(transport, None)
            return None
        if context.complete:
            self._signed_in[transport] = context.client_principal or ""
            return self._signed_in[transport]
        self._answers[transport] = answer or b""
        return None

    def challenge(self, request: web.Request) -> dict[str, str]:
        """The server's token of a handshake that has begun, else the name of the scheme."""
        answer = self._answers.pop(request.transport, b"") if request.transport is not None else b""
        token = f" {base64.b64encode(answer).decode('ascii')}" if answer else ""
        return {"WWW-Authenticate": f"{self._scheme}{token}"}

    def _new_context(self) -> "ContextProxy":
        import spnego
        from spnego.channel_bindings import GssChannelBindings

        os.environ["NTLM_USER_FILE"] = str(self._users)  # the only way pyspnego takes a server's accounts
        return spnego.server(
            protocol=self._protocol,
            options=spnego.NegotiateOptions.use_ntlm if self._protocol == "ntlm" else spnego.NegotiateOptions.none,
            channel_bindings=GssChannelBindings(application_data=self._binding),
        )


def _split(name: str) -> tuple[str, str]:
    domain, separator, user = name.partition("\\")
    return (domain, user) if separator else ("", name)
