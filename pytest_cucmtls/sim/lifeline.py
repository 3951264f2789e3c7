"""Tells when another process has gone, without polling: a simulated pair must not outlive the run that started it."""

import asyncio
import os


async def process_gone(process_id: int) -> None:
    """Return when the process has ended; at once when there is none. Linux only (pidfd_open, 5.3)."""
    try:
        descriptor = os.pidfd_open(process_id)
    except ProcessLookupError:
        return
    loop = asyncio.get_running_loop()
    gone = loop.create_future()
    loop.add_reader(descriptor, _resolve, gone)
    try:
        await gone
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


def _resolve(gone: "asyncio.Future[None]") -> None:
    if not gone.done():
        gone.set_result(None)
