"""Writes the objects of steps 8, 9 and 10 through AXL; exists only for runs that may change a cluster.

Every field of the procedure is sent, so that an object made by hand ends up the same as one made here. Elements the
schema requires but a value leaves open get the defaults the administration page would use.
"""

from typing import Any

from pytest_cucmtls.clients.axl import AxlReader, pattern_key
from pytest_cucmtls.clients.axl_schema import object_fields, operations
from pytest_cucmtls.model.cucm import RoutePattern, SipTrunk, SipTrunkSecurityProfile
from pytest_cucmtls.model.readings import Reading
from pytest_cucmtls.wire.axl_answers import parse_confirmation

_TRUNK_CLASS = {"product": "SIP Trunk", "class": "Trunk", "protocol": "SIP", "protocolSide": "User"}
_ALL_DIGITS = 99


class AxlWriter(AxlReader):
    """AxlReader plus writing; needs the role Standard CCM Admin Users beside AXL access.

    Each method returns what the cluster confirmed (a uuid with braces, or ``true``). Raises: as AxlReader;
    InterfaceRefused with code -239, 4052 or 4055 when the object exists already, 5007 or 5003 when it does not.
    Field names that a schema version lacks are left out.
    """

    def add_security_profile(self, profile: SipTrunkSecurityProfile) -> Reading[str]:
        """Create a SIP trunk security profile (step 8)."""
        fields = {"name": profile.name, **profile_fields(profile)}
        return self._write(
            "addSipTrunkSecurityProfile", {"sipTrunkSecurityProfile": self._known("SipTrunkSecurityProfile", fields)}
        )

    def update_security_profile(self, name: str, profile: SipTrunkSecurityProfile) -> Reading[str]:
        """Set every field of the profile called `name`; a different `profile.name` renames it."""
        fields = self._known("SipTrunkSecurityProfile", profile_fields(profile))
        return self._write("updateSipTrunkSecurityProfile", {"name": name, **_new_name(name, profile.name), **fields})

    def remove_security_profile(self, name: str) -> Reading[str]:
        """Delete a profile; refused while a trunk uses it."""
        return self._write("removeSipTrunkSecurityProfile", {"name": name})

    def add_sip_trunk(self, trunk: SipTrunk) -> Reading[str]:
        """Create a SIP trunk (step 9)."""
        fields = {"name": trunk.name, **_TRUNK_CLASS, **trunk_fields(trunk)}
        return self._write("addSipTrunk", {"sipTrunk": self._known("SipTrunk", fields)})

    def update_sip_trunk(self, name: str, trunk: SipTrunk) -> Reading[str]:
        """Set every field of the procedure on the trunk called `name`; its destinations are replaced."""
        fields = self._known("SipTrunk", trunk_fields(trunk))
        return self._write("updateSipTrunk", {"name": name, **_new_name(name, trunk.name), **fields})

    def remove_sip_trunk(self, name: str) -> Reading[str]:
        """Delete a trunk; refused while a route pattern or route group leads to it."""
        return self._write("removeSipTrunk", {"name": name})

    def reset_sip_trunk(self, name: str) -> Reading[str]:
        """Let a trunk close its connections and take over its configuration; 9.1 has only doDeviceReset for that."""
        if "resetSipTrunk" in operations(self.version):
            return self._write("resetSipTrunk", {"name": name})
        return self._write("doDeviceReset", {"deviceName": name, "deviceResetType": "Reset", "isMGCP": "false"})

    def add_route_pattern(self, pattern: RoutePattern) -> Reading[str]:
        """Create a route pattern (step 10)."""
        key = pattern_key(pattern.pattern, pattern.partition)
        return self._write("addRoutePattern", {"routePattern": self._known("RoutePattern", {**key, **pattern_fields(pattern)})})

    def update_route_pattern(self, pattern: str, partition: str, new: RoutePattern) -> Reading[str]:
        """Set every field of the route pattern found by pattern and partition."""
        moved: dict[str, Any] = {} if new.pattern == pattern else {"newPattern": new.pattern}
        if new.partition != partition:
            moved["newRoutePartitionName"] = new.partition
        fields = self._known("RoutePattern", pattern_fields(new))
        return self._write("updateRoutePattern", {**pattern_key(pattern, partition), **moved, **fields})

    def remove_route_pattern(self, pattern: str, partition: str) -> Reading[str]:
        """Delete a route pattern found by pattern and partition."""
        return self._write("removeRoutePattern", pattern_key(pattern, partition))

    def _write(self, operation: str, arguments: dict[str, Any]) -> Reading[str]:
        return self._read(operation, arguments, lambda body: parse_confirmation(body, operation))

    def _known(self, kind: str, fields: dict[str, Any]) -> dict[str, Any]:
        known = {field.name for field in object_fields(kind, self.version)}
        return {name: value for name, value in fields.items() if name in known}


