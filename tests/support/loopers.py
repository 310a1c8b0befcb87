"""Servers with an asyncio loop, for the tests of the kernel."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Callable, Coroutine
from typing import Any

import attrs

from support.processes import Puppet
from verk_actors.otp import Cast, LoopServer, handles


@attrs.frozen(eq=False)
class Spawn(Cast):
    """Run this as a task."""

    coroutine: Coroutine[Any, Any, Any]


class Looper(LoopServer, Puppet):
    """A puppet with tasks.

    Attributes:
        ends: of tasks, as they are told.
        loop_errors: what asyncio had to say.
    """

    def __init__(self, name: str = "looper", notes: list[str] | None = None, **hooks: Callable[[], object]) -> None:
        Puppet.__init__(self, name, notes, **hooks)
        self.ends: queue.Queue[object] = queue.Queue()
        self.loop_errors: queue.Queue[tuple[str, str]] = queue.Queue()

    @handles(Spawn)
    def start_task(self, message: Spawn) -> None:
        self.spawn(message.coroutine, self.ends.put)

    def handle_loop_error(self, what: str, error: BaseException | None) -> None:
        self.loop_errors.put((what, type(error).__name__))


async def never(looper: Looper, cancelled: Callable[[], object] = bool) -> None:
    """Wait until cancelled, and say so."""
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        looper.ends.put("cancelled")
        cancelled()
        raise
