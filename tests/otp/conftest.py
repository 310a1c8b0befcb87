"""What the kernel's tests share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest
from support.loopers import Looper, Spawn
from support.processes import WAIT, Bench


@pytest.fixture
def bench() -> Iterator[Bench]:
    """Return a runtime in which a test starts processes; they are stopped after it."""
    bench = Bench()
    yield bench
    bench.end()


@pytest.fixture
def let_begin() -> Callable[[Looper], None]:
    """Return what waits until the tasks that a looper was sent have begun: `settle` does not wait for tasks."""

    def wait(looper: Looper) -> None:
        looper.actor_ref.tell(Spawn(asyncio.sleep(0, "the others have begun")))
        assert looper.ends.get(timeout=WAIT) == "the others have begun"

    return wait
