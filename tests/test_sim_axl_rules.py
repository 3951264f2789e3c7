"""Rules of the simulated database, met through AXL: what it accepts, and what it refuses with which code."""

from collections.abc import Iterator

import pytest
from lxml import etree

from tests.axl_cluster import (
    GROUP,
    PROFILE,
    AxlCluster,
    route_pattern,
    serving,
    serving_a_trunk,
    trunk,
)

NAME = "<name>to-cluster-b</name>"
PATTERN = "<pattern>9898</pattern><routePartitionName/>"
XSI_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


@pytest.fixture
def cluster() -> Iterator[AxlCluster]:
    with serving("12.5") as one:
        one.result("addSipTrunkSecurityProfile", PROFILE)
        yield one


@pytest.fixture
def with_trunk() -> Iterator[AxlCluster]:
    with serving_a_trunk("12.5") as one:
        yield one


def test_the_non_secure_profile_cannot_be_removed(cluster: AxlCluster) -> None:
    assert cluster.fault("removeSipTrunkSecurityProfile", "<name>Non Secure SIP Trunk Profile</name>")[1] == -746


@pytest.mark.parametrize(
    "field", ["securityProfileName", "sipProfileName", "devicePoolName", "locationName", "presenceGroupName"]
)
def test_a_reference_to_nothing_is_refused(cluster: AxlCluster, field: str) -> None:
    content = etree.fromstring(trunk())
    element = content.find(field)
    assert element is not None
    element.text = "does not exist"
    code, number, message = cluster.fault("addSipTrunk", etree.tostring(content, encoding="unicode"))
    assert (code, number) == ("soapenv:Client", -691)
    assert message.startswith("Missing key in referenced table for referential constraint (informix.fk_")


@pytest.mark.parametrize("field", ["name", "securityProfileName", "sipProfileName", "devicePoolName", "locationName"])
def test_a_trunk_without_what_it_needs_is_refused(cluster: AxlCluster, field: str) -> None:
    content = etree.fromstring(trunk())
    element = content.find(field)
    assert element is not None
    element.text = ""
    assert cluster.fault("addSipTrunk", etree.tostring(content, encoding="unicode"))[1] in (-391, -746)
    content.remove(element)
    assert cluster.fault("addSipTrunk", etree.tostring(content, encoding="unicode"))[1] in (-391, -746)


@pytest.mark.parametrize(
    "more",
    [
        "<trunkTrafficSecure>Always</trunkTrafficSecure>",
        "<srtpAllowed>yes</srtpAllowed>",
        "<packetCaptureDuration>long</packetCaptureDuration>",
        "<sigDigits>99999999999999999999</sigDigits>",
        "<tkSipCodec>711ULAW</tkSipCodec>",
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(cluster: AxlCluster, more: str) -> None:
    assert cluster.fault("addSipTrunk", trunk(more=more))[1] == -746


@pytest.mark.parametrize(("length", "refused"), [(75, False), (76, True)])
def test_a_profile_name_has_75_characters_at_most(cluster: AxlCluster, length: int, refused: bool) -> None:
    named = PROFILE.replace("TLS-to-B", "x" * length).replace("cucm-b.beta.example", "other")
    assert (cluster.call("addSipTrunkSecurityProfile", named).status_code == 500) is refused


def profile(mode: str, incoming: str, outgoing: str, port: int = 5070, subject: str = "other") -> str:
    """Content of addSipTrunkSecurityProfile."""
    return (
        f"<sipTrunkSecurityProfile><name>P</name><securityMode>{mode}</securityMode><incomingTransport>{incoming}</incomingTransport>"
        f"<outgoingTransport>{outgoing}</outgoingTransport><x509SubjectName>{subject}</x509SubjectName>"
        f"<incomingPort>{port}</incomingPort></sipTrunkSecurityProfile>"
    )


@pytest.mark.parametrize(
    "content",
    [
        profile("Non Secure", "TCP+UDP", "TCP"),
        profile("Non Secure", "TCP+UDP", "UDP"),
        profile("Authenticated", "TLS", "TLS"),
        profile("Encrypted", "TLS", "TLS"),
        profile("Encrypted", "TLS", "TLS", 5061),
        profile("Encrypted", "TLS", "TLS", 0),
        profile("Encrypted", "TLS", "TLS", 65535),
        profile("Encrypted", "TLS", ""),
    ],
)
def test_profiles_that_the_database_accepts(cluster: AxlCluster, content: str) -> None:
    assert cluster.result("addSipTrunkSecurityProfile", content).text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (profile("Encrypted", "TCP+UDP", "TLS"), "must be TLS"),
        (profile("Authenticated", "TLS", "TCP"), "must be TLS"),
        (profile("Non Secure", "TLS", "TCP"), "must not be TLS"),
        (profile("Non Secure", "TCP", "TCP"), "Trunk Security Profiles Incoming Transport Type must use TLS or TCP+UDP"),
        (profile("Non Secure", "TCP+UDP", "TCP+UDP"), "Outgoing"),
        (profile("Encrypted", "TLS", "TLS", 5060), "must not equal the CallManager SIP port"),
        (profile("Non Secure", "TCP+UDP", "TCP", 5061), "must not equal the CallManager SIP secure port"),
        (profile("Encrypted", "TLS", "TLS", 65536), "between 0 and 65535"),
        (profile("Encrypted", "TLS", "TLS", -1), "between 0 and 65535"),
        (profile("Encrypted", "TLS", "TLS", 5061, "old; CUCM-B.beta.example"), "X.509 Subject Name"),
        (profile("encrypted", "TLS", "TLS"), "securityMode"),
        (profile("Encrypted", "TLS", "TLS", 5070, 'a"b'), "x509SubjectName"),
        (profile("Encrypted", "TLS", "TLS").replace(">P<", ">P/Q<"), "name"),
    ],
)
def test_profiles_that_the_database_refuses(cluster: AxlCluster, content: str, words: str) -> None:
    code, number, message = cluster.fault("addSipTrunkSecurityProfile", content)
    assert (code, number) == ("soapenv:Client", -746)
    assert words in message


