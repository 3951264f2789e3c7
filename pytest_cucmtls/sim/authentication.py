"""HTTP Basic authentication (RFC 7617) against the accounts of a simulated cluster."""

import base64
import binascii

from aiohttp import web

from pytest_cucmtls.sim.state import ClusterState, SimAccount

SERVICEABILITY_ROLE_MISSING = "serviceability_role_missing"
"""Behaviour name (`ClusterState.faults`): the application user has AXL roles only."""


class Unauthorized(Exception):
    """No credentials, wrong ones, or an account without the role; `known` tells the last case."""

    def __init__(self, *, known: bool) -> None:
        super().__init__("authentication failed")
        self.known = known


def authenticated(request: web.Request, cluster: ClusterState, *roles: str) -> SimAccount:
    """The account behind a request's Authorization header. Raises: Unauthorized."""
    user, password = _credentials(request.headers.get("Authorization", ""))
    account = cluster.account(user, password, *roles)
    if account is None:
        raise Unauthorized(known=cluster.account(user, password) is not None)
    return account


def serviceability_account(request: web.Request, cluster: ClusterState) -> SimAccount:
    """The account of a request to a serviceability interface. Raises: Unauthorized."""
    account = authenticated(request, cluster, "axl", "axl-read")
    if SERVICEABILITY_ROLE_MISSING in cluster.faults:
        raise Unauthorized(known=True)
    return account


def challenge(refusal: Unauthorized, realm: str) -> web.Response:
    """401 with the realm, or 403 for an account that only lacks the role."""
    if refusal.known:
        return web.Response(
            status=403, text=_page(403, "Access to the requested resource has been denied"), content_type="text/html"
        )
    headers = {"WWW-Authenticate": f'Basic realm="{realm}"', "Cache-Control": "private"}
    text = _page(401, "This request requires HTTP authentication")
    return web.Response(status=401, text=text, content_type="text/html", headers=headers)


def _page(status: int, text: str) -> str:
    return f"<html><head><title>HTTP Status {status}</title></head><body><h1>HTTP Status {status} - {text}</h1></body></html>"


def _credentials(header: str) -> tuple[str, str]:
    """User and password; two empty texts for anything that is not Basic authentication."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(encoded.strip(), validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, password
