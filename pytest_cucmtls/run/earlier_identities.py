"""What an earlier run saw as identities of the same nodes, kept in this run's evidence: a restored backup brings one back."""

import json
from pathlib import Path

from pytest_cucmtls.evidence.bundles.opened import opened_bundle
from pytest_cucmtls.evidence.load import load_evidence
from pytest_cucmtls.model.errors import CucmTlsError
from pytest_cucmtls.model.evidence import Evidence
from pytest_cucmtls.procedure.context import Run


def keep_earlier_identities(run: Run, baseline: Path) -> None:
    """Keep kind ``earlier_identities`` from a run folder or bundle; one that cannot be read is said. Raises nothing."""
    try:
        with opened_bundle(baseline) as folder:
            known = identities_in(load_evidence(folder))
    except CucmTlsError as problem:
        run.folder.keep_missing("identities of earlier runs", str(problem))
        return
    run.folder.keep(
        json.dumps(known).encode(),
        kind="earlier_identities",
        interface="tool",
        operation=f"identities in {baseline.name}",
        media_type="application/json",
    )


def identities_in(evidence: Evidence) -> list[dict[str, str]]:
    """Place, fingerprint, serial and time of every CallManager identity of a run, what it found before what it left behind."""
    found = []
    for cluster in evidence.clusters:
        for node in cluster.nodes:
            for source in (node.own_certificate_before, node.own_certificate):
                if source is not None:
                    certificate = source.value.certificate
                    found.append(
                        {
                            "place": f"{cluster.name}/{node.name}",
                            "sha256": certificate.sha256,
                            "serial": certificate.serial_hex,
                            "recorded_at": evidence.gathered_at.isoformat(),
                        }
                    )
    return found
