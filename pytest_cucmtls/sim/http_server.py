"""The HTTPS side of a simulated node: one aiohttp server per node, with every module of `interfaces` on it."""

import asyncio
import importlib
import logging
import pkgutil
import ssl
import tempfile
import warnings
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from pytest_cucmtls.sim import interfaces
from pytest_cucmtls.sim.certificates.identities import Identity
from pytest_cucmtls.sim.provenance import Behaviour, Provenance
from pytest_cucmtls.sim.state import NodeState
from pytest_cucmtls.sim.tls_minimum import tls_minimum_of

BEHAVIOURS = (
    Behaviour("HTTPS", "one TLS port with the tomcat certificate for every interface", Provenance.SPECIFIED, "public clients"),
    Behaviour(
        "HTTPS", "from the release's lowest TLS version up to 1.2", Provenance.ASSUMED, "so that newer clients reach a 9.1"
    ),
    Behaviour(
        "HTTPS", "an uploaded tomcat certificate is served after Cisco Tomcat was restarted", Provenance.SPECIFIED, "217138"
    ),
    Behaviour("HTTPS", "connections stay open while Cisco Tomcat restarts", Provenance.ASSUMED, "narrower than the real one"),
)

MAX_REQUEST_BYTES = 8 * 1024 * 1024

_LOG = logging.getLogger(__name__)
_REQUEST_LOG = logging.getLogger("pytest_cucmtls.sim.requests")
_TASKS = web.AppKey("background_tasks", set[asyncio.Task[None]])


class _WithoutMalformedRequests(logging.Filter):
    """Malformed HTTP is answered with 400 and is nothing to report; a handler that fails is."""

    def filter(self, record: logging.LogRecord) -> bool:
        problem = record.exc_info[1] if record.exc_info else None
        return not isinstance(problem, HttpProcessingError)


_REQUEST_LOG.addFilter(_WithoutMalformedRequests())


class HttpsServer:
    """A running server; `close` ends it together with what it still does in the background."""

    def __init__(self, runner: web.AppRunner, node: NodeState, context: ssl.SSLContext) -> None:
        self._runner = runner
        self._node = node
        self._context = context

    def reload(self) -> None:
        """Serve the tomcat certificate the store holds now, from the TLS version the node allows now."""
        identity = self._node.certificates.own("tomcat")
        assert identity is not None, "it was there when the server started"
        _restrict(self._context, identity, tls_minimum_of(self._node))

    async def close(self) -> None:
        """Stop listening, drop connections, cancel background work."""
        await self._runner.cleanup()


async def serve_https(node: NodeState) -> HttpsServer:
    """Serve the node's interfaces on its address with its tomcat certificate; a port of 0 takes a free one.

    `https_port` goes into the state. Raises: OSError when the port is taken.
    """
    identity = node.certificates.own("tomcat")
    if identity is None:
        raise ValueError(f"node {node.name} has no tomcat certificate to serve HTTPS with")
    application = web.Application(client_max_size=MAX_REQUEST_BYTES)
    application[_TASKS] = set()
    application.on_cleanup.append(_cancel_background)
    application.add_routes(all_routes(node))
    runner = web.AppRunner(application, access_log=None, logger=_REQUEST_LOG, shutdown_timeout=0.2)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _restrict(context, identity, tls_minimum_of(node))
    await runner.setup()
    try:
        await web.TCPSite(runner, node.ip, node.https_port, ssl_context=context).start()
    except OSError:
        await runner.cleanup()
        raise
    node.https_port = runner.addresses[0][1]
    server = HttpsServer(runner, node, context)
    node.web_server = server
    return server


def all_routes(node: NodeState) -> list[web.RouteDef]:
    """Routes of every module in `interfaces`; each has a function ``routes(node)``."""
    names = sorted(module.name for module in pkgutil.iter_modules(interfaces.__path__))
    modules = [importlib.import_module(f"{interfaces.__name__}.{name}") for name in names]
    return [route for module in modules for route in module.routes(node)]


def run_in_background(request: web.Request, work: Coroutine[Any, Any, None]) -> None:
    """Let work go on after the answer was sent; it ends with the server at the latest."""
    tasks = request.app[_TASKS]
    task = asyncio.get_running_loop().create_task(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)
    task.add_done_callback(_report_failure)


def _report_failure(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and task.exception() is not None:
        _LOG.error("background work of an interface failed", exc_info=task.exception())


async def _cancel_background(application: web.Application) -> None:
    tasks = application[_TASKS]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _restrict(context: ssl.SSLContext, identity: Identity, minimum: str) -> None:
    """The node's lowest version for SIP up to TLS 1.2, with the suites of a server that wants to be reached (ASSUMED)."""
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    highest = max(ssl.TLSVersion.TLSv1_2, ssl.TLSVersion[minimum.replace(".", "_")])
    context.maximum_version = ssl.TLSVersion.MAXIMUM_SUPPORTED
    with warnings.catch_warnings():
        # TLS 1.0 is what releases up to 12.5 speak; the module calls it deprecated when it is set.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion[minimum.replace(".", "_")]
    context.maximum_version = highest
    with tempfile.TemporaryDirectory(prefix="tomcat-") as folder:
        path = Path(folder, "identity.pem")
        path.touch(mode=0o600)
        path.write_bytes(identity.pem())
        context.load_cert_chain(path)
