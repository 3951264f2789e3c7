"""What the procedure document wants each cluster to hold: the objects of steps 8, 9 and 10 as values."""

from pytest_cucmtls.model.cucm import RoutePattern, SipTrunk, SipTrunkSecurityProfile, TrunkDestination
from pytest_cucmtls.model.inventory import ClusterSpec, Inventory


def intended_subject_names(inventory: Inventory, cluster: ClusterSpec) -> tuple[str, ...]:
    """Names the peer's certificates must carry: as declared, else the peer's node names."""
    return cluster.x509_subject_names or tuple(node.name for node in inventory.peer_of(cluster.name).nodes)


def intended_profile(inventory: Inventory, cluster: ClusterSpec) -> SipTrunkSecurityProfile:
    """The SIP trunk security profile of step 8 (document 200180)."""
    return SipTrunkSecurityProfile(
        name=cluster.security_profile,
        description="Encrypted trunk, CA-signed certificates",
        security_mode="Encrypted",
        incoming_transport="TLS",
        outgoing_transport="TLS",
        digest_authentication=False,
        nonce_policy_time=600,
        x509_subject_name=",".join(intended_subject_names(inventory, cluster)),
        incoming_port=cluster.publisher.sip_port,
        appl_level_authentication=False,
        accept_presence_subscription=False,
        accept_out_of_dialog_refer=False,
        accept_unsolicited_notification=False,
        allow_replace_header=False,
        transmit_security_status=True,
        sip_v150_outbound_sdp_offer_filtering="Use Default Filter",
        allow_charging_header=False,
    )


def intended_trunk(inventory: Inventory, cluster: ClusterSpec) -> SipTrunk:
    """The SIP trunk of step 9 (document 200180); one destination per node of the peer."""
    peer = inventory.peer_of(cluster.name)
    return SipTrunk(
        name=cluster.trunk,
        description=f"TLS trunk to {peer.name}",
        device_pool_name=cluster.device_pool,
        location_name="Hub_None",
        network_location="Use System Default",
        packet_capture_mode="None",
        security_profile_name=cluster.security_profile,
        sip_profile_name="Standard SIP Profile",
        presence_group_name="Standard Presence group",
        srtp_allowed=True,
        trunk_traffic_secure="When using both sRTP and TLS",
        tk_sip_codec="711ulaw",
        dtmf_signaling_method="No Preference",
        sip_trunk_type="None(Default)",
        dest_addr_is_srv=False,
        destinations=tuple(TrunkDestination(node.address, node.sip_port, order) for order, node in enumerate(peer.nodes, 1)),
    )


def intended_route_pattern(inventory: Inventory, cluster: ClusterSpec) -> RoutePattern:
    """The route pattern of step 10: the peer's extension (or the declared pattern) straight to the trunk."""
    peer = inventory.peer_of(cluster.name)
    return RoutePattern(
        pattern=cluster.route_pattern or peer.extension,
        partition=cluster.partition,
        description=f"To {peer.name} over {cluster.trunk}",
        block_enable=False,
        gateway_name=cluster.trunk,
    )


def differing_fields(intended: object, found: object, *, ignoring: tuple[str, ...] = ()) -> list[tuple[str, object, object]]:
    """(field, intended, found) for every field the intention states and the cluster answers otherwise.

    A field that is None on either side is not compared: unstated, or one this release does not have. Both must be of
    the same dataclass.
    """
    unequal = []
    for field in getattr(intended, "__dataclass_fields__", {}):
        wanted, has = getattr(intended, field), getattr(found, field)
        if field in ignoring or wanted is None or has is None or field in {"uuid", "description", "version_stamp"}:
            continue
        if field == "x509_subject_name":
            wanted, has = (frozenset(listed_subject_names(str(text).lower())) for text in (wanted, has))
        if wanted != has:
            unequal.append((field, wanted, has))
    return unequal


def listed_subject_names(field: str | None) -> tuple[str, ...]:
    """Entries of an X.509 Subject Name field; separators are space, comma, semicolon and colon (Security Guide 15)."""
    text = field or ""
    for separator in ",;:":
        text = text.replace(separator, " ")
    return tuple(text.split())
