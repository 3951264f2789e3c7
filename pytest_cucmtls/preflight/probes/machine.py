"""What this machine must have, and the certificate authority of the run."""

import importlib.metadata
import re
import shutil
import socket
import subprocess
import sys

from pytest_cucmtls.model.inventory import Mode
from pytest_cucmtls.preflight.register import of_machine
from pytest_cucmtls.preflight.results import Answer, not_applicable, ok, problem
from pytest_cucmtls.preflight.views import MachineView

OLDEST_PYTHON = (3, 11)
DISTRIBUTION = "pytest-cucmtls"
_TSHARK_SECONDS = 20
_ALL_PACKETS = 0x0003
"""ETH_P_ALL of linux/if_ether.h."""


@of_machine("Python and its packages", order=10)
def python_and_packages(_view: MachineView) -> Answer:
    """The interpreter is new enough and every package this one requires is installed."""
    version = ".".join(str(number) for number in sys.version_info[:3])
    if sys.version_info[:2] < OLDEST_PYTHON:
        return problem(f"Python {version}", "Install Python 3.11 or newer and this package into it.")
    absent = [name for name in required_packages() if not _is_installed(name)]
    if absent:
        return problem(f"not installed: {', '.join(absent)}", f"pip install {' '.join(absent)}")
    return ok(f"Python {version}, every package is there")


def required_packages() -> tuple[str, ...]:
    """Names of the distributions this one needs at run time; none when it runs from a folder that was not installed."""
    try:
        wanted = importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        return ()
    return tuple(re.split(r"[^A-Za-z0-9._-]", text, maxsplit=1)[0] for text in wanted if "extra ==" not in text)


def _is_installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


@of_machine("tshark, the second reader of captures", order=11)
def tshark_runs(_view: MachineView) -> Answer:
    """Wireshark's dissectors read every capture a second time."""
    program = shutil.which("tshark")
    repair = "Install it (Debian: apt install tshark); without it handshakes have one witness only."
    if program is None:
        return problem("not installed", repair)
    try:
        ended = subprocess.run([program, "--version"], capture_output=True, timeout=_TSHARK_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return problem(f"{program} does not run: {error}", repair)
    shown = ended.stdout.decode("utf-8", "replace").splitlines()[:1]
    if ended.returncode or not shown:
        return problem(f"{program} ends with {ended.returncode}", repair)
    return ok(shown[0].strip()[:70])


@of_machine("right to capture packets here", order=12)
def may_capture(view: MachineView) -> Answer:
    """Real nodes capture on themselves; only a simulated pair's packets are captured on this machine."""
    if not view.inventory.on_loopback:
        return not_applicable("the nodes capture on themselves and hand the files over")
    if not hasattr(socket, "AF_PACKET"):
        return ok("no raw sockets on this system: the simulated pair records packets at its own sockets")
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL_PACKETS)).close()
    except OSError as error:
        return ok(f"{error.strerror}: the simulated pair records packets at its own sockets instead")
    return ok("packets of the loopback interface may be captured")


@of_machine("certificate authority", order=13)
def authority_answers(view: MachineView) -> Answer:
    """The authority can be opened and hands out its own chain; nothing is submitted."""
    spec = view.inventory.authority
    if view.inventory.mode is not Mode.APPLY:
        return not_applicable("mode verify signs nothing")
    if spec.kind == "embedded":
        return ok("embedded: a test authority is made for the run")
    authority = view.open_authority()
    chain = authority.chain()
    return ok(f"{authority.name}: {len(chain)} certificate{'' if len(chain) == 1 else 's'} in its chain")
