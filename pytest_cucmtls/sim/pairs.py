"""The built-in simulated pairs: what each cluster is called, runs and starts with; and the state built from that."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pytest_cucmtls.sim.addresses import Subnet
from pytest_cucmtls.sim.certificates.store import CertificateStore
from pytest_cucmtls.sim.database import Database
from pytest_cucmtls.sim.initial_rows import add_built_in_objects, add_node, add_test_phone, enable_options_ping, make_third_party
from pytest_cucmtls.sim.releases import RELEASES, ReleaseProfile
from pytest_cucmtls.sim.state import CALL_MANAGER_SERVICE, TOMCAT_SERVICE, ClusterState, NodeState, ServiceState, SimAccount

HTTPS_PORT = 8443
SSH_PORT = 8022
SIP_PORT = 5061

WEBDIALER_SERVICE = "Cisco WebDialer Web Service"

SERVICES = (
    CALL_MANAGER_SERVICE,
    "Cisco CTIManager",
    "Cisco Tftp",
    WEBDIALER_SERVICE,
    "Cisco AXL Web Service",
    "Cisco Certificate Authority Proxy Function",
    "Cisco Trust Verification Service",
    "Cisco Certificate Change Notification",
    TOMCAT_SERVICE,
)

NETWORK_SERVICES = ("Cisco Trust Verification Service", "Cisco Certificate Change Notification", TOMCAT_SERVICE)
"""Run on every node and cannot be deactivated; which of the services these are is ASSUMED from the pages' grouping."""

_PUBLISHER_ONLY = ("Cisco Certificate Authority Proxy Function",)

UP_SINCE = timedelta(hours=1)
"""A simulated node looks as if it had been running for a while, so that a restart can be told from the first start."""

COMMON_UNITS = ("tomcat", "ipsec", "CallManager", "CAPF", "TVS")
ECDSA_UNITS = ("tomcat-ECDSA", "CallManager-ECDSA")
"""Since 11.0 (CUCM Security Guide)."""
RECOVERY_UNIT = "ITLRecovery"
"""Listed by `show cert list own` of newer releases; since when is ASSUMED."""


DEFAULT_PROFILE = "Secure SIP Trunk Profile TLS"


@dataclass(frozen=True, slots=True)
class NodePlan:
    """A node of a cluster: its name, the last octet of its address, its ports; 0 for HTTPS and SSH takes a free one."""

    name: str
    host: int
    https_port: int = HTTPS_PORT
    ssh_port: int = SSH_PORT
    sip_port: int = SIP_PORT


@dataclass(frozen=True, slots=True)
class TrunkPlan:
    """What a cluster of a mesh calls its trunk to one peer; an empty pattern is the peer's extension."""

    peer: str
    trunk: str
    security_profile: str
    route_pattern: str = ""
    partition: str = ""
    x509_subject_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClusterPlan:
    """One cluster of a pair; `subject` is what certificates carry beside CN, in encoded order.

    `node_name`, `host` and the ports are the publisher's. What the simulator does not need itself is kept for the inventory
    it writes; empty means the inventory's default.
    """

    name: str
    release: ReleaseProfile
    node_name: str
    host: int
    domain: str
    extension: str
    phone: str
    trunk: str
    subject: tuple[tuple[str, str], ...]
    device_pool: str = "Default"
    key_length: int = 2048
    hash_algorithm: str = "sha256"
    subscribers: tuple[NodePlan, ...] = ()
    axl_user: str = "axl-admin"
    """Application user for AXL and Serviceability."""
    platform_user: str = "administrator"
    """OS administrator."""
    call_user_name: str = ""
    password_variables: tuple[tuple[str, str], ...] = ()
    """(account kind, environment variable) where the usual name is not wanted."""
    security_profile: str = DEFAULT_PROFILE
    route_pattern: str = ""
    partition: str = ""
    x509_subject_names: tuple[str, ...] = ()
    trunks: tuple[TrunkPlan, ...] = ()
    """In a mesh, one per peer; empty in a pair, whose names are those above."""
    options_ping: bool = False
    """The standard SIP profile pings trunk destinations, so that every node connects to every node of the peer."""
    call_driver: str = ""
    """Of the inventory; with ``sip-phone`` the test phone is a third-party one that has to register."""
    sip_phone: tuple[tuple[str, str | float], ...] = ()
    """The inventory's table for that phone."""
    https_port: int = HTTPS_PORT
    ssh_port: int = SSH_PORT
    sip_port: int = SIP_PORT

    @property
    def call_user(self) -> str:
        """End user of the test phone."""
        return self.call_user_name or f"caller{self.extension}"

    @property
    def nodes(self) -> tuple[NodePlan, ...]:
        """Publisher first."""
        first = NodePlan(self.node_name, self.host, self.https_port, self.ssh_port, self.sip_port)
        return (first, *self.subscribers)

    def password_variable(self, kind: str) -> str:
        """Name of the variable that holds the password of ``axl``, ``platform`` or ``call``."""
        return dict(self.password_variables).get(kind, f"CUCMTLS_{self.name}_{kind.upper()}_PASSWORD")


