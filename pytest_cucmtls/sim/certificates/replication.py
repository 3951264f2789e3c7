"""How certificate changes on one node reach the others of a cluster: at once, or when somebody lets them through."""

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pytest_cucmtls.sim.certificates.store_changes import StoreChange

if TYPE_CHECKING:
    from pytest_cucmtls.sim.certificates.store import CertificateStore


class CertificateReplication:
    """The change notification of one cluster.

    A real cluster takes seconds to half an hour (`CN_SYNC_TIMER=1800`). Here a change arrives at once unless replication
    is held, when `release` delivers everything that waits, in order, or is slow.
    """

    def __init__(self) -> None:
        self._stores: list[CertificateStore] = []
        self._waiting: deque[tuple[CertificateStore, StoreChange]] = deque()
        self.held = False
        self.delay_seconds = 0.0
        """How long a change is on its way; needs a running event loop when it is not 0."""

    @property
    def waiting(self) -> int:
        """Changes that have not reached their node yet."""
        return len(self._waiting)

    def join(self, store: "CertificateStore") -> None:
        """From now on the store tells its changes and takes the others'."""
        self._stores.append(store)
        store.replication = self

    def spread(self, source: "CertificateStore", change: StoreChange) -> None:
        """Let a change that was made in one store happen in every other one."""
        self._waiting.extend((store, change) for store in self._stores if store is not source)
        if self.held:
            return
        if self.delay_seconds:
            asyncio.get_running_loop().call_later(self.delay_seconds, self._arrive)
        else:
            self.release()

    def _arrive(self) -> None:
        """The time is over for what waited first, unless somebody holds everything meanwhile."""
        if not self.held:
            self.release()

    def undelivered(self) -> tuple[tuple[int, StoreChange], ...]:
        """What waits, in order: the place of the store it is for (as they joined), and the change."""
        return tuple((self._stores.index(store), change) for store, change in self._waiting)

    def keep_waiting(self, changes: Iterable[tuple[int, StoreChange]]) -> None:
        """Hold, with these changes waiting. Raises: IndexError for a store that never joined."""
        self.held = True
        self._waiting.extend((self._stores[place], change) for place, change in changes)

    def hold(self) -> None:
        """Keep later changes back."""
        self.held = True

    def release(self) -> None:
        """Deliver what waits and hold nothing back any more."""
        self.held = False
        while self._waiting:
            store, change = self._waiting.popleft()
            change.happen(store)
