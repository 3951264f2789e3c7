"""The serviceability interfaces: Control Center and its services, log collection, file download, RISPort."""

from datetime import UTC, datetime, timedelta

from pytest_cucmtls.clients.control_center import ControlCenterReader
from pytest_cucmtls.clients.dime import Dime
from pytest_cucmtls.clients.log_collection import LogCollection
from pytest_cucmtls.clients.risport import RisPort
from pytest_cucmtls.clients.webdialer import WebDialer
from pytest_cucmtls.model.call_setup import SIP_PHONE, WEBDIALER
from pytest_cucmtls.model.cucm import CALL_MANAGER_SERVICE, ServiceStatus
from pytest_cucmtls.model.errors import InterfaceRefused
from pytest_cucmtls.preflight.register import of_node, of_publisher
from pytest_cucmtls.preflight.results import Answer, cannot_say, not_applicable, ok, problem
from pytest_cucmtls.preflight.views import AT_ONCE, NodeView

WEBDIALER_SERVICE = "Cisco WebDialer Web Service"
NOT_ACTIVATED = -1068
_ACCESS = ("passwords", "https_trusted")
_NO_SUCH_FILE = "/var/log/active/platform/cli/cucmtls-preflight-no-such-file.cap"


@of_node("Control Center", order=53, needs=_ACCESS, account="axl")
def control_center(view: NodeView) -> Answer:
    """The serviceability role shows: the node lists the states of its services."""
    found = ControlCenterReader(view.session("axl"), back_off=AT_ONCE).read_services(view.node.name, ()).value
    return ok(f"{len(found)} services are listed") if found else cannot_say("no service is listed", "Look at Control Center.")


@of_node("Cisco CallManager runs", order=54, needs=("control_center",), account="axl")
def call_manager_runs(view: NodeView) -> Answer:
    """The service that speaks SIP."""
    return _runs(view, CALL_MANAGER_SERVICE)


@of_node("log collection", order=55, needs=_ACCESS, account="axl")
def log_collection(view: NodeView) -> Answer:
    """The last hour's trace files are listed; none is fetched."""
    now = datetime.now(UTC)
    with_logs = LogCollection(view.session("axl"), back_off=AT_ONCE)
    files = with_logs.list_files(CALL_MANAGER_SERVICE, now - timedelta(hours=1), now).value
    return ok(f"trace files of the last hour: {len(files)}")


@of_node("file download (DIME)", order=56, needs=_ACCESS, account="axl")
def file_download(view: NodeView) -> Answer:
    """A file that cannot exist is asked for: the service saying so proves the way without fetching anything."""
    try:
        Dime(view.session("axl"), back_off=AT_ONCE).read_file(_NO_SUCH_FILE)
    except InterfaceRefused as refusal:
        if "not exist" not in refusal.detail:
            raise
    return ok("the service answers")


@of_publisher("RISPort", order=57, needs=_ACCESS, account="axl")
def risport(view: NodeView) -> Answer:
    """Registration states can be asked (15 requests a minute unless changed); the test phone is asked for."""
    spec = view.spec
    states = RisPort(view.session("axl"), back_off=AT_ONCE).read_phone_status(spec.phone).value
    if not view.cluster.inventory.place_calls:
        return ok("answers")
    if view.spec.calling.driver == SIP_PHONE:
        return ok("answers; the phone is this tool's own and registers for the call")
    if any(state.status == "Registered" for state in states):
        return ok(f"answers; {spec.phone} is registered")
    shown = ", ".join(state.status for state in states) or "not known"
    repair = f"Register {spec.phone}, correct `phone` in the inventory, or set place_calls = false."
    return problem(f"test phone {spec.phone}: {shown}", repair)


@of_publisher("WebDialer", order=58, needs=("control_center",), account="axl")
def webdialer(view: NodeView) -> Answer:
    """The service that lets the test phone dial is activated and runs; it is not on a new installation."""
    if not view.cluster.inventory.place_calls:
        return not_applicable("place_calls = false")
    if view.spec.calling.driver != WEBDIALER:
        return not_applicable(f"calls are placed by {view.spec.calling.driver}")
    return _runs(view, WEBDIALER_SERVICE)


@of_publisher("test call user", order=59, needs=("webdialer", "platform_login"), account="call")
def call_user(view: NodeView) -> Answer:
    """The end user signs in to WebDialer and has a device; nothing is dialled."""
    spec = view.spec
    if not view.cluster.inventory.place_calls or spec.calling.driver != WEBDIALER:
        return not_applicable("no calls through WebDialer")
    dialer = WebDialer(view.session("call"), view.release())
    try:
        code, description = dialer.read_profile(spec.call.user, view.cluster.credentials.password(spec.call)).value
    except InterfaceRefused as refusal:
        return cannot_say(f"the profile is not shown: {refusal.detail}", "Log in to WebDialer's page as the user by hand.")
    if code == 0:
        return ok(f"{spec.call.user} may dial")
    repair = f"Check the password of {spec.call.user}, that {spec.phone} is associated with it, and its role for CTI."
    return problem(f"{spec.call.user}: {description or 'refused'} (code {code})", repair)


def _runs(view: NodeView, name: str) -> Answer:
    with_services = ControlCenterReader(view.session("axl"), back_off=AT_ONCE)
    status: ServiceStatus = with_services.read_service(view.node.name, name).value
    if status.reason_code == NOT_ACTIVATED:
        return problem(f"{name} is not activated", "Activate it: Cisco Unified Serviceability > Tools > Service Activation.")
    if status.status != "Started":
        return problem(f"{name}: {status.status}", "Start it: Cisco Unified Serviceability > Tools > Control Center.")
    return ok(f"{name}: {status.status}")
