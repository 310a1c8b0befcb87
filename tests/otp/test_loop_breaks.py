"""A loop that is broken from inside: its server crashes, and ends all the same."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from support.loopers import Looper, Spawn, never
from support.processes import WAIT, Bench


@pytest.mark.logs_errors("looper crashed", "looper: 2 tasks did not end when they were cancelled, and were dropped")
def test_a_server_whose_loop_fails_crashes_and_ends(bench: Bench) -> None:
    """Ours: where the loop itself fails, the server crashes; its tasks, which can't be resumed, are dropped."""
    looper = Looper("looper", bench.notes)
    ref = bench.start(looper, name="looper")

    def fails(_: object) -> None:
        raise OSError("bad descriptor")

    async def breaks_it() -> None:
        loop: Any = asyncio.get_running_loop()
        loop._selector.select = fails
        await never(looper)

    ref.tell(Spawn(never(looper)))
    ref.tell(Spawn(breaks_it()))

    assert ref.join(WAIT)
    ref.join_thread(WAIT)
    assert ref.thread is not None
    assert not ref.thread.is_alive()
    assert bench.noted() == ["+looper", "-looper oserror"]
