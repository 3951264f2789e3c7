"""One cluster as all its trunks share it: one connection per node and interface, and what was read once is not asked again."""

from collections.abc import Callable, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_cucmtls.clients.axl import AxlReader
from pytest_cucmtls.clients.axl_resetter import AxlResetter
from pytest_cucmtls.clients.back_off import BackOff
from pytest_cucmtls.clients.risport import PAUSES_SECONDS, RisPort
from pytest_cucmtls.clusters import ClusterReader, ClusterResetter
from pytest_cucmtls.model.cucm import (
    CallingSearchSpace,
    DeviceStatus,
    DirectoryNumber,
    Phone,
    RouteGroup,
    RouteList,
    RoutePattern,
    SipTrunk,
    SipTrunkSecurityProfile,
)
from pytest_cucmtls.model.inventory import ClusterSpec, NodeAddress
from pytest_cucmtls.model.readings import Reading

if TYPE_CHECKING:
    from pytest_cucmtls.clients.https import HttpsSession
    from pytest_cucmtls.inventory import Credentials

T = TypeVar("T")


class Remembered:
    """Readings of one cluster by what was asked; a mesh asks the same for many trunks."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], Reading[Any]] = {}

    def once(self, key: tuple[str, ...], read: Callable[[], Reading[T]]) -> Reading[T]:
        """The reading of that key, made on the first call."""
        if key not in self._known:
            self._known[key] = read()
        return self._known[key]


class OnceAxl(AxlReader):
    """AXL whose answers are remembered: a dial plan is listed once, however many trunks look into it."""

    def __init__(self, session: "HttpsSession", version: str, *, back_off: BackOff | None = None) -> None:
        super().__init__(session, version, back_off=back_off)
        self._remembered = Remembered()

    def read_security_profile(self, name: str) -> Reading[SipTrunkSecurityProfile | None]:
        """As AxlReader, once per name."""
        return self._remembered.once(("profile", name), lambda: super(OnceAxl, self).read_security_profile(name))

    def read_sip_trunk(self, name: str) -> Reading[SipTrunk | None]:
        """As AxlReader, once per name."""
        return self._remembered.once(("trunk", name), lambda: super(OnceAxl, self).read_sip_trunk(name))

    def read_route_pattern(self, pattern: str, partition: str = "") -> Reading[RoutePattern | None]:
        """As AxlReader, once per pattern and partition."""
        key = ("pattern", pattern, partition)
        return self._remembered.once(key, lambda: super(OnceAxl, self).read_route_pattern(pattern, partition))

    def read_route_patterns(self) -> Reading[tuple[RoutePattern, ...]]:
        """As AxlReader, once."""
        return self._remembered.once(("patterns",), super().read_route_patterns)

    def read_route_list(self, name: str) -> Reading[RouteList | None]:
        """As AxlReader, once per name."""
        return self._remembered.once(("route list", name), lambda: super(OnceAxl, self).read_route_list(name))

    def read_route_group(self, name: str) -> Reading[RouteGroup | None]:
        """As AxlReader, once per name."""
        return self._remembered.once(("route group", name), lambda: super(OnceAxl, self).read_route_group(name))

    def read_css(self, name: str) -> Reading[CallingSearchSpace | None]:
        """As AxlReader, once per name."""
        return self._remembered.once(("css", name), lambda: super(OnceAxl, self).read_css(name))

    def read_line(self, pattern: str, partition: str = "") -> Reading[DirectoryNumber | None]:
        """As AxlReader, once per number and partition."""
        key = ("line", pattern, partition)
        return self._remembered.once(key, lambda: super(OnceAxl, self).read_line(pattern, partition))

    def read_lines(self) -> Reading[tuple[DirectoryNumber, ...]]:
        """As AxlReader, once."""
        return self._remembered.once(("lines",), super().read_lines)

    def read_phone(self, name: str) -> Reading[Phone | None]:
        """As AxlReader, once per device."""
        return self._remembered.once(("phone", name), lambda: super(OnceAxl, self).read_phone(name))


class OnceAxlResetter(OnceAxl, AxlResetter):
    """The same, and it may reset a trunk."""


class OnceRisPort(RisPort):
    """RisPort that asks for all trunks of the cluster at once: it allows 15 questions a minute (platform facts §5.2)."""

    def __init__(self, session: "HttpsSession", trunks: Sequence[str], *, back_off: BackOff | None = None) -> None:
        super().__init__(session, back_off=back_off)
        self._trunks = tuple(trunks)
        self._remembered = Remembered()

    def read_trunk_status(self, name: str) -> Reading[tuple[DeviceStatus, ...]]:
        """One row per trunk and node: the same answer for every trunk, each looks for its own name in it."""
        if name not in self._trunks:
            return super().read_trunk_status(name)
        return self._remembered.once(("trunks",), lambda: self.read_trunk_states(self._trunks))


class SharedReader(ClusterReader):
    """Reads one cluster for a whole mesh; used by one thread at a time."""

    def __init__(
        self,
        spec: ClusterSpec,
        credentials: "Credentials",
        trunks: Sequence[str],
        progress: Callable[[str], object] | None = None,
    ) -> None:
        """`progress` is told of each pause, with the cluster's name: several clusters are read at once."""
        told = None if progress is None else lambda text: progress(f"{spec.name}: {text}")
        super().__init__(spec, credentials, progress=told)
        self._trunks = tuple(trunks)
        self._sessions: dict[tuple[str, str, str], HttpsSession] = {}
        self._risport: OnceRisPort | None = None

    def towards(self, spec: ClusterSpec) -> "SharedReader":
        """The same connections and answers under the names the cluster has for one of its trunks."""
        self.axl()
        self.risport()
        seen = copy(self)
        seen.spec = spec
        return seen

    def axl(self) -> AxlReader:
        """AXL on the publisher, every object read once."""
        if self._axl is None:
            self._axl = OnceAxl(self._axl_session("axl"), self.release().axl_version, back_off=self._patience())
        return self._axl

    def risport(self) -> RisPort:
        """Real-time states, all trunks with one question."""
        if self._risport is None:
            session = self._session(self.spec.publisher, "axl", "risport")
            self._risport = OnceRisPort(session, self._trunks, back_off=self._patience(*PAUSES_SECONDS))
        return self._risport

    def close(self) -> None:
        """Close every session."""
        super().close()
        for session in self._sessions.values():
            session.close()
        self._sessions.clear()

    def _session(self, node: NodeAddress, account: str, interface: str) -> "HttpsSession":
        key = (node.name, account, interface)
        if key not in self._sessions:
            self._sessions[key] = super()._session(node, account, interface)
        return self._sessions[key]


class SharedResetter(SharedReader, ClusterResetter):
    """Reads, and may reset trunks so that captures see them connect anew; made only where the inventory allows it."""

    def axl(self) -> OnceAxlResetter:
        """AXL with the one operation more."""
        if not isinstance(self._axl, OnceAxlResetter):
            self._axl = OnceAxlResetter(self._axl_session("axl"), self.release().axl_version, back_off=self._patience())
        return self._axl
