"""Middleware: what stands around the enqueueing of a job, and around its run.

A middleware gets the job and what comes next. It passes on the job or a changed one, or halts it, or raises:

    def in_capitals(job, call_next):
        return call_next(attrs.evolve(job, args=[job.args[0].upper()]))

The first of several is the outermost. The chains are made once, for a client and for each job class.

Source: Sidekiq lib/sidekiq/middleware/chain.rb. Differs: docs/decisions/0033.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from verk_actors.wire.job import Job


class ClientMiddleware(Protocol):
    """Stands around the making of a job; a plain function, for an AsyncClient too."""

    def __call__(self, job: Job, call_next: Callable[[Job], Job], /) -> Job:
        """Return what is written in the job's place; raise `Discard` to have nothing written."""


class WorkerMiddleware(Protocol):
    """Stands around a run: a plain function around any, an `async def` around those that are `async def` too."""

    def __call__(self, job: Job, call_next: Callable[[Job], Any], /) -> Any:
        """Run the job by `call_next`, or not; what is returned is nobody's but outer middleware's."""


def client_chain(middleware: Iterable[ClientMiddleware]) -> Callable[[Job], Job] | None:
    """Return what a job passes before it is written; None where nothing stands there."""
    chain: Callable[[Job], Job] | None = None
    for one in reversed(list(middleware)):
        chain = _around(one, chain or _same)
    return chain


def worker_chain(
    middleware: Sequence[WorkerMiddleware], perform: Callable[[Job], Any], *, is_async: bool
) -> Callable[[Job], Any]:
    """Return what runs a job through all middleware that can stand around it; `async` where the perform is."""
    chain = perform
    for one in reversed(middleware):
        if is_async:
            chain = _around_async(one, chain)
        elif not makes_coroutine(one):
            chain = _around(one, chain)
    return chain


def makes_coroutine(function: Any) -> bool:
    """Whether calling this only makes a coroutine, which a loop has to run."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


def _same(job: Job) -> Job:
    return job


def _around(middleware: Callable[[Job, Callable[[Job], Any]], Any], call_next: Callable[[Job], Any]) -> Any:
    return lambda job: middleware(job, call_next)


def _around_async(middleware: WorkerMiddleware, call_next: Callable[[Job], Any]) -> Callable[[Job], Any]:
    async def run(job: Job) -> Any:
        begun: list[Any] = []

        def begin(job: Job) -> Any:
            begun.append(call_next(job))
            return begun[-1]

        result = middleware(job, begin)
        if inspect.isawaitable(result):
            result = await result
        for inner in begun:  # a forgotten `return` or `await` must not lose the job
            if inspect.iscoroutine(inner) and inspect.getcoroutinestate(inner) == inspect.CORO_CREATED:
                result = await inner
        return result

    return run
