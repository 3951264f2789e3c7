"""Calls over the trunk of two simulated nodes."""

from pathlib import Path

import pytest
from simulated_nodes import pair, run


@pytest.mark.parametrize("source", ["A", "B"])
def test_a_call_is_answered_and_its_srtp_packets_authenticate(tmp_path: Path, source: str) -> None:
    async def work() -> None:
        async with pair(tmp_path) as both:
            call = await both.call(source)
            assert call.outcome is not None
            assert call.outcome.status == 200
            assert call.outcome.agreement is not None
            assert call.outcome.agreement.keys is not None
            assert call.audio is not None
            assert (call.audio.received, call.audio.refused) == (5, 0)

    run(work())
