"""``GET /``: a page for people that shows what the simulated cluster holds, runs and was asked to change. No CUCM has it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape

from aiohttp import web

from pytest_cucmtls.model.certificates import Certificate
from pytest_cucmtls.sim.calls.views import CallView, calls_of
from pytest_cucmtls.sim.certificates.store import Identity
from pytest_cucmtls.sim.database import repeated
from pytest_cucmtls.sim.state import ClusterState, NodeState
from pytest_cucmtls.wire.x509 import parse_certificate

_MOST_ROWS = 100
_HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'", "Cache-Control": "no-store"}
_STYLE = """
:root { color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif; }
body { max-width: 72rem; margin: 1.5rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; margin-bottom: .2rem; } h2 { font-size: 1.1rem; margin: 1.8rem 0 .4rem; }
table { border-collapse: collapse; width: 100%; } caption { text-align: left; font-weight: 600; padding: .5rem 0 .2rem; }
th, td { text-align: left; vertical-align: top; padding: .25rem .8rem .25rem 0; border-bottom: 1px solid #8884; }
th { font-weight: 500; opacity: .75; } code { font-size: .88em; overflow-wrap: anywhere; } p.none { opacity: .7; }
strong.warn { color: #c2410c; }
"""


def routes(node: NodeState) -> list[web.RouteDef]:
    """Without credentials: it shows no secret."""

    async def show(_request: web.Request) -> web.Response:
        return web.Response(text=page(node), content_type="text/html", headers=_HEADERS)

    return [web.get("/", show)]


def page(node: NodeState) -> str:
    """The whole page, self-contained; everything that came from outside is escaped."""
    cluster = node.cluster
    title = f"Cluster {cluster.name}: simulated CUCM {cluster.release.full_version}"
    parts = [
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{escape(title)}</title>",
        f"<style>{_STYLE}</style></head><body><h1>{escape(title)}</h1>",
        f"<p>Served by {escape(node.name)} ({escape(node.role)}). {_state_of(cluster)}</p>",
        "<h2>Certificates</h2>",
        *(_certificates(member) for member in cluster.nodes),
        "<h2>SIP trunks</h2>",
        *(_trunks(member) for member in cluster.nodes),
        "<h2>Calls</h2>",
        *(_calls(member) for member in cluster.nodes),
        "<h2>Services</h2>",
        *(_services(member) for member in cluster.nodes),
        "<h2>Changes asked for</h2>",
        _writes(cluster),
        "<p>The same for programs: <code>/simulator/status</code>.</p></body></html>",
    ]
    return "\n".join(parts)


def _state_of(cluster: ClusterState) -> str:
    words = ["Changes are refused." if cluster.read_only else "Changes are accepted."]
    if cluster.faults:
        words.append(f"<strong class='warn'>Faults injected: {escape(', '.join(sorted(cluster.faults)))}.</strong>")
    if cluster.replication.held:
        words.append(f"<strong class='warn'>Certificate replication is held; {cluster.replication.waiting} waiting.</strong>")
    return " ".join(words)


def _certificates(node: NodeState) -> str:
    store, loaded = node.certificates.own("CallManager"), node.loaded
    rows = [_identity("in the store", store), _identity("in use on SIP", loaded.identity if loaded else None)]
    if loaded is not None and loaded.ecdsa_identity is not None:
        rows += [_identity("ECDSA, in the store", node.certificates.own("CallManager-ECDSA"))]
        rows += [_identity("ECDSA, in use on SIP", loaded.ecdsa_identity)]
    rows += [_identity("HTTPS (tomcat)", node.certificates.own("tomcat"))]
    for name, entry in sorted(node.certificates.trust("CallManager").items()):
        certificate = parse_certificate(entry.der)
        in_use = loaded is not None and entry.der in loaded.trust
        rows.append([f"trusted: {name}{'' if in_use else ' (not loaded)'}", *_facts(certificate), entry.description])
    note = ""
    if store is not None and loaded is not None and store.der != loaded.identity.der:
        note = "<p><strong class='warn'>The service has not been restarted since the certificate changed.</strong></p>"
    if node.certificates.request("CallManager") is not None:
        note += "<p>A signing request for CallManager is pending.</p>"
    return _table(node.name, ("", "subject", "issuer", "valid until", "key, signature", "SHA-256", "description"), rows) + note


def _identity(what: str, identity: Identity | None) -> list[str]:
    if identity is None:
        return [what, "none", "", "", "", "", ""]
    return [what, *_facts(parse_certificate(identity.der)), identity.description]


def _facts(certificate: Certificate) -> list[str]:
    until = _time(certificate.not_after) if certificate.not_after else "unreadable"
    key = f"{certificate.key_type} {certificate.key_bits}, {certificate.signature_hash}"
    return [str(certificate.subject), str(certificate.issuer), until, key, certificate.sha256]


def _trunks(node: NodeState) -> str:
    rows = []
    for row in node.database.rows("sipTrunk"):
        status, reason = node.call_manager.trunk_status(row["name"]) if node.call_manager else ("Unknown", 1)
        service = node.call_control.trunk_state(row["name"]) if node.call_control else None
        why = "; ".join(f"{peer} {word}" for peer, word in service.reasons) if service else ""
        profile = node.database.find("sipTrunkSecurityProfile", name=row.get("securityProfileName")) or {}
        places = [f"{place.get('addressIpv4')}:{place.get('port')}" for place in repeated(row, "destinations")]
        rows.append(
            [
                str(row["name"]),
                ", ".join(places),
                f"{row.get('securityProfileName')} ({profile.get('securityMode', 'Non Secure')})",
                str(profile.get("x509SubjectName") or ""),
                "yes" if row.get("srtpAllowed") else "no",
                f"{status} ({reason})",
                f"{service.service.value}{f': {why}' if why else ''}" if service else "",
            ]
        )
    return _table(
        node.name, ("trunk", "destinations", "security profile", "peer names", "SRTP allowed", "status", "service"), rows
    )


def _calls(node: NodeState) -> str:
    rows = [[call.calling, call.dialled, call.device, call.trunk, _state(call)] for call in calls_of(node)[:_MOST_ROWS]]
    return _table(node.name, ("from", "dialled", "device", "trunk", "state"), rows)


def _state(call: CallView) -> str:
    if not call.over:
        return f"answered by {call.answered_by}" if call.answered_by else "in progress"
    return "answered, over" if call.answered else f"not answered: SIP {call.status}, cause {call.cause}"


def _services(node: NodeState) -> str:
    rows = [
        [service.name, service.status if service.activated else "Not Activated", _time(service.started_at)]
        for service in node.services.values()
    ]
    return _table(node.name, ("service", "status", "since"), rows)


def _writes(cluster: ClusterState) -> str:
    rows = [[_time(write.at), write.interface, write.operation] for write in reversed(cluster.writes[-_MOST_ROWS:])]
    return _table(f"{len(cluster.writes)} since the start", ("at", "interface", "operation"), rows)


def _table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows]
    if not lines:
        return f"<p class='none'>{escape(caption)}: none.</p>"
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table><caption>{escape(caption)}</caption><tr>{head}</tr>{body}</table>"


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S UTC")
