"""Asynchronous job classes for tests, beside those of the JobKit, and a gate for tasks."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from typing import Any

from support.eventually import DEADLINE_SECONDS
from support.jobs import JobKit
from verk_actors.jobs.context import current_job
from verk_actors.jobs.job_class import JobClass, worker
from verk_actors.jobs.registry import Registry
from verk_actors.settings.queues import QueueConfig


def async_queue(size: int = 10, **settings: Any) -> QueueConfig:
    """Return the settings of a queue with an event loop."""
    return QueueConfig(size=size, executor="async", **settings)


class AsyncFates(JobKit):
    """The classes of the JobKit, with an `async def perform`."""

    def __init__(self) -> None:
        super().__init__()
        self.registry = Registry()
        for cls in (self.Good, self.Bad, self.BadAtFirst):
            worker(registry=self.registry)(_asynchronous(cls))


def _asynchronous(cls: type[JobClass]) -> type[JobClass]:
    async def perform(self: JobClass, key: object = None) -> None:
        cls.perform(self, key)

    return type(cls.__name__, (cls,), {"perform": perform})


class AsyncKit(JobKit):
    """Jobs that wait on the loop until the test lets them go.

    Attributes:
        raised: what `Raise` raises, by its argument.
        seen: counts what jobs have come to.
    """

    def __init__(self, raised: tuple[BaseException, ...] = ()) -> None:
        super().__init__()
        self.raised = raised
        self.seen: Counter[object] = Counter()
        self._moved = threading.Condition()
        self._doors: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
        self._is_open = False
        kit = self

        @worker(registry=self.registry)
        class Note(JobClass):
            async def perform(self, key: object = None) -> None:
                await asyncio.sleep(0)
                kit.see(key)

        @worker(registry=self.registry)
        class Hold(JobClass):
            async def perform(self, key: object = None) -> None:
                kit.see("began", key)
                try:
                    await kit.hold()
                except asyncio.CancelledError:
                    kit.see("cancelled", key)
                    raise
                kit.see("ended", key)

        @worker(registry=self.registry)
        class Raise(JobClass):
            async def perform(self, number: int) -> None:
                await asyncio.sleep(0)
                raise kit.raised[number]

        @worker(registry=self.registry)
        class Attempt(JobClass):
            async def perform(self, key: object = None) -> None:
                async def ask() -> object:
                    await asyncio.sleep(0)
                    job = current_job()
                    return job and job.job.args[0]

                assert await asyncio.gather(ask(), asyncio.create_task(ask()), asyncio.to_thread(current_job)) == [
                    key,
                    key,
                    current_job(),
                ]
                kit.see(key)

        self.Note, self.Hold, self.Raise, self.Attempt = Note, Hold, Raise, Attempt

    def see(self, *what: object) -> None:
        """Count something, from any thread."""
        with self._moved:
            self.seen[what if len(what) > 1 else what[0]] += 1
            self._moved.notify_all()

    def wait_seen(self, *what: object, count: int = 1) -> None:
        """Wait until it has been counted so often."""
        key = what if len(what) > 1 else what[0]
        with self._moved:
            assert self._moved.wait_for(lambda: self.seen[key] >= count, DEADLINE_SECONDS), self.seen

    async def hold(self) -> None:
        """Wait until the test opens."""
        door = asyncio.Event()
        self._doors.append((asyncio.get_running_loop(), door))
        if not self._is_open:
            await door.wait()

    def open(self) -> None:
        """Let all go that wait on a loop, and those to come."""
        self._is_open = True
        for loop, door in self._doors:
            if not loop.is_closed():
                loop.call_soon_threadsafe(door.set)
