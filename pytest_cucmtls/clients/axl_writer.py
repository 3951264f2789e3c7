"""Writes the objects of steps 8, 9 and 10 through AXL; exists only for runs that may change a cluster.

A new object is sent with every field of the procedure: what a value leaves open (None) gets the default of the
administration page. An update sends only what the value states, so nothing else of an existing object is lost.
"""

from collections.abc import Mapping
from typing import Any, Final

from pytest_cucmtls.clients.axl import pattern_key
from pytest_cucmtls.clients.axl_resetter import AxlResetter
from pytest_cucmtls.clients.axl_schema import object_fields
from pytest_cucmtls.model.cucm import RoutePattern, SipTrunk, SipTrunkSecurityProfile
from pytest_cucmtls.model.readings import Reading

NEW_PROFILE: Final[Mapping[str, Any]] = {
    "description": "",
    "securityMode": "Non Secure",
    "incomingTransport": "TCP+UDP",
    "outgoingTransport": "TCP",
    "digestAuthentication": "false",
    "noncePolicyTime": 600,
    "x509SubjectName": "",
    "incomingPort": 5060,
    "applLevelAuthentication": "false",
    "acceptPresenceSubscription": "false",
    "acceptOutOfDialogRefer": "false",
    "acceptUnsolicitedNotification": "false",
    "allowReplaceHeader": "false",
    "transmitSecurityStatus": "false",
    "sipV150OutboundSdpOfferFiltering": "Use Default Filter",
    "allowChargingHeader": "false",
}
"""What the Non Secure profile has, which step 8 copies."""
NEW_TRUNK: Final[Mapping[str, Any]] = {
    "product": "SIP Trunk",
    "class": "Trunk",
    "protocol": "SIP",
    "protocolSide": "User",
    "description": "",
    "callingSearchSpaceName": "",
    "devicePoolName": "Default",
    "networkLocation": "Use System Default",
    "locationName": "Hub_None",
    "packetCaptureMode": "None",
    "packetCaptureDuration": 0,
    "securityProfileName": "Non Secure SIP Trunk Profile",
    "sipProfileName": "Standard SIP Profile",
    "presenceGroupName": "Standard Presence group",
    "destAddrIsSrv": "false",
    "tkSipCodec": "711ulaw",
    "sigDigits": {"_value_1": "99", "enable": "false"},
    "srtpAllowed": "false",
    "srtpFallbackAllowed": "false",
    "dtmfSignalingMethod": "No Preference",
    "sipTrunkType": "None(Default)",
    "runOnEveryNode": "false",
    "trunkTrafficSecure": "When using both sRTP and TLS",
    "callingAndCalledPartyInfoFormat": "Deliver DN only in connected party",
}
"""What the page for a new SIP trunk starts with; 99 significant digits are all."""
NEW_PATTERN: Final[Mapping[str, Any]] = {
    "description": "",
    "blockEnable": "false",
    "useCallingPartyPhoneMask": "Default",
    "digitDiscardInstructionName": "",
    "networkLocation": "OnNet",
    "prefixDigitsOut": "",
}
"""What the schema requires of a new route pattern."""


class AxlWriter(AxlResetter):
    """AxlReader plus writing; needs the role Standard CCM Admin Users beside AXL access.

    Each method returns what the cluster confirmed (a uuid with braces, or ``true``). Raises: as AxlReader;
    InterfaceRefused with code -239, 4052 or 4055 when the object exists already, 5007 or 5003 when it does not.
    Field names that a schema version lacks are left out.
    """

    def add_security_profile(self, profile: SipTrunkSecurityProfile) -> Reading[str]:
        """Create a SIP trunk security profile (step 8)."""
        fields = {**NEW_PROFILE, "name": profile.name, **profile_fields(profile)}
        return self._confirmed(
            "addSipTrunkSecurityProfile", {"sipTrunkSecurityProfile": self._known("SipTrunkSecurityProfile", fields)}
        )

    def update_security_profile(self, name: str, profile: SipTrunkSecurityProfile) -> Reading[str]:
        """Set the stated fields of the profile called `name`; a different `profile.name` renames it."""
        fields = self._known("SipTrunkSecurityProfile", profile_fields(profile))
        return self._confirmed("updateSipTrunkSecurityProfile", {"name": name, **_new_name(name, profile.name), **fields})

    def remove_security_profile(self, name: str) -> Reading[str]:
        """Delete a profile; refused while a trunk uses it."""
        return self._confirmed("removeSipTrunkSecurityProfile", {"name": name})

    def add_sip_trunk(self, trunk: SipTrunk) -> Reading[str]:
        """Create a SIP trunk (step 9)."""
        fields = {**NEW_TRUNK, "name": trunk.name, **trunk_fields(trunk)}
        return self._confirmed("addSipTrunk", {"sipTrunk": self._known("SipTrunk", fields)})

    def update_sip_trunk(self, name: str, trunk: SipTrunk) -> Reading[str]:
        """Set the stated fields of the trunk called `name`; its destinations, when any are stated, are replaced."""
        fields = self._known("SipTrunk", trunk_fields(trunk))
        return self._confirmed("updateSipTrunk", {"name": name, **_new_name(name, trunk.name), **fields})

    def remove_sip_trunk(self, name: str) -> Reading[str]:
        """Delete a trunk; refused while a route pattern or route group leads to it."""
        return self._confirmed("removeSipTrunk", {"name": name})

    def add_route_pattern(self, pattern: RoutePattern) -> Reading[str]:
        """Create a route pattern (step 10)."""
        key = pattern_key(pattern.pattern, pattern.partition)
        fields = self._known("RoutePattern", {**NEW_PATTERN, **key, **pattern_fields(pattern)})
        return self._confirmed("addRoutePattern", {"routePattern": fields})

    def update_route_pattern(self, pattern: str, partition: str, new: RoutePattern) -> Reading[str]:
        """Set the stated fields of the route pattern found by pattern and partition."""
        moved: dict[str, Any] = {} if new.pattern == pattern else {"newPattern": new.pattern}
        if new.partition != partition:
            moved["newRoutePartitionName"] = new.partition
        fields = self._known("RoutePattern", pattern_fields(new))
        return self._confirmed("updateRoutePattern", {**pattern_key(pattern, partition), **moved, **fields})

    def remove_route_pattern(self, pattern: str, partition: str) -> Reading[str]:
        """Delete a route pattern found by pattern and partition."""
        return self._confirmed("removeRoutePattern", pattern_key(pattern, partition))

    def _known(self, kind: str, fields: dict[str, Any]) -> dict[str, Any]:
        known = {field.name for field in object_fields(kind, self.version)}
        return {name: value for name, value in fields.items() if name in known}


