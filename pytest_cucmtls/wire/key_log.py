"""TLS secrets in the key log format of SSLKEYLOGFILE and of pcapng secrets blocks (draft-ietf-tls-keylogfile)."""

import hashlib
from collections.abc import Iterable

from pytest_cucmtls.wire.rsa_key_exchange import RsaKeys

MASTER_SECRET = "CLIENT_RANDOM"
HANDSHAKE_SECRETS = ("CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET")
APPLICATION_SECRETS = ("CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0")
"""Labels of a client's and a server's secret."""
_LABELS = {MASTER_SECRET, *HANDSHAKE_SECRETS, *APPLICATION_SECRETS}
_MOST_SECRETS = 1_000_000
_MOST_SESSIONS = 100_000


class KeyLog:
    """Secrets by label and client random, and what becomes known with servers' RSA keys; `repr` shows none of them."""

    def __init__(self, text: str = "", rsa_keys: RsaKeys | None = None) -> None:
        self._secrets: dict[tuple[str, bytes], bytes] = {}
        self._sessions: dict[bytes, bytes] = {}
        self.rsa_keys = rsa_keys
        """Private keys of servers: they open the key exchange of static-RSA suites."""
        self.add(text)

    @property
    def is_useful(self) -> bool:
        """Some record might be opened with what is here."""
        return bool(self._secrets) or self.rsa_keys is not None

    def __len__(self) -> int:
        return len(self._secrets)

    def __repr__(self) -> str:
        return f"KeyLog({len(self)} secrets)"

    def add(self, text: str) -> None:
        """Adds the lines of a key log; comments, unknown labels and malformed lines are passed over."""
        for line in text.splitlines():
            words = line.split()
            if len(words) != 3 or words[0] not in _LABELS or len(self._secrets) >= _MOST_SECRETS:
                continue
            try:
                self._secrets[words[0], bytes.fromhex(words[1])] = bytes.fromhex(words[2])
            except ValueError:
                continue

    def text(self) -> str:
        """The secrets as lines of a key log, for another reader of the same capture; nothing that may be kept or shown."""
        return "".join(f"{label} {random.hex()} {secret.hex()}\n" for (label, random), secret in self._secrets.items())

    def secret(self, label: str, client_random: bytes) -> bytes | None:
        """The secret of one connection, or None."""
        return self._secrets.get((label, client_random))

    def learn_master_secret(self, client_random: bytes, master_secret: bytes) -> None:
        """A master secret computed from a key exchange counts like a line of the log."""
        if len(self._secrets) < _MOST_SECRETS:
            self._secrets[MASTER_SECRET, client_random] = master_secret

    def remember_session(self, handle: bytes, client_random: bytes) -> None:
        """The session under this id or ticket has the master secret of that handshake (RFC 5246 §7.3, RFC 5077 §3.1)."""
        secret = self._secrets.get((MASTER_SECRET, client_random))
        if handle and secret is not None and len(self._sessions) < _MOST_SESSIONS:
            self._sessions[hashlib.sha256(handle).digest()] = secret

    def recall_session(self, handles: Iterable[bytes], client_random: bytes) -> None:
        """A resumed handshake uses the master secret of the session that one of these ids or tickets names."""
        if (MASTER_SECRET, client_random) in self._secrets:
            return
        for handle in handles:
            secret = self._sessions.get(hashlib.sha256(handle).digest()) if handle and self._sessions else None
            if secret is not None:
                self.learn_master_secret(client_random, secret)
                return
