"""Places the test call through WebDialer (``makeCallSoap``)."""

from pytest_cucmtls.clusters import ClusterReader
from pytest_cucmtls.model.secrets import Secret


class WebDialerCall:
    """One phone of one cluster, dialled for its end user."""

    name = "WebDialer"

    def __init__(self, cluster: ClusterReader, password: Secret) -> None:
        self._dialer = cluster.webdialer()
        self._spec = cluster.spec
        self._password = password

    def place(self, destination: str) -> tuple[int, str]:
        """Dial. Success says only that the phone was told to: an invalid number is a success, too (WebDialer guide)."""
        user, phone, line = self._spec.call.user, self._spec.phone, self._spec.extension
        return self._dialer.make_call(user, self._password, phone, line, destination).value

    def end(self) -> tuple[int, str]:
        """Hang up the phone's call."""
        return self._dialer.end_call(self._spec.call.user, self._password, self._spec.phone, self._spec.extension).value
