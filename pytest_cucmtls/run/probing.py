"""Probes the SIP TLS listener of every node of a run and keeps the answers; never faster than the inventory allows."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Event

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pytest_cucmtls.model.errors import CucmTlsError
from pytest_cucmtls.model.inventory import NodeAddress
from pytest_cucmtls.probe.client_certificates import ClientIdentity
from pytest_cucmtls.probe.listener import Manners, probe_listener
from pytest_cucmtls.procedure.context import Run
from pytest_cucmtls.wire.probe_report import probe_as_json
from pytest_cucmtls.wire.x509 import pem_of
from pytest_cucmtls.wire.x509_sign import generate_key, private_key_pem, sign_request

PROBE_NAME = "cucmtls-probe"
"""CN of the trusted test certificate: no node's name, so no trunk of a cluster accepts a call from it."""


def probe_listeners(run: Run, wait: Callable[[float], object] | None = None) -> None:
    """Ask every listener once and keep one item of kind ``probe`` per node; what was not asked is said in the evidence.

    `wait` pauses for the seconds given (default: an event nobody sets). Raises nothing: like every collection step.
    """
    if not run.inventory.probes:
        for cluster, node in run.nodes():
            run.folder.keep_missing(f"probe of {cluster.name}/{node.name}", "the inventory does not ask for it (probe = true)")
        return
    trusted = _trusted_identity(run)
    manners = _manners(run, wait or Event().wait)
    for place, (cluster, node) in enumerate(run.nodes()):
        if place:
            manners.pause()
        _keep(run, cluster.name, node, manners, trusted)


def _keep(run: Run, cluster: str, node: NodeAddress, manners: Manners, trusted: ClientIdentity | None) -> None:
    report = probe_listener(node.address, node.sip_port, manners, trusted=trusted)
    run.folder.keep(
        probe_as_json(report),
        kind="probe",
        cluster=cluster,
        node=node.name,
        interface="tool",
        operation=f"probe of {node.address}:{node.sip_port}",
        media_type="application/json",
    )


def _manners(run: Run, wait: Callable[[float], object]) -> Manners:
    """No pause on loopback, where nobody else's calls can suffer."""
    seconds = 0.0 if run.inventory.on_loopback else run.inventory.probe_pause_seconds

    def pause() -> None:
        if seconds:
            wait(seconds)

    return Manners(pause, os.urandom, lambda: datetime.now(UTC), seconds)


def _trusted_identity(run: Run) -> ClientIdentity | None:
    """A certificate of the run's own embedded authority; no other authority is asked to sign for a probe."""
    if run.authority is None or run.inventory.authority.kind != "embedded":
        return None
    key = generate_key(2048)
    builder = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, PROBE_NAME)]))
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )
    try:
        request_id = run.authority.submit(pem_of(sign_request(builder, key), "CERTIFICATE REQUEST").encode(), label=PROBE_NAME)
        run.authority.issue(request_id)
        leaf = run.authority.retrieve(request_id)
    except CucmTlsError as problem:
        run.progress(f"probe without a trusted certificate: {problem}")
        return None
    return ClientIdentity(leaf + b"".join(pem_of(der).encode() for der in run.authority.chain()) + private_key_pem(key))
