"""The kernel's test kit: a clock that is moved by hand, and a way to wait until nothing is going on."""

from __future__ import annotations

from verk_actors.otp.runtime import Runtime
from verk_actors.otp.trace import Observer, Trace


class ManualClock:
    """A clock that stands still until it is moved."""

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self._start = start
        self._elapsed = 0.0

    def monotonic(self) -> float:
        """Seconds since the clock was made."""
        return self._elapsed

    def time(self) -> float:
        """Unix seconds."""
        return self._start + self._elapsed

    def move_to(self, elapsed: float) -> None:
        """Set the clock forward."""
        self._elapsed = max(self._elapsed, elapsed)


class ManualRuntime(Runtime):
    """A runtime in which time passes only when told, and quiet is a fact, not a guess.

    Real threads run the processes; they can't start anything on their own but by messages, and those are
    counted.
    """

    clock: ManualClock
    trace: Trace

    def __init__(self, name: str = "test", observer: Observer | None = None) -> None:
        super().__init__(name, clock=ManualClock(), trace=Trace(observer))

    def settle(self, timeout: float = 10.0) -> None:
        """Wait until no message is in flight and no process is busy.

        Raises:
            TimeoutError: that took more than `timeout` real seconds.
        """
        if not self.trace.wait_quiet(timeout):
            raise TimeoutError(f"still busy after {timeout} s")

    def advance(self, seconds: float) -> None:
        """Let time pass: run the timers in due order, settling after each moment."""
        end = self.clock.monotonic() + seconds
        self.settle()
        while (due := self.timers.next_due()) is not None and due <= end:
            self.clock.move_to(due)
            self.timers.run_due()
            self.settle()
        self.clock.move_to(end)
