"""The keys of the inventory's ``[authority]`` table."""

AUTHORITY_NEEDS: dict[str, tuple[str, ...]] = {
    "embedded": (),
    "files": ("certificate_file", "key_file"),
    "folder": ("folder",),
    "certsrv": ("url",),
    "existing": ("chain_file",),
}
"""Kinds of authority, and the keys each cannot do without."""
PASSWORD_WAYS = ("password_variable", "password_command", "password_keyring", "password_prompt")
AUTHORITY_KEYS = {
    "kind",
    "certificate_file",
    "key_file",
    "chain_file",
    "key_password_variable",
    "folder",
    "signature_hash",
    "key_length",
    "with_intermediate",
    "crl_file",
    "ocsp",
    "url",
    "user",
    *PASSWORD_WAYS,
    "authentication",
    "template",
    "ca_bundle",
    "wait_seconds",
}
