"""A few threads in which the calls of an async client wait for Redis, so that the event loop does not."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")
_S = TypeVar("_S")
_END: Any = object()


class Threads:
    """Runs calls, so many at once; those beyond wait for their turn. Safe after a fork."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._executor: ThreadPoolExecutor | None = None
        self._pid = 0

    async def run(self, function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Return what a call returns that is made in a thread, in the context of the caller."""
        if self._executor is None or self._pid != os.getpid():  # threads stay in the parent
            self._executor = ThreadPoolExecutor(self._size, thread_name_prefix="verk-client")
            self._pid = os.getpid()
        call = partial(copy_context().run, function, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._executor, call)

    async def close(self) -> None:
        """End the threads once their calls have ended; later calls start new ones."""
        executor, self._executor = self._executor, None
        if executor is not None and self._pid == os.getpid():
            await asyncio.to_thread(executor.shutdown)


class View:
    """What is asked for in threads: the sync object and where its calls run."""

    def __init__(self, sync: Any, threads: Threads) -> None:
        self._sync = sync
        self._threads = threads


def awaited(method: Callable[Concatenate[_S, _P], _T]) -> Callable[Concatenate[Any, _P], Coroutine[Any, Any, _T]]:
    """Return the same method for a `View`, to be awaited."""

    @wraps(method)
    async def call(view: View, /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        return await view._threads.run(method, view._sync, *args, **kwargs)

    return call


def viewed(
    method: Callable[Concatenate[_S, _P], Any], view: Callable[[Any, Threads], _T]
) -> Callable[Concatenate[Any, _P], Coroutine[Any, Any, Any]]:
    """Return the same, for a method whose result has methods to be awaited; None stays None."""

    @wraps(method)
    async def call(owner: View, /, *args: _P.args, **kwargs: _P.kwargs) -> _T | None:
        result = await owner._threads.run(method, owner._sync, *args, **kwargs)
        return None if result is None else view(result, owner._threads)

    return call


def iterated(
    method: Callable[Concatenate[_S, _P], Iterator[_T]],
) -> Callable[Concatenate[Any, _P], AsyncIterator[_T]]:
    """Return the same method for a `View`, to be iterated over by `async for`."""

    @wraps(method)
    async def call(view: View, /, *args: _P.args, **kwargs: _P.kwargs) -> AsyncIterator[_T]:
        items = method(view._sync, *args, **kwargs)
        while (item := await view._threads.run(next, items, _END)) is not _END:
            yield item

    return call
