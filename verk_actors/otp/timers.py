"""Timers of one runtime: a heap, and one thread where the clock runs by itself."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable

import attrs

from verk_actors.otp.clock import Clock


@attrs.define(eq=False)
class Timer:
    """One pending call; `cancel` makes it a no-op."""

    due: float
    """Monotonic seconds."""
    action: Callable[[], object] | None

    def cancel(self) -> None:
        """Forget the action; safe at any time, also when it has run."""
        self.action = None


class Timers:
    """Runs actions when they are due.

    Args:
        clock: tells what is due.
        threaded: True waits for due timers on a thread of its own, started by the first timer; False leaves
            it to whoever moves the clock to call `run_due`.
    """

    def __init__(self, clock: Clock, *, threaded: bool = True) -> None:
        self._clock = clock
        self._threaded = threaded
        self._changed = threading.Condition()
        self._heap: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()
        self._thread: threading.Thread | None = None
        self._closed = False

    def after(self, seconds: float, action: Callable[[], object]) -> Timer:
        """Run the action, which must be quick and never raise, that many seconds from now."""
        timer = Timer(self._clock.monotonic() + seconds, action)
        with self._changed:
            if self._closed:
                timer.cancel()
                return timer
            heapq.heappush(self._heap, (timer.due, next(self._order), timer))
            if self._threaded and self._thread is None:
                self._thread = threading.Thread(target=self._run, name="otp.timers", daemon=True)
                self._thread.start()
            if self._heap[0][2] is timer:
                self._changed.notify()
        return timer

    def next_due(self) -> float | None:
        """Return the monotonic time of the next timer that was not cancelled."""
        with self._changed:
            return self._next_due()

    def run_due(self) -> int:
        """Run what is due now, in due order; returns how many ran."""
        ran = 0
        while True:
            with self._changed:
                due = self._next_due()
                if due is None or due > self._clock.monotonic():
                    return ran
                timer = heapq.heappop(self._heap)[2]
                action, timer.action = timer.action, None
            if action is not None:
                action()
                ran += 1

    def close(self, *, timeout: float = 1.0) -> None:
        """Drop all timers and end the thread."""
        with self._changed:
            self._closed = True
            self._heap.clear()
            thread = self._thread
            self._changed.notify()
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)

    def _next_due(self) -> float | None:
        while self._heap and self._heap[0][2].action is None:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._closed:
                    return
                due = self._next_due()
                wait = None if due is None else due - self._clock.monotonic()
                if wait is None or wait > 0:
                    self._changed.wait(wait)
            self.run_due()
