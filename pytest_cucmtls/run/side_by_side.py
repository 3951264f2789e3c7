"""Does the same for several nodes at once, never more than a few, as most of the time is spent waiting for them."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

MOST_AT_ONCE = 8


def side_by_side(jobs: Sequence[Callable[[], None]], *, most: int = MOST_AT_ONCE) -> None:
    """Every job is run to its end; then the first error, in the jobs' order, is raised.

    Jobs must not share a session: the clients of one node are used by one job only.
    """
    if len(jobs) < 2 or most < 2:
        for job in jobs:
            job()
        return
    with ThreadPoolExecutor(min(most, len(jobs)), thread_name_prefix="node") as workers:
        running = [workers.submit(job) for job in jobs]
    for one in running:
        one.result()
