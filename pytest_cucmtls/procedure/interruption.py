"""Ctrl-C while a change is being made: the change is finished and recorded first, then the run stops.

Between changes Ctrl-C stops at once: nothing is half done there. A second Ctrl-C during a change is obeyed, but said to
be unsafe: the journal then holds a change that was begun and whose end nobody saw.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

FIRST = "stopping as soon as this change is finished and recorded; pressing Ctrl-C again is unsafe: nobody would see how it ended"
SECOND = "stopped in the middle of a change: the journal says which; look at it on the cluster, then continue or undo the run"


class StoppedByOperator(KeyboardInterrupt):
    """Ctrl-C was obeyed after the change in progress: the clusters are as the journal says."""


@contextmanager
def finishing_first(say: Callable[[str], None]) -> Iterator[None]:
    """Puts Ctrl-C off until the block has ended, then raises StoppedByOperator; a second one is a KeyboardInterrupt at once.

    Only the main thread receives signals: elsewhere the block runs as it is.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked = 0

    def note(number: int, frame: FrameType | None) -> None:
        del number, frame
        nonlocal asked
        asked += 1
        say(FIRST if asked == 1 else SECOND)
        if asked > 1:
            raise KeyboardInterrupt(SECOND)

    former = signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)
    if asked:
        raise StoppedByOperator("stopped by Ctrl-C after a finished change")