def test_tls_and_plain_profiles_do_not_share_a_port(cluster: AxlCluster) -> None:
    cluster.result("addSipTrunkSecurityProfile", profile("Encrypted", "TLS", "TLS", 5070))
    plain = profile("Non Secure", "TCP+UDP", "TCP", 5070).replace(">P<", ">Q<")
    assert cluster.fault("addSipTrunkSecurityProfile", plain)[2] == "TLS and UDP/TCP ports cannot be shared"


def test_srtp_forbids_authenticated_and_holds_the_profile_encrypted(with_trunk: AxlCluster) -> None:
    key = "<name>TLS-to-B</name>"
    assert (
        "has SRTP enabled"
        in with_trunk.fault("updateSipTrunkSecurityProfile", key + "<securityMode>Authenticated</securityMode>")[2]
    )
    with_trunk.result("updateSipTrunk", NAME + "<srtpAllowed>false</srtpAllowed>")
    with_trunk.result("updateSipTrunkSecurityProfile", key + "<securityMode>Authenticated</securityMode>")
    assert with_trunk.fault("updateSipTrunk", NAME + "<srtpAllowed>true</srtpAllowed>")[2] == (
        "sRTP cannot be used on a SIP trunk with Security Mode of Authenticated."
    )


def many(count: int, port: int = 5061) -> tuple[tuple[str, int], ...]:
    return tuple((f"10.0.0.{place}", port) for place in range(1, count + 1))


@pytest.mark.parametrize("destinations", [many(1), many(16), (("srv.example", 0),)])
def test_destinations_that_the_database_accepts(cluster: AxlCluster, destinations: tuple[tuple[str, int], ...]) -> None:
    assert cluster.result("addSipTrunk", trunk(destinations=destinations)).text


@pytest.mark.parametrize("destinations", [(), many(17), many(2, 0), (*many(1), *many(1)), (("", 5061),), (("10.0.0.1", 65536),)])
def test_destinations_that_the_database_refuses(cluster: AxlCluster, destinations: tuple[tuple[str, int], ...]) -> None:
    assert cluster.fault("addSipTrunk", trunk(destinations=destinations))[1] == -746


def test_a_9_1_trunk_may_have_its_destination_in_the_old_elements() -> None:
    with serving("9.1") as old:
        old.result("addSipTrunkSecurityProfile", PROFILE)
        flat = "<destinationAddress>10.9.9.9</destinationAddress><destinationport>5061</destinationport>"
        old.result("addSipTrunk", trunk(destinations=(), more=flat))
        found = old.result("getSipTrunk", NAME)[0]
        assert found.findtext("destinations/destination/addressIpv4") == "10.9.9.9"
        assert found.find("useDevicePoolRdnTransformCss") is None


@pytest.mark.parametrize("pattern", ["9898", "9.XXXX", "[2-5]X!", "\\+49!", "1", "X" * 50])
def test_patterns_that_the_database_accepts(with_trunk: AxlCluster, pattern: str) -> None:
    with_trunk.state.database.rows("routePattern").clear()
    assert with_trunk.result("addRoutePattern", route_pattern(pattern)).text


@pytest.mark.parametrize("pattern", ["", "98 98", "abc", "X" * 51])
def test_patterns_that_the_database_refuses(with_trunk: AxlCluster, pattern: str) -> None:
    assert with_trunk.fault("addRoutePattern", route_pattern(pattern))[1] in (-746, -391)