@dataclass(frozen=True, slots=True)
class PairPlan:
    """Clusters that start together, and the authority that suits them."""

    name: str
    clusters: tuple[ClusterPlan, ...]
    authority_hash: str = "sha256"
    authority_key_length: int = 2048
    policy: str = "cisco-hardening"
    place_calls: bool = True
    mesh: bool = False
    """The inventory declares trunks: the one written does, too."""
    authority: tuple[tuple[str, str | int | bool], ...] = ()
    """The inventory's ``[authority]`` table where it is not the embedded one."""

    @property
    def nodes(self) -> tuple[NodePlan, ...]:
        """Every node of every cluster."""
        return tuple(node for cluster in self.clusters for node in cluster.nodes)


_CISCO = (("C", "IN"), ("ST", "cisco"), ("L", "cisco"), ("O", "cisco"), ("OU", "cisco"))

MODERN = PairPlan(
    "modern",
    (
        ClusterPlan(
            name="A",
            release=RELEASES["15"],
            node_name="cucm-a.alpha.example",
            host=11,
            domain="alpha.example",
            extension="1018",
            phone="SEP001122334418",
            trunk="to-cluster-b",
            subject=(("C", "FR"), ("ST", "IDF"), ("L", "Paris"), ("O", "Alpha"), ("OU", "Voice")),
        ),
        ClusterPlan(
            name="B",
            release=RELEASES["14"],
            node_name="cucm-b.beta.example",
            host=12,
            domain="beta.example",
            extension="9898",
            phone="SEP001122339898",
            trunk="to-cluster-a",
            subject=(("C", "GB"), ("ST", "LN"), ("L", "London"), ("O", "Beta"), ("OU", "Voice")),
        ),
    ),
)

SOURCE_DOCUMENT = PairPlan(
    "source-document",
    (
        ClusterPlan(
            name="A",
            release=RELEASES["9.1"],
            node_name="CUCMA",
            host=203,
            domain="",
            extension="1018",
            phone="SEP001122334418",
            trunk="CUCM10",
            subject=_CISCO,
            key_length=1024,
            hash_algorithm="sha1",
        ),
        ClusterPlan(
            name="B",
            # The document asks for 1024 bits and SHA-1 in the web form; requests made over the CLI follow these defaults.
            release=replace(RELEASES["10.5"], default_key_length=1024, default_hash="sha1"),
            node_name="CUCM10",
            host=200,
            domain="",
            extension="9898",
            phone="SEP001122339898",
            trunk="CUCMA",
            subject=_CISCO,
            device_pool="HQ",
            key_length=1024,
            hash_algorithm="sha1",
        ),
    ),
    authority_hash="sha1",
    authority_key_length=1024,
)

