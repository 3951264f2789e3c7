"""AXL that reads and may reset a trunk, nothing else: for verify-only runs that were allowed to make the handshake visible."""

from typing import Any

from pytest_cucmtls.clients.axl import AxlReader
from pytest_cucmtls.clients.axl_schema import operations
from pytest_cucmtls.model.readings import Reading
from pytest_cucmtls.wire.axl_answers import parse_confirmation


class AxlResetter(AxlReader):
    """The reading client with one operation more; no object of the configuration can be changed through it."""

    def reset_sip_trunk(self, name: str) -> Reading[str]:
        """Let a trunk close its connections and take over its configuration; 9.1 has only doDeviceReset for that."""
        if "resetSipTrunk" in operations(self.version):
            return self._confirmed("resetSipTrunk", {"name": name})
        return self._confirmed("doDeviceReset", {"deviceName": name, "deviceResetType": "Reset", "isMGCP": "false"})

    def _confirmed(self, operation: str, arguments: dict[str, Any]) -> Reading[str]:
        return self._read(operation, arguments, lambda body: parse_confirmation(body, operation))
