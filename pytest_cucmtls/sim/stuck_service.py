"""A CallManager service that says it restarted and did not: what it loaded at its start stays in use."""

from datetime import UTC, datetime

from pytest_cucmtls.sim.state import CALL_MANAGER_SERVICE, CallManagerPort, CallTicket, NodeState


class RestartWithoutEffect:
    """Everything but `restart` is the real service's."""

    def __init__(self, node: NodeState, inner: CallManagerPort) -> None:
        self._node, self._inner = node, inner

    @property
    def inner(self) -> CallManagerPort:
        """The service that really runs."""
        return self._inner

    async def start(self) -> None:
        """As the real one."""
        await self._inner.start()

    async def stop(self) -> None:
        """As the real one."""
        await self._inner.stop()

    async def restart(self) -> None:
        """Only the service's state says that something happened."""
        service = self._node.services[CALL_MANAGER_SERVICE]
        service.status, service.started_at = "Started", datetime.now(UTC)

    async def reset_trunk(self, name: str) -> None:
        """As the real one."""
        await self._inner.reset_trunk(name)

    async def make_call(self, device: str, line: str, destination: str) -> CallTicket:
        """As the real one."""
        return await self._inner.make_call(device, line, destination)

    async def end_call(self, device: str) -> bool:
        """As the real one."""
        return await self._inner.end_call(device)

    def trunk_status(self, name: str) -> tuple[str, int]:
        """As the real one."""
        return self._inner.trunk_status(name)

    def phone_status(self, name: str) -> tuple[str, int]:
        """As the real one."""
        return self._inner.phone_status(name)
