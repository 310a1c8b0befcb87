"""An asyncio loop that is turned by its owner, a while at a time, and ends without anything left in it.

What is closed here: a task that raises `SystemExit` does not take the loop with it; the owner is told of the end of
each task, also of one that will not end; no thread hangs in a task that ignores its cancellation.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from asyncio import CancelledError, StreamReader, StreamWriter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import Context
from functools import partial
from typing import Any, TypeVar

__all__ = [
    "CancelledError",
    "EventLoop",
    "StreamReader",
    "StreamWriter",
    "run_alone",
    "serve_connections",
    "time_limit",
]

_T = TypeVar("_T")
_turning = threading.local()  # the loop that this thread turns
Ended = Callable[[Any], object]
"""Called with what a task returned; with None where it was cancelled, or dropped as it did not heed that."""


def run_alone(coroutine: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine on a loop of its own; what it leaves behind is cancelled."""
    return asyncio.run(coroutine)


def time_limit(seconds: float) -> asyncio.Timeout:
    """Return what cancels the block that it is entered for after so many real seconds; 0 is never."""
    return asyncio.timeout(seconds or None)


async def serve_connections(
    listening: socket.socket, serve: Callable[[StreamReader, StreamWriter], Coroutine[Any, Any, None]]
) -> None:
    """Have each connection to a listening socket served by a task of its own, for ever; closes the socket."""
    async with await asyncio.start_server(serve, sock=listening) as server:
        await server.serve_forever()


class EventLoop:
    """A loop for one thread.

    Args:
        report: is told what nobody else would hear of, as the error of a task that nobody awaits.
    """

    def __init__(self, report: Callable[[str, BaseException | None], object]) -> None:
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(lambda _, what: report(what["message"], what.get("exception")))
        self._report = report
        self._tasks: dict[asyncio.Task[Any], Ended] = {}
        self._dropped: set[asyncio.Task[Any]] = set()
        self._error: BaseException | None = None

    def stop_when_readable(self, fd: int) -> None:
        """End each turn as soon as there is something to read."""
        self._loop.add_reader(fd, self._loop.stop)

    def spawn(
        self, coroutine: Coroutine[Any, Any, Any], ended: Ended, context: Context | None = None
    ) -> Callable[..., None]:
        """Start a task; its error, or that of `ended`, is raised by `turn`. What is returned cancels it.

        That calls what it is given, if anything, once the task is to hear of it: not where the task has ended before.
        """
        task = self._loop.create_task(coroutine, context=context)
        self._tasks[task] = ended
        task.add_done_callback(self._task_ended)
        return partial(self._cancel, task)

    def turn(self) -> None:
        """Run what there is to run until there is something to read, or a spawned task has raised."""
        self._turn()
        error, self._error = self._error, None
        if error is not None:
            raise error

    def end_tasks(self, seconds: float) -> int:
        """Cancel all tasks and let them end; returns how many did not in so many seconds, and were dropped."""
        pending = asyncio.all_tasks(self._loop) - self._dropped
        for task in pending:
            task.cancel()
        if pending:
            self._await(asyncio.wait(pending, timeout=seconds))
        dropped = [task for task in pending if not task.done()]
        for task in dropped:
            self._drop(task)
        return len(dropped)

    def close(self, seconds: float) -> None:
        """Close the loop, when its tasks have ended; asynchronous generators have so many seconds to end."""
        ending = self._loop.create_task(self._loop.shutdown_asyncgens())
        self._await(asyncio.wait([ending], timeout=seconds))
        if not ending.done():
            self._drop(ending)
        self._loop.set_exception_handler(lambda *_: None)  # that a task which was dropped never ended is no news
        self._loop.close()

    def _turn(self) -> None:
        _turning.loop = self._loop
        try:
            self._loop.run_forever()
        except (SystemExit, KeyboardInterrupt) as error:
            # asyncio throws it at whoever turns the loop, besides putting it into the task, where it belongs.
            self._report("raised in a task", error)
        finally:
            _turning.loop = None

    def _cancel(self, task: asyncio.Task[Any], told: Callable[[], object] = bool) -> None:
        """Cancel a task; from any thread, also when all is over."""
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(lambda: task.cancel() and told())

    def _task_ended(self, task: asyncio.Task[Any]) -> None:
        ended = self._tasks.pop(task, None)
        if ended is None:
            return  # it was dropped
        try:
            ended(None if task.cancelled() else task.result())
        except BaseException as error:  # noqa: BLE001  for whoever turns the loop
            self._error = self._error or error
            self._loop.stop()

    def _await(self, coroutine: Coroutine[Any, Any, object]) -> None:
        """Turn the loop until this has returned; the loop is about to end, so errors have nobody to be raised to."""
        task = self._loop.create_task(coroutine)
        task.add_done_callback(lambda _: self._loop.stop())
        try:
            while not task.done():
                self._turn()
        except BaseException as error:  # noqa: BLE001  of the loop itself, as where a task closed its descriptor
            self._error = self._error or error
            self._drop(task)
        if self._error is not None:
            self._report("at the end of the loop", self._error)
            self._error = None

    def _drop(self, task: asyncio.Task[Any]) -> None:
        """Let a task never run again."""
        self._dropped.add(task)
        ended = self._tasks.pop(task, None)
        coroutine = task.get_coro()
        try:
            if coroutine is not None:
                coroutine.close()
            if ended is not None:
                ended(None)
        except BaseException as error:  # noqa: BLE001  the others are to end all the same
            self._report("a task was dropped", error)


def _stop_in_child() -> None:
    """Turn no further, in a child that a task has forked: what is in the loop is the parent's."""
    loop = getattr(_turning, "loop", None)
    if loop is not None:
        loop.stop()
        for handle in getattr(loop, "_ready", ()):  # asyncio's own loops have it; others might run these once more
            handle.cancel()


os.register_at_fork(after_in_child=_stop_in_child)
