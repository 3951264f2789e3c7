"""TLS secrets in the key log format of SSLKEYLOGFILE and of pcapng secrets blocks (draft-ietf-tls-keylogfile)."""

MASTER_SECRET = "CLIENT_RANDOM"
HANDSHAKE_SECRETS = ("CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET")
APPLICATION_SECRETS = ("CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0")
"""Labels of a client's and a server's secret."""
_LABELS = {MASTER_SECRET, *HANDSHAKE_SECRETS, *APPLICATION_SECRETS}
_MOST_SECRETS = 1_000_000


class KeyLog:
    """Secrets by label and client random; `repr` shows none of them."""

    def __init__(self, text: str = "") -> None:
        self._secrets: dict[tuple[str, bytes], bytes] = {}
        self.add(text)

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

    def secret(self, label: str, client_random: bytes) -> bytes | None:
        """The secret of one connection, or None."""
        return self._secrets.get((label, client_random))
