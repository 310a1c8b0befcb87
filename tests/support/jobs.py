"""Job classes for tests: of each fate, and some that wait until the test lets them go."""

from __future__ import annotations

import math
import sys
import threading
from collections import Counter

from support.eventually import DEADLINE_SECONDS
from verk_actors.jobs.job_class import JobClass, worker
from verk_actors.jobs.registry import Registry

HELD_SECONDS = 200.0  # a test may wait for several things, one after the other, while it holds a job


class Gate:
    """What a job waits at until the test opens it.

    Args:
        seconds: how long at most; then the job fails.

    Attributes:
        started: counts runs by their first argument.
    """

    def __init__(self, seconds: float = HELD_SECONDS) -> None:
        self._seconds = seconds
        self._open = threading.Event()
        self._moved = threading.Condition()
        self.started: Counter[object] = Counter()
        self.ended: Counter[object] = Counter()

    def open(self) -> None:
        """Let all jobs go, those to come too."""
        self._open.set()

    def pass_through(self, key: object) -> None:
        """Called by a job: note the start, wait, note the end."""
        with self._moved:
            self.started[key] += 1
            self._moved.notify_all()
        assert self._open.wait(self._seconds), "nobody opened the gate"
        with self._moved:
            self.ended[key] += 1
            self._moved.notify_all()

    def wait_started(self, count: int) -> None:
        """Wait until that many runs have started."""
        with self._moved:
            assert self._moved.wait_for(lambda: self.started.total() >= count, DEADLINE_SECONDS), self.started

    def wait_ended(self, count: int) -> None:
        """Wait until that many runs have ended."""
        with self._moved:
            assert self._moved.wait_for(lambda: self.ended.total() >= count, DEADLINE_SECONDS), self.ended


class JobKit:
    """A registry of its own with one class for each fate.

    Attributes:
        gate: where `Waiting` jobs wait.
        runs: counts all runs by class and first argument.
        order: the first arguments of all `Good` runs, in order.
        retry_seconds: when `Bad` and `Exiting` ask for their retry; by the usual curve if this is no number.
    """

    def __init__(self) -> None:
        self.registry = Registry()
        self.gate = Gate()
        self.runs: Counter[tuple[str, object]] = Counter()
        self.order: list[object] = []
        self.retry_seconds = math.nan
        kit = self

        @worker(registry=self.registry)
        class Good(JobClass):
            def perform(self, key: object = None) -> None:
                kit.order.append(key)
                kit.runs["Good", key] += 1

        @worker(registry=self.registry)
        class Bad(JobClass):
            def perform(self, key: object = None, *_: object) -> None:
                kit.runs["Bad", key] += 1
                raise ValueError(f"bad {key}")

            def retry_at(self, failed_at: float, attempt: int) -> float:
                return failed_at + kit.retry_seconds

        @worker(registry=self.registry)
        class Exiting(JobClass):
            def perform(self, key: object = None) -> None:
                kit.runs["Exiting", key] += 1
                sys.exit("job says goodbye")

            def retry_at(self, failed_at: float, attempt: int) -> float:
                return failed_at + kit.retry_seconds

        @worker(registry=self.registry)
        class BadAtFirst(JobClass):
            def perform(self, key: object = None) -> None:
                kit.runs["BadAtFirst", key] += 1
                if kit.runs["BadAtFirst", key] == 1:
                    raise ValueError(f"bad at first {key}")

            def retry_at(self, failed_at: float, attempt: int) -> float:
                return failed_at

        @worker(registry=self.registry)
        class Waiting(JobClass):
            def perform(self, key: object = None) -> None:
                kit.runs["Waiting", key] += 1
                kit.gate.pass_through(key)

        self.Good, self.Bad, self.Exiting, self.BadAtFirst, self.Waiting = Good, Bad, Exiting, BadAtFirst, Waiting
