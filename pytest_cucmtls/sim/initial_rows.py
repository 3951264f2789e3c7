"""What the database of a freshly installed simulated cluster holds: built-in objects, its nodes, one phone and its line."""

from pytest_cucmtls.sim.database import Database, Row

ENTERPRISE_WIDE_DATA = "EnterpriseWideData"
"""Pseudo node of every real cluster."""

TEST_SEARCH_SPACE = "CSS-Test-Phones"
STANDARD_SIP_PROFILE = "Standard SIP Profile"
NON_SECURE_PROFILE = "Non Secure SIP Trunk Profile"


def add_built_in_objects(database: Database, device_pools: tuple[str, ...]) -> None:
    """Objects CUCM brings along; uuids of *Default*, *Hub_None* and the two *Standard* ones as on a live 12.5."""
    database.add("callManagerGroup", {"name": "Default", "tftpDefault": True})
    for name in device_pools:
        row: Row = {"name": name, "callManagerGroupName": "Default", "regionName": "Default", "dateTimeSettingName": "CMLocal"}
        if name == "Default":
            row["uuid"] = "{1B1B9EB6-7803-11D3-BDF0-00108302EAD1}"
        database.add("devicePool", row)
    database.add("location", {"name": "Hub_None", "uuid": "{29C5C1C4-8871-4D1E-8394-0B9181E8C54D}"})
    database.add("sipProfile", {"name": STANDARD_SIP_PROFILE, "uuid": "{FCBC7581-4D8D-48F3-917E-00B09FB39213}"})
    database.add("presenceGroup", {"name": "Standard Presence group", "uuid": "{AD243D17-98B4-4118-8FEB-5FF2E1B781AC}"})
    database.add(
        "sipTrunkSecurityProfile",
        {
            "name": NON_SECURE_PROFILE,
            "description": "Non Secure SIP Trunk Profile authenticated by null String",
            "securityMode": "Non Secure",
            "incomingTransport": "TCP+UDP",
            "outgoingTransport": "TCP",
            "incomingPort": 5060,
        },
    )


def enable_options_ping(database: Database) -> None:
    """As an administrator would who wants to see trunk states."""
    profile = database.find("sipProfile", name=STANDARD_SIP_PROFILE)
    if profile is not None:
        profile["enableOutboundOptionsPing"] = True


def add_node(database: Database, name: str, role: str) -> None:
    """A call-processing node, with its CallManager and a place in the group *Default*."""
    if database.find("processNode", name=ENTERPRISE_WIDE_DATA) is None:
        database.add(
            "processNode",
            {
                "name": ENTERPRISE_WIDE_DATA,
                "uuid": "{00000000-1111-0000-0000-000000000000}",
                "nodeUsage": "Subscriber",
                "processNodeRole": "CUCM Voice/Video",
            },
        )
    usage = "Publisher" if role == "publisher" else "Subscriber"
    database.add("processNode", {"name": name, "description": name, "nodeUsage": usage, "processNodeRole": "CUCM Voice/Video"})
    manager = database.add("callManager", {"name": f"CM_{name}", "description": name, "processNodeName": name})
    group = database.find("callManagerGroup", name="Default")
    if group is not None:
        members = group.setdefault("members", {"member": []})["member"]
        members.append({"callManagerName": manager["name"], "priority": len(members) + 1})


def add_test_phone(database: Database, phone: str, extension: str, user: str, dialled_partition: str = "") -> None:
    """The test extension's line, its phone, and the end user who may call from it.

    With `dialled_partition` there is a partition of that name, and a calling search space that lets the phone reach it.
    """
    if dialled_partition:
        database.add("routePartition", {"name": dialled_partition})
        member = {"routePartitionName": dialled_partition, "index": 1}
        database.add("css", {"name": TEST_SEARCH_SPACE, "members": {"member": [member]}})
    database.add("line", {"pattern": extension, "routePartitionName": "", "usage": "Device", "description": f"Test {extension}"})
    database.add(
        "phone",
        {
            "name": phone,
            "description": f"Test phone {extension}",
            "product": "Cisco 8845",
            "class": "Phone",
            "protocol": "SIP",
            "protocolSide": "User",
            "devicePoolName": "Default",
            "locationName": "Hub_None",
            "callingSearchSpaceName": TEST_SEARCH_SPACE if dialled_partition else "",
            "ownerUserName": user,
            "lines": {"line": [{"index": 1, "dirn": {"pattern": extension, "routePartitionName": ""}}]},
        },
    )
    database.add(
        "user", {"userid": user, "lastName": user, "associatedDevices": {"device": [phone]}, "primaryExtension": extension}
    )


def make_third_party(database: Database, phone: str, user: str, password: str) -> None:
    """The phone is no Cisco phone any more: it registers with the digest credentials of its user."""
    row, owner = database.find("phone", name=phone), database.find("user", userid=user)
    if row is not None and owner is not None:
        row["product"] = row["model"] = "Third-party SIP Device (Advanced)"
        row["securityProfileName"] = "Third-party SIP Device Advanced - Standard SIP Non-Secure Profile"
        row["digestUser"] = user
        owner["digestCredentials"] = password
