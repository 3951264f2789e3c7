"""Reads a cluster's configuration through AXL: profiles, trunks, the route plan, lines, phones, nodes, SQL."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from pytest_cucmtls.clients.axl_exchange import AxlAbsent, AxlAnswer, AxlExchange, pages_advised
from pytest_cucmtls.clients.back_off import BackOff
from pytest_cucmtls.clients.https import HttpsSession
from pytest_cucmtls.model.cucm import (
    CallingSearchSpace,
    DirectoryNumber,
    Phone,
    ProcessNode,
    Release,
    RouteGroup,
    RouteList,
    RoutePattern,
    SipTrunk,
    SipTrunkSecurityProfile,
)
from pytest_cucmtls.model.errors import InterfaceRefused
from pytest_cucmtls.model.readings import Reading
from pytest_cucmtls.wire import axl_answers
from pytest_cucmtls.wire.multipart import Part, write_parts

T = TypeVar("T")
BOUNDARY = "cucmtls-axl-answers"
"""Of the multipart body that keeps the single answers behind a list reading."""


class AxlReader:
    """Everything this package reads through AXL; changes nothing.

    Args:
        session: HTTPS to the publisher as a user with the role Standard AXL API Access (or its read-only variant).
        version: schema version, ``Release.axl_version``.
        back_off: pauses when the cluster throttles.

    Every method raises InterfaceRefused (axlcode or HTTP status in `code`), UnexpectedAnswer, CredentialsRefused,
    ClusterUnreachable, PeerNotVerified and AnswerTimedOut. An absent object is a reading of None with the fault as raw.
    The readings of `read_…s` methods keep one answer per object as parts of a multipart body (`media_type` says so).
    """

    def __init__(self, session: HttpsSession, version: str, *, back_off: BackOff | None = None) -> None:
        self._axl = AxlExchange(session, version, back_off)
        self.version = version

    def read_version(self) -> Reading[Release]:
        """The release of the publisher (getCCMVersion)."""
        return self._read("getCCMVersion", {}, axl_answers.parse_version)

    def read_process_nodes(self) -> Reading[tuple[ProcessNode, ...]]:
        """The nodes, without EnterpriseWideData."""
        arguments = _search(("name", "description", "nodeUsage"), name="%")
        return self._read("listProcessNode", arguments, axl_answers.parse_process_nodes)

    def read_security_profile(self, name: str) -> Reading[SipTrunkSecurityProfile | None]:
        """One SIP trunk security profile by name."""
        return self._find("getSipTrunkSecurityProfile", {"name": name}, axl_answers.parse_security_profile)

    def read_security_profiles(self) -> Reading[tuple[SipTrunkSecurityProfile, ...]]:
        """All SIP trunk security profiles, in the cluster's order."""
        return self._find_each("SipTrunkSecurityProfile", axl_answers.parse_security_profile)

    def read_sip_trunk(self, name: str) -> Reading[SipTrunk | None]:
        """One SIP trunk by name, destinations included."""
        return self._find("getSipTrunk", {"name": name}, axl_answers.parse_sip_trunk)

    def read_sip_trunks(self) -> Reading[tuple[SipTrunk, ...]]:
        """All SIP trunks; list rows have no destinations, so each is read by name."""
        return self._find_each("SipTrunk", axl_answers.parse_sip_trunk)

    def read_route_pattern(self, pattern: str, partition: str = "") -> Reading[RoutePattern | None]:
        """One route pattern; partition "" is <None>."""
        return self._find("getRoutePattern", pattern_key(pattern, partition), axl_answers.parse_route_pattern)

    def read_route_patterns(self) -> Reading[tuple[RoutePattern, ...]]:
        """All route patterns; list rows do not say where they lead, so each is read by its key."""
        pages = self._list("RoutePattern", _search(("pattern", "routePartitionName"), pattern="%"))
        arguments = [
            pattern_key(pattern, partition)
            for page in pages
            for pattern, partition in axl_answers.parse_listed_names(page.body, "RoutePattern", "pattern", "routePartitionName")
        ]
        return self._each("getRoutePattern", arguments, axl_answers.parse_route_pattern)

    def read_route_list(self, name: str) -> Reading[RouteList | None]:
        """One route list by name."""
        return self._find("getRouteList", {"name": name}, axl_answers.parse_route_list)

    def read_route_group(self, name: str) -> Reading[RouteGroup | None]:
        """One route group by name."""
        return self._find("getRouteGroup", {"name": name}, axl_answers.parse_route_group)

    def read_css(self, name: str) -> Reading[CallingSearchSpace | None]:
        """One calling search space by name."""
        return self._find("getCss", {"name": name}, axl_answers.parse_css)

    def read_line(self, pattern: str, partition: str = "") -> Reading[DirectoryNumber | None]:
        """One directory number; partition "" is <None>."""
        key = {"pattern": pattern, "routePartitionName": partition}
        return self._find("getLine", key, axl_answers.parse_line)

    def read_lines(self) -> Reading[tuple[DirectoryNumber, ...]]:
        """All directory numbers with partition and calling search space, not where they forward to.

        A cluster has thousands, so they come from one list, in pages where the cluster asks for that, and none is read
        one by one.
        """
        arguments = _search(("pattern", "routePartitionName", "shareLineAppearanceCssName"), pattern="%")
        pages = self._list("Line", arguments)
        lines = tuple(line for page in pages for line in axl_answers.parse_lines(page.body))
        return pages[0].reading(lines) if len(pages) == 1 else _together(lines, pages, "listLine")

    def read_phone(self, name: str) -> Reading[Phone | None]:
        """One phone by device name."""
        return self._find("getPhone", {"name": name}, axl_answers.parse_phone)

    def query(self, sql: str) -> Reading[tuple[dict[str, str], ...]]:
        """Rows of an SQL select on the configuration database (Informix); NULL is ""."""
        return self._read("executeSQLQuery", {"sql": sql}, axl_answers.parse_query)

    def _read(self, operation: str, arguments: dict[str, Any], parse: Callable[[bytes], T]) -> Reading[T]:
        answer = self._axl.send(operation, arguments)
        return answer.reading(parse(answer.body))

    def _find(self, operation: str, arguments: dict[str, Any], parse: Callable[[bytes], T]) -> Reading[T | None]:
        try:
            return self._read(operation, arguments, parse)
        except AxlAbsent as absent:
            return absent.answer.reading(None)

    def _find_each(self, kind: str, parse: Callable[[bytes], T]) -> Reading[tuple[T, ...]]:
        pages = self._list(kind, _search(("name",), name="%"))
        names = [name for page in pages for (name,) in axl_answers.parse_listed_names(page.body, kind, "name")]
        return self._each(f"get{kind}", [{"name": name} for name in names], parse)

    def _list(self, kind: str, arguments: dict[str, Any]) -> list[AxlAnswer]:
        """The answers to a list operation: one, or as many as the cluster advises when it says one would be too large."""
        try:
            return [self._axl.send(f"list{kind}", arguments)]
        except InterfaceRefused as refusal:
            advised = pages_advised(refusal)
            if advised is None:
                raise
        count, rows = advised
        return [self._axl.send(f"list{kind}", {**arguments, "skip": page * rows, "first": rows}) for page in range(count)]

    def _each(self, operation: str, keys: list[dict[str, Any]], parse: Callable[[bytes], T]) -> Reading[tuple[T, ...]]:
        """Objects deleted between listing and reading are left out."""
        answers: list[AxlAnswer] = []
        for key in keys:
            try:
                answers.append(self._axl.send(operation, key))
            except AxlAbsent:
                continue
        return _together(tuple(parse(answer.body) for answer in answers), answers, operation)


def pattern_key(pattern: str, partition: str) -> dict[str, Any]:
    """How a route pattern is named: all four parts must be present, nil where there is none."""
    return {"pattern": pattern, "routePartitionName": partition or None, "dialPlanName": None, "routeFilterName": None}


def _together(value: T, answers: list[AxlAnswer], operation: str) -> Reading[T]:
    """One reading that keeps several answers as they came."""
    raw = write_parts(tuple(Part((("content-type", "text/xml"),), answer.body) for answer in answers), BOUNDARY)
    media_type = f'multipart/mixed; boundary="{BOUNDARY}"'
    return Reading(value, raw, axl_answers.INTERFACE, operation, datetime.now(UTC), media_type)


def _search(tags: tuple[str, ...], **criteria: str) -> dict[str, Any]:
    return {"searchCriteria": criteria, "returnedTags": dict.fromkeys(tags, "")}