def profile_fields(profile: SipTrunkSecurityProfile) -> dict[str, Any]:
    """The fields of step 8 that the value states, except the name, in AXL's words."""
    return stated(
        {
            "description": profile.description,
            "securityMode": profile.security_mode,
            "incomingTransport": profile.incoming_transport,
            "outgoingTransport": profile.outgoing_transport,
            "digestAuthentication": profile.digest_authentication,
            "noncePolicyTime": profile.nonce_policy_time,
            "x509SubjectName": profile.x509_subject_name,
            "incomingPort": profile.incoming_port,
            "applLevelAuthentication": profile.appl_level_authentication,
            "acceptPresenceSubscription": profile.accept_presence_subscription,
            "acceptOutOfDialogRefer": profile.accept_out_of_dialog_refer,
            "acceptUnsolicitedNotification": profile.accept_unsolicited_notification,
            "allowReplaceHeader": profile.allow_replace_header,
            "transmitSecurityStatus": profile.transmit_security_status,
            "sipV150OutboundSdpOfferFiltering": profile.sip_v150_outbound_sdp_offer_filtering,
            "allowChargingHeader": profile.allow_charging_header,
        }
    )


def trunk_fields(trunk: SipTrunk) -> dict[str, Any]:
    """The fields of step 9 that the value states, except name and device class, in AXL's words."""
    digits = None if trunk.sig_digits is None else {"_value_1": str(trunk.sig_digits), "enable": "true"}
    rows = [
        {"addressIpv4": row.address, "addressIpv6": "", "port": row.port, "sortOrder": row.sort_order}
        for row in trunk.destinations
    ]
    return stated(
        {
            "description": trunk.description,
            "callingSearchSpaceName": trunk.calling_search_space_name,
            "devicePoolName": trunk.device_pool_name,
            "networkLocation": trunk.network_location,
            "locationName": trunk.location_name,
            "packetCaptureMode": trunk.packet_capture_mode,
            "securityProfileName": trunk.security_profile_name,
            "sipProfileName": trunk.sip_profile_name,
            "presenceGroupName": trunk.presence_group_name,
            "destAddrIsSrv": trunk.dest_addr_is_srv,
            "tkSipCodec": trunk.tk_sip_codec,
            "sigDigits": digits,
            "srtpAllowed": trunk.srtp_allowed,
            "srtpFallbackAllowed": trunk.srtp_fallback_allowed,
            "dtmfSignalingMethod": trunk.dtmf_signaling_method,
            "sipTrunkType": trunk.sip_trunk_type,
            "runOnEveryNode": trunk.run_on_every_node,
            "destinations": {"destination": rows} if rows else None,
            "trunkTrafficSecure": trunk.trunk_traffic_secure,
        }
    )


def pattern_fields(pattern: RoutePattern) -> dict[str, Any]:
    """The fields of step 10 that the value states, except the key, in AXL's words."""
    targets = {"gatewayName": pattern.gateway_name, "routeListName": pattern.route_list_name}
    return stated(
        {
            "description": pattern.description,
            "blockEnable": pattern.block_enable,
            "calledPartyTransformationMask": pattern.called_party_transformation_mask,
            "digitDiscardInstructionName": pattern.digit_discard_instruction_name,
            "prefixDigitsOut": pattern.prefix_digits_out,
            "destination": stated(targets) or None,
        }
    )


def stated(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that are not None, booleans as AXL's words: zeep would write ``True``, which the schema forbids."""
    words = {True: "true", False: "false"}
    return {name: words[value] if isinstance(value, bool) else value for name, value in fields.items() if value is not None}


def _new_name(old: str, new: str) -> dict[str, str]:
    return {} if old == new else {"newName": new}
