"""``/simulator/…``: what the simulated cluster holds and was asked to change, and a way to break it. No CUCM has these pages."""

import hashlib
import json
from datetime import datetime
from typing import Any

from aiohttp import web

from pytest_cucmtls.sim.certificates.store import Identity
from pytest_cucmtls.sim.database import repeated
from pytest_cucmtls.sim.faults import UnknownFault, choose_faults
from pytest_cucmtls.sim.state import NodeState


def routes(node: NodeState) -> list[web.RouteDef]:
    """``GET status`` and orders, without credentials: nothing is secret.

    ``POST faults`` (``{"fault": "<name>"}``) breaks something; ``POST replication`` (``{"held": true}`` or false) keeps
    certificate changes from the other nodes or lets them through, with whatever waits; ``POST protect`` makes the node's
    cluster refuse every change from now on and forgets the changes recorded so far.
    """

    async def show(_request: web.Request) -> web.Response:
        return web.json_response(status_of(node))

    async def inject(request: web.Request) -> web.Response:
        try:
            name = _fault_name(await request.read())
            for chosen in choose_faults([name], [node.cluster]):
                await chosen.inject_and_reset()
        except UnknownFault as problem:
            return web.json_response({"message": str(problem)}, status=400)
        return web.json_response(status_of(node))

    async def replicate(request: web.Request) -> web.Response:
        body = _json(await request.read())
        held = body.get("held") if isinstance(body, dict) else None
        if not isinstance(held, bool):
            return web.json_response({"message": 'the body must be {"held": true} or {"held": false}'}, status=400)
        replication = node.cluster.replication
        (replication.hold if held else replication.release)()
        return web.json_response(status_of(node))

    async def protect(_request: web.Request) -> web.Response:
        node.cluster.read_only = True
        node.cluster.writes.clear()
        return web.json_response(status_of(node))

    return [
        web.get("/simulator/status", show),
        web.post("/simulator/faults", inject),
        web.post("/simulator/replication", replicate),
        web.post("/simulator/protect", protect),
    ]


def _fault_name(body: bytes) -> str:
    """The fault asked for. Raises: UnknownFault when the body names none."""
    asked = _json(body)
    name = asked.get("fault") if isinstance(asked, dict) else None
    if not isinstance(name, str):
        raise UnknownFault('the body must be {"fault": "<name>"}')
    return name


def _json(body: bytes) -> object:
    """The parsed body; None for what is no JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def status_of(node: NodeState) -> dict[str, Any]:
    """Certificates in store and in use, services, trunks with their state, writes asked for, faults injected."""
    cluster = node.cluster
    return {
        "schema": "cucmtls-simulator-status-1",
        "cluster": cluster.name,
        "node": node.name,
        "release": cluster.release.full_version,
        "read_only": cluster.read_only,
        "faults": sorted(cluster.faults),
        "writes": [
            {"at": _time(write.at), "interface": write.interface, "operation": write.operation} for write in cluster.writes
        ],
        "replication": {"held": cluster.replication.held, "waiting": cluster.replication.waiting},
        "services": {service.name: service.status for service in node.services.values()},
        "certificates": _certificates(node),
        "trunks": _trunks(node),
    }


def _certificates(node: NodeState) -> dict[str, Any]:
    loaded = node.loaded
    return {
        "store": _identity(node.certificates.own("CallManager")),
        "request_pending": node.certificates.request("CallManager") is not None,
        "trust": {name: _sha256(entry.der) for name, entry in node.certificates.trust("CallManager").items()},
        "loaded": _identity(loaded.identity) if loaded else None,
        "store_ecdsa": _identity(node.certificates.own("CallManager-ECDSA")),
        "loaded_ecdsa": _identity(loaded.ecdsa_identity) if loaded else None,
        "loaded_trust": [_sha256(der) for der in loaded.trust] if loaded else [],
        "loaded_at": _time(loaded.loaded_at) if loaded else None,
        "tomcat": _identity(node.certificates.own("tomcat")),
    }


def _trunks(node: NodeState) -> list[dict[str, Any]]:
    shown = []
    for row in node.database.rows("sipTrunk"):
        state = node.call_manager.trunk_status(row["name"]) if node.call_manager else ("Unknown", 1)
        service = node.call_control.trunk_state(row["name"]) if node.call_control else None
        shown.append(
            {
                "name": row["name"],
                "security_profile": row.get("securityProfileName"),
                "destinations": [[place.get("addressIpv4"), place.get("port")] for place in repeated(row, "destinations")],
                "status": state[0],
                "status_reason": state[1],
                "service": service.service.value if service else None,
                "unavailable": [list(pair) for pair in service.reasons] if service else [],
            }
        )
    return shown


def _identity(identity: Identity | None) -> dict[str, Any] | None:
    if identity is None:
        return None
    return {
        "sha256": _sha256(identity.der),
        "chain": [_sha256(der) for der in identity.chain],
        "description": identity.description,
        "installed_at": _time(identity.installed_at),
    }


def _sha256(der: bytes) -> str:
    return hashlib.sha256(der).hexdigest()


def _time(at: datetime) -> str:
    return at.isoformat()