TWO_NODES = PairPlan(
    "two-nodes",
    (
        replace(MODERN.clusters[0], subscribers=(NodePlan("cucm-a-sub.alpha.example", 21),), options_ping=True),
        replace(MODERN.clusters[1], subscribers=(NodePlan("cucm-b-sub.beta.example", 22),), options_ping=True),
    ),
)

PAIRS: Mapping[str, PairPlan] = {plan.name: plan for plan in (MODERN, SOURCE_DOCUMENT, TWO_NODES)}


def build_cluster(plan: ClusterPlan, subnet: Subnet, folder: Path, *, read_only: bool = False) -> ClusterState:
    """The state of an unconfigured cluster; trace and capture files of its nodes go below `folder`."""
    database = Database()
    pools = ("Default",) if plan.device_pool == "Default" else ("Default", plan.device_pool)
    add_built_in_objects(database, pools)
    if plan.options_ping:
        enable_options_ping(database)
    for number, node_plan in enumerate(plan.nodes, 1):
        add_node(database, node_plan.name, _role(number))
    add_test_phone(database, plan.phone, plan.extension, plan.call_user, plan.partition)
    accounts = _accounts(plan)
    if plan.call_driver == "sip-phone":
        make_third_party(database, plan.phone, plan.call_user, accounts[-1].password)
    cluster = ClusterState(
        name=plan.name,
        release=plan.release,
        database=database,
        domain=plan.domain,
        accounts=accounts,
        enterprise_parameters={"Cluster Security Mode": "1", "Allowed Device Queries Per Minute": "15"},
        read_only=read_only,
    )
    for number, node_plan in enumerate(plan.nodes, 1):
        node = _build_node(plan, node_plan, number, cluster, subnet.address(node_plan.host), folder)
        cluster.nodes.append(node)
        cluster.replication.join(node.certificates)
    return cluster


def _role(number: int) -> str:
    return "publisher" if number == 1 else "subscriber"


def _build_node(plan: ClusterPlan, node_plan: NodePlan, number: int, cluster: ClusterState, ip: str, folder: Path) -> NodeState:
    active_log = folder / plan.name / node_plan.name / "activelog"
    active_log.mkdir(parents=True, exist_ok=True)
    units = units_of(plan.release)
    certificates = CertificateStore(
        common_name=node_plan.name, subject=plan.subject, release=plan.release, units=units, clock=lambda: datetime.now(UTC)
    )
    node = NodeState(
        name=node_plan.name,
        ip=ip,
        role=_role(number),
        number=number,
        active_log=active_log,
        cluster=cluster,
        certificates=certificates,
        https_port=node_plan.https_port,
        ssh_port=node_plan.ssh_port,
        sip_port=node_plan.sip_port,
        services=_services(number),
    )
    certificates.clock = node.now
    return node


def units_of(release: ReleaseProfile) -> tuple[str, ...]:
    """Certificates of a node of a release."""
    units = COMMON_UNITS + (ECDSA_UNITS if release.major >= 11 else ())
    return (*units, RECOVERY_UNIT) if release.major >= 10 else units


def _services(number: int) -> dict[str, ServiceState]:
    """The publisher has every service activated; CAPF runs nowhere else (Security Guide)."""
    since = datetime.now(UTC) - UP_SINCE
    services = {name: ServiceState(name, started_at=since) for name in SERVICES}
    if number > 1:
        for name in _PUBLISHER_ONLY:
            services[name].activated, services[name].status = False, "Stopped"
    return services


def _accounts(plan: ClusterPlan) -> list[SimAccount]:
    """Random passwords, unless the environment holds the variable the inventory names: clients look there first."""

    def password(kind: str) -> str:
        return os.environ.get(plan.password_variable(kind)) or secrets.token_urlsafe(18)

    return [
        SimAccount(plan.axl_user, password("axl"), frozenset({"axl", "axl-read"})),
        SimAccount(plan.platform_user, password("platform"), frozenset({"platform"})),
        SimAccount(plan.call_user, password("call"), frozenset({"end-user"})),
    ]
