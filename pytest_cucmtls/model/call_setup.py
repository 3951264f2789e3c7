"""How the test call of a cluster is placed and answered, as the inventory declares it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

WEBDIALER: Final = "webdialer"
SIP_PHONE: Final = "sip-phone"
OPERATOR: Final = "operator"
REPLAY: Final = "replay"
DRIVERS: Final = (WEBDIALER, SIP_PHONE, OPERATOR, REPLAY)
NEEDS_PASSWORD: Final = (WEBDIALER, SIP_PHONE)
"""These speak for the end user of ``[clusters.NAME.call]``."""
TRANSPORTS: Final = ("udp", "tcp", "tls")
MEDIA: Final = ("rtp", "srtp-if-possible", "srtp")
CODECS: Final = ("PCMU", "PCMA")
KEYS: Final = frozenset({"call_driver", "voicemail", "sip_phone", "operator", "replay"})
"""What belongs here in a cluster's table."""
_PHONE_KEYS = {
    "node",
    "transport",
    "port",
    "local_ip",
    "media",
    "codec",
    "ca_file",
    "certificate_file",
    "key_file",
    "ring_seconds",
    "pick_up_seconds",
}


@dataclass(frozen=True, slots=True)
class CallSetup:
    """One cluster's end of the test calls."""

    driver: str = WEBDIALER
    voicemail: str = ""
    """Number of the voicemail pilot, so that voicemail is told from another forward; "" when it is not known."""
    node: str = ""
    """Name of the node the phone registers with; "" is the publisher."""
    transport: str = "tls"
    """Of the SIP phone's signalling."""
    port: int = 0
    """The node's port for phones; 0: 5060, and the node's SIP TLS port for ``tls``."""
    local_ip: str = ""
    """Own address the phone uses; "" lets the routing table decide."""
    media: str = "srtp-if-possible"
    """``rtp``, ``srtp-if-possible`` or ``srtp``; without TLS it is always ``rtp``, keys do not travel in clear."""
    codec: str = "PCMU"
    """Preferred one; the other is accepted."""
    ca_file: str | None = None
    certificate_file: str | None = None
    key_file: str | None = None
    ring_seconds: float = 30.0
    pick_up_seconds: float = 0.5
    operator_seconds: float = 120.0
    """How long a person has to dial."""
    captures: tuple[str, ...] = ()
    """Files of a call that was made before, for ``replay``."""
    traces: tuple[str, ...] = ()


def call_setup_of(values: Mapping[str, Any], file: Callable[[str], str]) -> CallSetup:
    """The setup in a cluster's table; `file` completes a relative file name. Raises: ValueError saying key and problem."""
    driver = _choice(values, "call_driver", WEBDIALER, DRIVERS)
    phone = _table(values, "sip_phone", _PHONE_KEYS)
    operator = _table(values, "operator", {"wait_seconds"})
    replay = _table(values, "replay", {"captures", "traces"})
    for name, table, owner in (("sip_phone", phone, SIP_PHONE), ("operator", operator, OPERATOR), ("replay", replay, REPLAY)):
        if table and driver != owner:
            raise ValueError(f'{name}: is of no use with call_driver = "{driver}"')
    setup = CallSetup(
        driver=driver,
        voicemail=_text(values, "voicemail", ""),
        node=_text(phone, "node", ""),
        transport=_choice(phone, "transport", "tls", TRANSPORTS),
        port=int(_number(phone, "port", 0, 65535, whole=True)),
        local_ip=_text(phone, "local_ip", ""),
        media=_choice(phone, "media", "srtp-if-possible", MEDIA),
        codec=_choice(phone, "codec", "PCMU", CODECS),
        ca_file=_file(phone, "ca_file", file),
        certificate_file=_file(phone, "certificate_file", file),
        key_file=_file(phone, "key_file", file),
        ring_seconds=_number(phone, "ring_seconds", 30.0, 600.0),
        pick_up_seconds=_number(phone, "pick_up_seconds", 0.5, 60.0),
        operator_seconds=_number(operator, "wait_seconds", 120.0, 3600.0),
        captures=tuple(file(name) for name in _texts(replay, "captures")),
        traces=tuple(file(name) for name in _texts(replay, "traces")),
    )
    _check(setup)
    return setup


def call_setup_from_json(values: Mapping[str, Any] | None) -> CallSetup:
    """Inverse of `dataclasses.asdict` after JSON; None is a run of a version that knew WebDialer only. Raises: TypeError."""
    if values is None:
        return CallSetup()
    lists = {key: tuple(values[key]) for key in ("captures", "traces") if key in values}
    return CallSetup(**{**values, **lists})


def _check(setup: CallSetup) -> None:
    if setup.driver == REPLAY and not (setup.traces and setup.captures):
        raise ValueError("replay: captures and traces of the call must be named")
    if setup.driver != SIP_PHONE:
        return
    if setup.transport == "tls" and setup.ca_file is None:
        raise ValueError("sip_phone.ca_file: is missing; it vouches for the node's certificate")
    if setup.transport != "tls" and setup.media == "srtp":
        raise ValueError('sip_phone.media: "srtp" needs transport = "tls", or the keys could be read')
    if (setup.certificate_file is None) != (setup.key_file is None):
        raise ValueError("sip_phone.key_file: certificate_file and key_file go together")


def _table(values: Mapping[str, Any], key: str, known: set[str]) -> Mapping[str, Any]:
    table = values.get(key, {})
    if not isinstance(table, dict):
        raise ValueError(f"{key}: must be a table")
    for name in table:
        if name not in known:
            raise ValueError(f"{key}.{name}: unknown key, known here: {', '.join(sorted(known))}")
    return table


def _choice(values: Mapping[str, Any], key: str, default: str, choices: tuple[str, ...]) -> str:
    value = values.get(key, default)
    if value not in choices:
        raise ValueError(f"{key}: must be one of {', '.join(choices)}, not {value!r}")
    return str(value)


def _text(values: Mapping[str, Any], key: str, default: str) -> str:
    value = values.get(key, default)
    if not isinstance(value, str):
        raise ValueError(f"{key}: must be a text, not {value!r}")
    return value


def _file(values: Mapping[str, Any], key: str, file: Callable[[str], str]) -> str | None:
    return file(_text(values, key, "")) if values.get(key) else None


def _texts(values: Mapping[str, Any], key: str) -> tuple[str, ...]:
    found = values.get(key, [])
    if not isinstance(found, list) or not all(isinstance(text, str) and text for text in found):
        raise ValueError(f"{key}: must be a list of texts")
    return tuple(found)


def _number(values: Mapping[str, Any], key: str, default: float, high: float, *, whole: bool = False) -> float:
    value = values.get(key, default)
    kinds = int if whole else int | float
    if isinstance(value, bool) or not isinstance(value, kinds) or not 0 <= value <= high:
        raise ValueError(f"{key}: must be a number from 0 to {high:g}, not {value!r}")
    return float(value)
