"""From a captured frame to the TCP or UDP segment inside it: link layers, IPv4, IPv6, fragments."""

import ipaddress

from pytest_cucmtls.wire.ip_fragments import FragmentTable

ETHERNET = 1
TCP, UDP = 6, 17

Datagram = tuple[int, bytes, bytes, int, int, int]
"""(IP protocol, source‖destination address, buffer, start, captured end, real end) of an IP payload."""

_VLAN_TAGS = {0x8100, 0x88A8, 0x9100, 0x9200, 0x9300}
_IPV4, _IPV6, _MPLS, _PPPOE, _PPP_IPV4, _PPP_IPV6 = 0x0800, 0x86DD, 0x8847, 0x8864, 0x0021, 0x0057
_HOP_BY_HOP, _IPV6_IN_IP, _IPV4_IN_IP, _ROUTING, _FRAGMENT, _AUTHENTICATION, _DESTINATION = 0, 41, 4, 43, 44, 51, 60
_MOBILITY, _SHIM6 = 135, 140
_SKIPPED_HEADERS = {_HOP_BY_HOP, _ROUTING, _DESTINATION, _MOBILITY, _SHIM6}
_DEEPEST_NESTING = 16

_FIXED_OFFSETS = {0: 4, 108: 4, 12: 0, 14: 0, 101: 0, 228: 0, 229: 0}
"""Link types whose payload is always IP at a fixed place: null, loop, raw (three numbers), IPv4, IPv6."""

_TYPE_AND_HEADER = {113: (14, 16), 276: (0, 20), 104: (2, 4), 50: (2, 4), 9: (2, 4)}
"""Link type -> (offset of the protocol type, bytes of header): Linux cooked v1 and v2, Cisco HDLC, PPP."""


def link_type_is_known(link: int) -> bool:
    """True when frames of this link type can be read."""
    return link == ETHERNET or link in _FIXED_OFFSETS or link in _TYPE_AND_HEADER


def locate_ip(link: int, data: bytes, start: int, end: int) -> int:
    """Offset of the IP header in the frame ``data[start:end]``, or -1 when it carries none."""
    fixed = _FIXED_OFFSETS.get(link)
    if fixed is not None:
        return start + fixed if start + fixed < end else -1
    type_offset, header = (12, 14) if link == ETHERNET else _TYPE_AND_HEADER.get(link, (0, 1 << 30))
    if start + header > end:
        return -1
    kind = data[start + type_offset] << 8 | data[start + type_offset + 1]
    return _after_tags(kind, data, start + header, end)


def _after_tags(kind: int, data: bytes, position: int, end: int) -> int:
    """Steps over VLAN tags, MPLS labels, PPPoE and SNAP headers."""
    for _ in range(_DEEPEST_NESTING):
        if kind in (_IPV4, _IPV6, _PPP_IPV4, _PPP_IPV6):
            return position if position < end else -1
        if kind in _VLAN_TAGS and position + 4 <= end:
            kind, position = data[position + 2] << 8 | data[position + 3], position + 4
        elif kind == _MPLS and position + 4 < end:
            bottom = data[position + 2] & 1
            position += 4
            if bottom:
                return position
        elif position + 8 <= end and (kind == _PPPOE or _is_snap(kind, data, position)):
            kind, position = data[position + 6] << 8 | data[position + 7], position + 8
        else:
            return -1
    return -1


def _is_snap(kind: int, data: bytes, position: int) -> bool:
    """IEEE 802.3 length instead of a type, then an LLC header that announces an Ethernet type."""
    return kind <= 1500 and data[position : position + 6] == b"\xaa\xaa\x03\0\0\0"


class IpReader:
    """Finds the transport payload of IP packets; keeps fragments until a datagram is whole."""

    def __init__(self) -> None:
        self._fragments = FragmentTable()
        self.addresses: set[bytes] = set()
        """Packed addresses of packets that carry neither TCP nor UDP."""

    def read(self, data: bytes, start: int, end: int) -> Datagram | None:
        """The payload of the IP packet at `start`; None when it is not IP, damaged, or a fragment of an unfinished datagram."""
        if start >= end:
            return None
        version = data[start] >> 4
        found = None
        if version == 4:
            found = self._ipv4(data, start, end)
        elif version == 6:
            found = self._ipv6(data, start, end)
        if found is None:
            return None
        if found[0] in (_IPV4_IN_IP, _IPV6_IN_IP) and found[2] is data:
            return self.read(found[2], found[3], found[4])
        if found[0] not in (TCP, UDP) and len(self.addresses) < 65536:
            half = len(found[1]) // 2
            self.addresses.update((found[1][:half], found[1][half:]))
        return found

    def _ipv4(self, data: bytes, start: int, end: int) -> Datagram | None:
        header = (data[start] & 15) * 4
        if header < 20 or start + header > end:
            return None
        # A total length of 0 is what a capture before segmentation offload shows: then the frame's end counts.
        total = data[start + 2] << 8 | data[start + 3] or end - start
        if total < header:
            return None
        payload, real_end = start + header, start + total
        protocol, addresses = data[start + 9], data[start + 12 : start + 20]
        flags = data[start + 6] << 8 | data[start + 7]
        if not flags & 0x3FFF:
            return protocol, addresses, data, payload, min(end, real_end), real_end
        if real_end > end:
            return None
        key = b"4" + addresses + data[start + 4 : start + 6] + data[start + 9 : start + 10]
        whole = self._fragments.add(key, (flags & 0x1FFF) * 8, bool(flags & 0x2000), data[payload:real_end])
        return None if whole is None else (protocol, addresses, whole, 0, len(whole), len(whole))

    def _ipv6(self, data: bytes, start: int, end: int) -> Datagram | None:
        if start + 40 > end:
            return None
        length = data[start + 4] << 8 | data[start + 5]
        real_end = start + 40 + length if length else end
        limit = min(end, real_end)
        protocol, position, addresses = data[start + 6], start + 40, data[start + 8 : start + 40]
        for _ in range(_DEEPEST_NESTING):
            if protocol == _FRAGMENT:
                return self._ipv6_fragment(data, position, limit, real_end, addresses)
            if position + 8 > limit and protocol in _SKIPPED_HEADERS:
                return None
            if protocol in _SKIPPED_HEADERS:
                protocol, position = data[position], position + 8 + data[position + 1] * 8
            elif protocol == _AUTHENTICATION and position + 8 <= limit:
                protocol, position = data[position], position + 8 + data[position + 1] * 4
            else:
                break
        return (protocol, addresses, data, position, limit, real_end) if position <= limit else None

    def _ipv6_fragment(self, data: bytes, position: int, limit: int, real_end: int, addresses: bytes) -> Datagram | None:
        if position + 8 > limit or real_end > limit:
            return None
        protocol = data[position]
        place = data[position + 2] << 8 | data[position + 3]
        if protocol not in (TCP, UDP):
            return None
        key = b"6" + addresses + data[position + 4 : position + 8]
        whole = self._fragments.add(key, place & 0xFFF8, bool(place & 1), data[position + 8 : limit])
        return None if whole is None else (protocol, addresses, whole, 0, len(whole), len(whole))


def address_text(packed: bytes) -> str:
    """Textual form of a packed IPv4 or IPv6 address, as `ipaddress` prints it."""
    if len(packed) == 4:
        return ".".join(map(str, packed))
    return str(ipaddress.IPv6Address(packed))