def test_a_pattern_needs_a_destination_that_exists(with_trunk: AxlCluster) -> None:
    assert with_trunk.fault("addRoutePattern", route_pattern("1", "nowhere"))[1] == -691
    assert with_trunk.fault("addRoutePattern", route_pattern("1", ""))[1] == -746


def test_a_trunk_is_in_one_route_group_or_behind_a_pattern(with_trunk: AxlCluster) -> None:
    assert "route pattern" in with_trunk.fault("addRouteGroup", GROUP.format("to-cluster-b", "RG"))[2]
    with_trunk.result("removeRoutePattern", PATTERN)
    with_trunk.result("addRouteGroup", GROUP.format("to-cluster-b", "RG"))
    assert "route group" in with_trunk.fault("addRouteGroup", GROUP.format("to-cluster-b", "RG-2"))[2]
    assert "route group" in with_trunk.fault("addRoutePattern", route_pattern())[2]
    member = "<member><routeGroupName>RG</routeGroupName><selectionOrder>1</selectionOrder></member>"
    base = "<name>RL</name><callManagerGroupName>Default</callManagerGroupName>"
    with_trunk.result("addRouteList", f"<routeList>{base}<members>{member}</members></routeList>")
    to_list = route_pattern().replace("<gatewayName>to-cluster-b</gatewayName>", "<routeListName>RL</routeListName>")
    with_trunk.result("addRoutePattern", to_list)
    found = with_trunk.result("getRoutePattern", PATTERN)[0]
    assert found.findtext("destination/routeListName") == "RL"
    assert found.find("destination/gatewayName") is None
    assert with_trunk.result("getRouteList", "<name>RL</name>").findtext(".//routeGroupName") == "RG"
    assert with_trunk.fault("removeRouteGroup", "<name>RG</name>")[1] == -692


def test_partitions_and_calling_search_spaces(cluster: AxlCluster) -> None:
    cluster.result("addRoutePartition", "<routePartition><name>PT-B</name></routePartition>")
    member = "<members><member><routePartitionName>PT-B</routePartitionName><index>1</index></member></members>"
    cluster.result("addCss", f"<css>{member}<name>CSS.B</name></css>")
    found = cluster.result("getCss", "<name>CSS.B</name>")[0]
    assert [child.tag for child in found] == ["description", "clause", "dialPlanWizardGenId", "members", "partitionUsage", "name"]
    assert cluster.fault("addRoutePartition", "<routePartition><name>PT.B</name></routePartition>")[1] == -746
    assert cluster.fault("addCss", "<css><name>CSS/B</name></css>")[1] == -746
    assert cluster.fault("removeRoutePartition", "<name>PT-B</name>")[1] == -692


def test_patterns_are_found_by_pattern_and_partition(with_trunk: AxlCluster) -> None:
    with_trunk.result("addRoutePartition", "<routePartition><name>PT-B</name></routePartition>")
    inside = route_pattern().replace("<routePartitionName/>", "<routePartitionName>PT-B</routePartitionName>")
    with_trunk.result("addRoutePattern", inside.replace("<blockEnable>False", "<blockEnable>True"))
    key = "<pattern>9898</pattern><routePartitionName>PT-B</routePartitionName>"
    assert with_trunk.result("getRoutePattern", key).findtext(".//blockEnable") == "true"
    assert with_trunk.result("getRoutePattern", PATTERN).findtext(".//blockEnable") == "false"
    with_trunk.result("updateRoutePattern", key + "<newPattern>9899</newPattern><newRoutePartitionName/>")
    assert with_trunk.fault("getRoutePattern", key)[1] == 5007
    moved = "<pattern>9899</pattern><routePartitionName/>"
    assert with_trunk.fault("updateRoutePattern", moved + "<newPattern>9898</newPattern>")[1] == 4055


def test_a_phone_brings_its_missing_directory_numbers(cluster: AxlCluster) -> None:
    phone = (
        "<phone><name>SEP0011AABBCCDD</name><product>Cisco 8845</product><class>Phone</class><protocol>SIP</protocol>"
        "<protocolSide>User</protocolSide><devicePoolName>Default</devicePoolName><locationName>Hub_None</locationName>"
        "<commonPhoneConfigName>Standard Common Phone Profile</commonPhoneConfigName>"
        "<lines><line><index>1</index><dirn><pattern>2002</pattern><routePartitionName/></dirn></line></lines></phone>"
    )
    cluster.result("addPhone", phone)
    assert cluster.result("getLine", "<pattern>2002</pattern>").findtext("line/usage") == "Device"
    assert cluster.result("getPhone", "<name>SEP0011AABBCCDD</name>").findtext(".//dirn/pattern") == "2002"
