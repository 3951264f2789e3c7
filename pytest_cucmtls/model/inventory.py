"""The two clusters as the user declared them."""

from dataclasses import dataclass, field
from enum import Enum

from pytest_cucmtls.model.access import Access
from pytest_cucmtls.model.call_setup import CallSetup
from pytest_cucmtls.model.maintenance import Maintenance
from pytest_cucmtls.model.waivers import Waiver

DEFAULT_POLICY = "cisco-hardening"


class Mode(Enum):
    """What the run may do to the clusters."""

    VERIFY = "verify"
    """Read only: no writing client exists."""
    APPLY = "apply"
    """Perform the ten steps, then prove."""


@dataclass(frozen=True, slots=True)
class NodeAddress:
    """One node: the name CUCM knows it by, and how to reach its interfaces."""

    name: str
    address: str
    """IP address or host name used for every interface."""
    role: str = "publisher"
    """``publisher`` or ``subscriber``."""
    https_port: int = 8443
    ssh_port: int = 22
    sip_port: int = 5061
    ssh_host_key: str | None = None
    """OpenSSH fingerprint ``SHA256:…`` expected, or None: then `known_hosts` of the cluster decides."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user name and the ways to its password, tried in this order; the password itself is never part of an inventory."""

    user: str
    password_variable: str = ""
    """Environment variable that holds it."""
    password_command: tuple[str, ...] = ()
    """Program and arguments whose first line of output it is; started without a shell."""
    password_keyring: str = ""
    """Service name of its entry in the system's keyring."""
    password_prompt: str = ""
    """Words of the question asked on a terminal; empty: nobody is asked."""


@dataclass(frozen=True, slots=True)
class ClusterSpec:
    """One cluster of the inventory."""

    name: str
    """Key in the inventory, used in reports and paths (``A``, ``B``, ``london`` …): ``[A-Za-z0-9_-]{1,32}``."""
    nodes: tuple[NodeAddress, ...]
    release: str | None
    """As declared (``9.1``, ``14`` …); the clusters' own answer is compared with it."""
    extension: str
    """Directory number of the test phone on this cluster."""
    axl: Account
    platform: Account
    call: Account
    """End user that WebDialer calls for, or whose digest credentials the SIP phone has."""
    phone: str
    """Device name of the test phone."""
    trunk: str
    """Name of the SIP trunk on this cluster that leads to the peer."""
    security_profile: str = "Secure SIP Trunk Profile TLS"
    route_pattern: str = ""
    """Pattern that must lead to the trunk; empty: the peer's extension."""
    partition: str = ""
    """Partition of the route pattern; empty is <None>."""
    device_pool: str = "Default"
    x509_subject_names: tuple[str, ...] = ()
    """Names the peer's certificates must carry; empty: the peer's node names."""
    ca_bundle: str | None = None
    """PEM file that vouches for the HTTPS interfaces."""
    known_hosts: str | None = None
    """OpenSSH known_hosts file for the CLI."""
    key_length: int = 2048
    hash_algorithm: str = "sha256"
    subject: tuple[tuple[str, str], ...] = ()
    """Subject attributes expected beside CN."""
    calling: CallSetup = field(default_factory=CallSetup)
    """How the test call is placed and answered."""
    access: Access = field(default_factory=Access)
    """Limits of this tool's patience, and how files come from the nodes."""

    @property
    def publisher(self) -> NodeAddress:
        """The node that AXL and trunk changes go to."""
        return next((node for node in self.nodes if node.role == "publisher"), self.nodes[0])


@dataclass(frozen=True, slots=True)
class AuthoritySpec:
    """Where certificates are signed: `kind` is ``embedded``, ``files``, ``folder``, ``certsrv`` or ``existing``."""

    kind: str = "embedded"
    certificate_file: str | None = None
    key_file: str | None = None
    chain_file: str | None = None
    key_password_variable: str | None = None
    folder: str | None = None
    signature_hash: str = "sha256"
    key_length: int = 2048
    with_intermediate: bool = False
    crl_file: str | None = None
    """The authority's current revocation list, PEM or DER."""
    ocsp: str | None = None
    """Whom to ask about revocation: ``certificate`` (whom the certificates name) or an address; None: nobody is asked."""
    url: str | None = None
    """``certsrv``: address of the web enrolment pages, ``https://ca.example.org/certsrv``."""
    account: Account | None = None
    """``certsrv``: may enrol; its user is ``DOMAIN\\name`` or ``name@domain``. None: the Kerberos ticket of the session."""
    authentication: str = "basic"
    """``certsrv``: ``basic``, ``ntlm`` or ``negotiate`` (Kerberos, else NTLM)."""
    template: str | None = None
    """``certsrv``: name (not display name) of the certificate template; None for a standalone CA."""
    ca_bundle: str | None = None
    """``certsrv``: PEM file that vouches for the HTTPS server; None: public authorities."""
    wait_seconds: float = 0.0
    """How long a run waits for certificates somebody else has to issue before it stops; it can be continued later."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """Both clusters, the authority, and what the run may do."""

    cluster_a: ClusterSpec
    cluster_b: ClusterSpec
    authority: AuthoritySpec = field(default_factory=AuthoritySpec)
    policy: str = DEFAULT_POLICY
    mode: Mode = Mode.VERIFY
    place_calls: bool = True
    simulated: bool = False
    source: str = ""
    """Path or address the inventory came from."""
    waivers: tuple[Waiver, ...] = ()
    approved_anchors: tuple[str, ...] = ()
    """SHA-256 fingerprints of further certificates CallManager-trust may hold, lower-case hex."""
    probe: bool | None = None
    """Ask the SIP listeners what they accept and refuse; None: only where every node is on loopback."""
    probe_pause_seconds: float = 1.0
    """Pause between two connections of the probe; there is none on loopback."""
    reset_trunks: bool = False
    """A verify-only run may reset both trunks, so that its captures show the handshake; calls in progress are dropped."""
    maintenance: Maintenance | None = None
    """When the clusters may be changed; None: at any time."""

    @property
    def clusters(self) -> tuple[ClusterSpec, ClusterSpec]:
        """A then B."""
        return self.cluster_a, self.cluster_b

    @property
    def on_loopback(self) -> bool:
        """Every node of both clusters is reached on this machine."""
        addresses = [node.address for cluster in self.clusters for node in cluster.nodes]
        return all(address.startswith("127.") or address in {"::1", "localhost"} for address in addresses)

    @property
    def probes(self) -> bool:
        """Whether this run may probe the listeners: as declared, else on loopback only."""
        return self.on_loopback if self.probe is None else self.probe

    def peer_of(self, cluster: str) -> ClusterSpec:
        """The other cluster."""
        return self.cluster_b if cluster == self.cluster_a.name else self.cluster_a
