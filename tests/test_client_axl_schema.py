"""The AXL subset: one small WSDL per version, shared, and without what a version lacks."""

import pytest

from pytest_cucmtls.clients import axl_schema
from pytest_cucmtls.clients.axl_schema import Field
from pytest_cucmtls.model.errors import ConfigurationInvalid


@pytest.mark.parametrize("version", axl_schema.SUPPORTED)
def test_every_version_loads_with_its_own_namespace(version: str) -> None:
    document = axl_schema.document(version)
    (binding,) = document.bindings.values()
    assert set(axl_schema.operations(version)) == set(binding._operations)
    assert f"API/{version}".encode() in axl_schema.wsdl(version)


def test_two_clusters_of_one_version_share_the_parsed_document() -> None:
    assert axl_schema.document("14.0") is axl_schema.document("14.0")


@pytest.mark.parametrize("version", ["8.5", "15.5", "14", "x", ""])
def test_a_version_axl_never_had_is_refused(version: str) -> None:
    with pytest.raises(ConfigurationInvalid):
        axl_schema.document(version)


@pytest.mark.parametrize(("version", "has_it"), [("9.0", False), ("9.1", False), ("10.0", True), ("15.0", True)])
def test_a_trunk_can_be_reset_by_name_from_10_0_on(version: str, has_it: bool) -> None:
    assert ("resetSipTrunk" in axl_schema.operations(version)) is has_it
    assert "doDeviceReset" in axl_schema.operations(version)


@pytest.mark.parametrize(
    ("name", "since"),
    [("confidentialAccess", "10.0"), ("rdnTransformationCssName", "11.0"), ("trustReceivedIdentity", "12.0"), ("name", "9.0")],
)
def test_trunk_fields_appear_in_the_version_that_introduced_them(name: str, since: str) -> None:
    having = [
        version
        for version in axl_schema.SUPPORTED
        if name in {field.name for field in axl_schema.object_fields("SipTrunk", version)}
    ]
    assert having == list(axl_schema.SUPPORTED[axl_schema.SUPPORTED.index(since) :])


def test_the_notation_is_read() -> None:
    assert Field.parse("a str") == Field("a", "str")
    assert Field.parse("a!~ fk >=10.0 <=11.5 add") == Field("a", "fk", True, True, False, (10, 0), (11, 5), True)
    assert Field.parse("a[] T").repeated


def test_no_operation_fetches_anything_over_the_network() -> None:
    assert axl_schema.document("15.0").transport is None
