"""Evidence beside captures, calls and traces: revocation lists, and trunks that look like copies of the one under test."""

from functools import partial
from pathlib import Path

from pytest_cucmtls.ca.embedded import EmbeddedAuthority
from pytest_cucmtls.clusters import ClusterReader
from pytest_cucmtls.model.errors import CucmTlsError
from pytest_cucmtls.procedure.context import Run

NO_LIST = "the inventory names no authority.crl_file"


def keep_further_evidence(run: Run) -> None:
    """Keep kinds ``crl``, ``similar_trunks`` and ``other_sip_trunk``; what cannot be had is said. Raises nothing."""
    for fact, gather in (
        ("revocation list", partial(keep_revocation_list, run)),
        *((f"SIP trunks of {cluster.name}", partial(keep_likely_copies, run, cluster)) for cluster in run.clusters),
    ):
        try:
            gather()
        except CucmTlsError as problem:
            run.progress(f"not collected: {fact}: {problem}")
            run.folder.keep_missing(fact, str(problem))


def keep_revocation_list(run: Run) -> None:
    """The user's file, or what the run's own embedded authority says; no list is ever made with a user's CA key."""
    name = run.inventory.authority.crl_file
    if name is not None:
        try:
            data, operation = Path(name).read_bytes(), Path(name).name
        except OSError as problem:
            run.folder.keep_missing("revocation list", f"{Path(name).name} cannot be read: {problem.strerror}")
            return
    elif isinstance(run.authority, EmbeddedAuthority):
        data, operation = run.authority.revocation_list(), "list of the embedded authority"
    else:
        run.folder.keep_missing("revocation list", NO_LIST)
        return
    run.folder.keep(data, kind="crl", interface="authority", operation=operation, media_type="application/pkix-crl")


def keep_likely_copies(run: Run, cluster: ClusterReader) -> None:
    """Every trunk whose name begins with that of the trunk under test; CUCM's own copies and re-runs are named so."""
    axl = cluster.axl()
    name = cluster.spec.trunk.replace("'", "''").replace("%", "").lower()
    listed = axl.query(f"select name from device where lower(name) like '{name}%'")
    run.folder.keep_reading(listed, kind="similar_trunks", cluster=cluster.name)
    for row in listed.value:
        if row.get("name") and row["name"] != cluster.spec.trunk:
            run.folder.keep_reading(axl.read_sip_trunk(row["name"]), kind="other_sip_trunk", cluster=cluster.name)