def profile_fields(profile: SipTrunkSecurityProfile) -> dict[str, Any]:
    """Every field of step 8 except the name, in AXL's words; None becomes the schema's default."""
    return {
        "description": profile.description or "",
        "securityMode": profile.security_mode or "Non Secure",
        "incomingTransport": profile.incoming_transport or "TCP+UDP",
        "outgoingTransport": profile.outgoing_transport or "TCP",
        "digestAuthentication": flag(profile.digest_authentication),
        "noncePolicyTime": 600 if profile.nonce_policy_time is None else profile.nonce_policy_time,
        "x509SubjectName": profile.x509_subject_name or "",
        "incomingPort": 5060 if profile.incoming_port is None else profile.incoming_port,
        "applLevelAuthentication": flag(profile.appl_level_authentication),
        "acceptPresenceSubscription": flag(profile.accept_presence_subscription),
        "acceptOutOfDialogRefer": flag(profile.accept_out_of_dialog_refer),
        "acceptUnsolicitedNotification": flag(profile.accept_unsolicited_notification),
        "allowReplaceHeader": flag(profile.allow_replace_header),
        "transmitSecurityStatus": flag(profile.transmit_security_status),
        "sipV150OutboundSdpOfferFiltering": profile.sip_v150_outbound_sdp_offer_filtering or "Use Default Filter",
        "allowChargingHeader": flag(profile.allow_charging_header),
    }


def trunk_fields(trunk: SipTrunk) -> dict[str, Any]:
    """Every field of step 9 except name and device class, in AXL's words; None becomes what the page starts with."""
    digits = _ALL_DIGITS if trunk.sig_digits is None else trunk.sig_digits
    return {
        "description": trunk.description or "",
        "callingSearchSpaceName": trunk.calling_search_space_name or "",
        "devicePoolName": trunk.device_pool_name or "Default",
        "networkLocation": trunk.network_location or "Use System Default",
        "locationName": trunk.location_name or "Hub_None",
        "packetCaptureMode": trunk.packet_capture_mode or "None",
        "packetCaptureDuration": 0,
        "securityProfileName": trunk.security_profile_name or "Non Secure SIP Trunk Profile",
        "sipProfileName": trunk.sip_profile_name or "Standard SIP Profile",
        "presenceGroupName": trunk.presence_group_name or "Standard Presence group",
        "destAddrIsSrv": flag(trunk.dest_addr_is_srv),
        "tkSipCodec": trunk.tk_sip_codec or "711ulaw",
        "sigDigits": {"_value_1": str(digits), "enable": flag(digits != _ALL_DIGITS)},
        "srtpAllowed": flag(trunk.srtp_allowed),
        "srtpFallbackAllowed": flag(trunk.srtp_fallback_allowed),
        "dtmfSignalingMethod": trunk.dtmf_signaling_method or "No Preference",
        "sipTrunkType": trunk.sip_trunk_type or "None(Default)",
        "runOnEveryNode": flag(trunk.run_on_every_node),
        "destinations": {
            "destination": [
                {"addressIpv4": row.address, "addressIpv6": "", "port": row.port, "sortOrder": row.sort_order}
                for row in trunk.destinations
            ]
        },
        "trunkTrafficSecure": trunk.trunk_traffic_secure or "When using both sRTP and TLS",
        "callingAndCalledPartyInfoFormat": "Deliver DN only in connected party",
    }


def pattern_fields(pattern: RoutePattern) -> dict[str, Any]:
    """Every field of step 10 except the key, in AXL's words."""
    kind, target = (
        ("gatewayName", pattern.gateway_name) if pattern.route_list_name is None else ("routeListName", pattern.route_list_name)
    )
    return {
        "description": pattern.description or "",
        "blockEnable": flag(pattern.block_enable),
        "calledPartyTransformationMask": pattern.called_party_transformation_mask or "",
        "useCallingPartyPhoneMask": "Default",
        "digitDiscardInstructionName": pattern.digit_discard_instruction_name or "",
        "networkLocation": "OnNet",
        "prefixDigitsOut": pattern.prefix_digits_out or "",
        "destination": {kind: target or ""},
    }


def flag(value: bool | None) -> str:
    """AXL's words for a boolean; zeep would write a Python bool as ``True``, which its schema forbids. None is false."""
    return "true" if value else "false"


def _new_name(old: str, new: str) -> dict[str, str]:
    return {} if old == new else {"newName": new}
