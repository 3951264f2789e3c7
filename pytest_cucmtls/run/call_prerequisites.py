"""What the call drivers of an inventory need, looked at before a cluster is touched."""

from pytest_cucmtls.calls.sip_phone_call import phone_node, phone_plan
from pytest_cucmtls.calls.terminal import open_terminal
from pytest_cucmtls.model.call_setup import NEEDS_PASSWORD, OPERATOR, SIP_PHONE
from pytest_cucmtls.model.inventory import Account, ClusterSpec, Inventory
from pytest_cucmtls.run.replaying import replays


def accounts_of(spec: ClusterSpec) -> tuple[Account, ...]:
    """The accounts a run needs passwords of: the test phone's only where the driver speaks for its user."""
    plain = (spec.axl, spec.platform)
    return (*plain, spec.call) if spec.calling.driver in NEEDS_PASSWORD else plain


def check_call_drivers(inventory: Inventory) -> None:
    """Files of phones and replays are there, and a person is where one is asked for. Raises: ConfigurationInvalid."""
    if replays(inventory) or not inventory.place_calls:
        return
    for spec in inventory.clusters:
        if spec.calling.driver == SIP_PHONE:
            phone_plan(spec, phone_node(spec).address)
        if spec.calling.driver == OPERATOR:
            open_terminal(f"clusters.{spec.name}.call_driver").close()
