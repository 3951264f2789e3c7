"""The builders of rehearsals under one name for tests, and two questions to a list of verdicts."""

from pytest_cucmtls.model.verdicts import Outcome, Verdict
from pytest_cucmtls.rehearsal.built_certificates import (
    BOTH_USAGES as BOTH_USAGES,
)
from pytest_cucmtls.rehearsal.built_certificates import (
    NOW as NOW,
)
from pytest_cucmtls.rehearsal.built_certificates import (
    certificate as certificate,
)
from pytest_cucmtls.rehearsal.built_certificates import (
    key as key,
)
from pytest_cucmtls.rehearsal.built_certificates import (
    request as request,
)
from pytest_cucmtls.rehearsal.built_certificates import (
    root as root,
)
from pytest_cucmtls.rehearsal.built_certificates import (
    self_signed as self_signed,
)
from pytest_cucmtls.rehearsal.built_pair import (
    calls as calls,
)
from pytest_cucmtls.rehearsal.built_pair import (
    cluster as cluster,
)
from pytest_cucmtls.rehearsal.built_pair import (
    good_pair as good_pair,
)
from pytest_cucmtls.rehearsal.built_pair import (
    inventory as inventory,
)
from pytest_cucmtls.rehearsal.built_pair import (
    item as item,
)
from pytest_cucmtls.rehearsal.built_pair import (
    named as named,
)
from pytest_cucmtls.rehearsal.built_pair import (
    node as node,
)
from pytest_cucmtls.rehearsal.built_pair import (
    sourced as sourced,
)
from pytest_cucmtls.rehearsal.built_pair import (
    spec as spec,
)
from pytest_cucmtls.rehearsal.built_pair import (
    trusted as trusted,
)
from pytest_cucmtls.rehearsal.built_pair import (
    with_cluster as with_cluster,
)
from pytest_cucmtls.rehearsal.built_pair import (
    with_identity as with_identity,
)
from pytest_cucmtls.rehearsal.built_pair import (
    with_node as with_node,
)
from pytest_cucmtls.rehearsal.built_pair import (
    with_profile as with_profile,
)
from pytest_cucmtls.rehearsal.built_pair import (
    with_traces as with_traces,
)
from pytest_cucmtls.rehearsal.built_pair import (
    with_trunk as with_trunk,
)
from pytest_cucmtls.rehearsal.built_pair import (
    with_wire as with_wire,
)
from pytest_cucmtls.rehearsal.built_traces import (
    SAVP as SAVP,
)
from pytest_cucmtls.rehearsal.built_traces import (
    Dialogue as Dialogue,
)
from pytest_cucmtls.rehearsal.built_traces import (
    analysis as analysis,
)
from pytest_cucmtls.rehearsal.built_traces import (
    call_log as call_log,
)
from pytest_cucmtls.rehearsal.built_traces import (
    dialogue as dialogue,
)
from pytest_cucmtls.rehearsal.built_traces import (
    session as session,
)
from pytest_cucmtls.rehearsal.built_traces import (
    sip as sip,
)
from pytest_cucmtls.rehearsal.built_traces import (
    source as source,
)
from pytest_cucmtls.rehearsal.built_traces import (
    trace as trace,
)
from pytest_cucmtls.rehearsal.built_wire import (
    ADDRESSES as ADDRESSES,
)
from pytest_cucmtls.rehearsal.built_wire import (
    AES128_SHA as AES128_SHA,
)
from pytest_cucmtls.rehearsal.built_wire import (
    CALLER_PORTS as CALLER_PORTS,
)
from pytest_cucmtls.rehearsal.built_wire import (
    FLIGHT as FLIGHT,
)
from pytest_cucmtls.rehearsal.built_wire import (
    GCM as GCM,
)
from pytest_cucmtls.rehearsal.built_wire import (
    NODES as NODES,
)
from pytest_cucmtls.rehearsal.built_wire import (
    NULL_SHA as NULL_SHA,
)
from pytest_cucmtls.rehearsal.built_wire import (
    NUMBERS as NUMBERS,
)
from pytest_cucmtls.rehearsal.built_wire import (
    capture as capture,
)
from pytest_cucmtls.rehearsal.built_wire import (
    handshake as handshake,
)


def verdict_of(verdicts: list[Verdict], check: str, subject: str) -> Verdict:
    return next(verdict for verdict in verdicts if (verdict.check, verdict.subject) == (check, subject))


def findings(verdicts: list[Verdict], *outcomes: Outcome) -> set[str]:
    wanted = outcomes or (Outcome.FAIL,)
    return {f"{verdict.check} {verdict.subject}" for verdict in verdicts if verdict.outcome in wanted}
