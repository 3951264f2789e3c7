"""Asks a time stamp authority over HTTP (RFC 3161 §3.4): one request, one answer, both DER."""

import requests

from pytest_cucmtls.model.errors import AnswerTimedOut, ClusterUnreachable, ConfigurationInvalid, InterfaceRefused

LARGEST_ANSWER_BYTES = 1_000_000
_INTERFACE = "time stamp authority"


def ask_time_stamp(address: str, request: bytes, *, limit_seconds: float = 30.0) -> bytes:
    """The authority's answer as it came; what it is worth is judged elsewhere.

    Plain HTTP is usual and harmless here: the answer is signed, and the request holds a digest only.
    Raises: ConfigurationInvalid for an address that is no http(s) one, ClusterUnreachable, AnswerTimedOut, InterfaceRefused.
    """
    if not address.startswith(("http://", "https://")):
        raise ConfigurationInvalid("the time stamp authority", address, "must be an http:// or https:// address")
    try:
        with requests.post(
            address,
            data=request,
            headers={"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"},
            timeout=limit_seconds,
            allow_redirects=False,
            stream=True,
        ) as answer:
            data = answer.raw.read(LARGEST_ANSWER_BYTES + 1, decode_content=True)
    except requests.Timeout:
        raise AnswerTimedOut(_INTERFACE, "time stamp", limit_seconds) from None
    except requests.RequestException as problem:
        raise ClusterUnreachable(_INTERFACE, address, 0, type(problem).__name__) from None
    if answer.status_code != 200:
        raise InterfaceRefused(_INTERFACE, "time stamp", str(answer.status_code), answer.reason or "no reason given")
    if len(data) > LARGEST_ANSWER_BYTES:
        raise InterfaceRefused(_INTERFACE, "time stamp", "200", f"the answer is larger than {LARGEST_ANSWER_BYTES} bytes")
    return bytes(data)
