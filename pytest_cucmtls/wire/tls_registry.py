"""Numbers of the TLS standards turned into the names they are registered under (IANA TLS Parameters)."""

from functools import lru_cache

from pytest_cucmtls.model.handshakes import CipherSuite
from pytest_cucmtls.wire.tls_suites import registered_suites

VERSION_NAMES = {
    0x0002: "SSLv2",
    0x0300: "SSLv3",
    0x0301: "TLSv1.0",
    0x0302: "TLSv1.1",
    0x0303: "TLSv1.2",
    0x0304: "TLSv1.3",
    0xFEFF: "DTLSv1.0",
    0xFEFD: "DTLSv1.2",
    0xFEFC: "DTLSv1.3",
}

HANDSHAKE_NAMES = {
    0: "hello_request",
    1: "client_hello",
    2: "server_hello",
    3: "hello_verify_request",
    4: "new_session_ticket",
    5: "end_of_early_data",
    8: "encrypted_extensions",
    11: "certificate",
    12: "server_key_exchange",
    13: "certificate_request",
    14: "server_hello_done",
    15: "certificate_verify",
    16: "client_key_exchange",
    20: "finished",
    21: "certificate_url",
    22: "certificate_status",
    23: "supplemental_data",
    24: "key_update",
    25: "compressed_certificate",
}

ALERT_LEVELS = {1: "warning", 2: "fatal"}

ALERT_NAMES = {
    0: "close_notify",
    10: "unexpected_message",
    20: "bad_record_mac",
    21: "decryption_failed",
    22: "record_overflow",
    30: "decompression_failure",
    40: "handshake_failure",
    41: "no_certificate",
    42: "bad_certificate",
    43: "unsupported_certificate",
    44: "certificate_revoked",
    45: "certificate_expired",
    46: "certificate_unknown",
    47: "illegal_parameter",
    48: "unknown_ca",
    49: "access_denied",
    50: "decode_error",
    51: "decrypt_error",
    52: "too_many_cids_requested",
    60: "export_restriction",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    90: "user_canceled",
    100: "no_renegotiation",
    109: "missing_extension",
    110: "unsupported_extension",
    111: "certificate_unobtainable",
    112: "unrecognized_name",
    113: "bad_certificate_status_response",
    114: "bad_certificate_hash_value",
    115: "unknown_psk_identity",
    116: "certificate_required",
    117: "general_error",
    120: "no_application_protocol",
    121: "ech_required",
}

_FIRST_GROUPS = """
sect163k1 sect163r1 sect163r2 sect193r1 sect193r2 sect233k1 sect233r1 sect239k1 sect283k1 sect283r1 sect409k1
sect409r1 sect571k1 sect571r1 secp160k1 secp160r1 secp160r2 secp192k1 secp192r1 secp224k1 secp224r1 secp256k1
secp256r1 secp384r1 secp521r1 brainpoolP256r1 brainpoolP384r1 brainpoolP512r1 x25519 x448
brainpoolP256r1tls13 brainpoolP384r1tls13 brainpoolP512r1tls13
"""
"""Groups 1 to 33 in order."""

GROUP_NAMES = {
    **dict(enumerate(_FIRST_GROUPS.split(), start=1)),
    41: "curveSM2",
    0x0100: "ffdhe2048",
    0x0101: "ffdhe3072",
    0x0102: "ffdhe4096",
    0x0103: "ffdhe6144",
    0x0104: "ffdhe8192",
    0x0200: "MLKEM512",
    0x0201: "MLKEM768",
    0x0202: "MLKEM1024",
    0x11EB: "SecP256r1MLKEM768",
    0x11EC: "X25519MLKEM768",
    0x11ED: "SecP384r1MLKEM1024",
}


@lru_cache(maxsize=1)
def _suites() -> dict[int, tuple[str, str | None]]:
    return registered_suites()


@lru_cache(maxsize=4096)
def cipher_suite(number: int) -> CipherSuite:
    """The suite of a 16-bit number; unregistered ones are named ``unregistered_0x…``, GREASE values ``GREASE_0x…``."""
    known = _suites().get(number)
    if known is not None:
        return CipherSuite(number, known[0], known[1])
    return CipherSuite(number, f"{'GREASE' if is_grease(number) else 'unregistered'}_0x{number:04X}")


def is_grease(number: int) -> bool:
    """True for the values of RFC 8701 §2 (0x0A0A, 0x1A1A … 0xFAFA) that clients send to be ignored."""
    return number & 0x0F0F == 0x0A0A and number >> 8 == number & 0xFF


def version_name(number: int) -> str:
    """``TLSv1.2`` for 0x0303; drafts of TLS 1.3 (0x7Fxx) and unknown numbers keep their number."""
    known = VERSION_NAMES.get(number)
    if known is not None:
        return known
    return f"TLSv1.3-draft-{number & 0xFF}" if number >> 8 == 0x7F else f"0x{number:04X}"


def alert_name(number: int) -> str:
    """``unknown_ca`` for 48; unregistered numbers as ``alert_<number>``."""
    return ALERT_NAMES.get(number, f"alert_{number}")


def group_name(number: int) -> str:
    """Registered name of a key exchange group, or its number."""
    return GROUP_NAMES.get(number, f"0x{number:04X}")


@lru_cache(maxsize=512)
def record_mac_bytes(number: int) -> int | None:
    """Bytes of MAC after each record of a NULL-encryption suite (RFC 5246 §6.2.3.1); None for suites that encrypt.

    The MAC is named last in the suite: MD5 16, SHA 20, SHA256 32, SHA384 48.
    """
    suite = cipher_suite(number)
    if "_WITH_NULL_" not in suite.name:
        return None
    return {"MD5": 16, "SHA": 20, "SHA256": 32, "SHA384": 48, "NULL": 0}.get(suite.name.rsplit("_", 1)[1])
