"""One node as a process: what `verk run` runs, from the first signal handler to the exit code.

SIGTERM and SIGINT drain: no more jobs are fetched, and those that run may end within the shutdown timeout. A second
one stops now: running jobs go back to their queues at once, and the process ends within a second. A third does not
even wait for that. SIGTSTP stops fetching and nothing else.

Exit codes: 0 after a drain, also where jobs had to be handed back; 1 where the tree gave up; 128 + the signal's
number where a second signal stopped it. A `VerkError` is raised where the node can't start.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import sys
from collections.abc import Callable
from typing import NoReturn, Self

import attrs

from verk_actors.config import Config
from verk_actors.messages import HandBack, PauseQueue, Status, SystemStatus
from verk_actors.otp import Call, Down, OtpError, Ref, Server, handles
from verk_actors.registry import Registry
from verk_actors.registry import registry as default_registry
from verk_actors.tree import names
from verk_actors.tree.actor_system import ActorSystem

log = logging.getLogger(__name__)

_SWITCH_INTERVAL_SECONDS = 0.0005  # a job that computes delays a heartbeat and a fetch by no more, per thread
_HURRY_SECONDS = 0.8  # for handing jobs back; with what the interpreter needs, the process ends within a second
_FAILED = 1
_KILLED_BY = 128  # plus the signal's number, as shells count


class Signals:
    """Signals as values to wait for, while the context lasts. For the main thread.

    The handlers do nothing: the interpreter itself writes each signal's number into a pipe. So nothing is ever
    done in the middle of something else.
    """

    def __init__(self, *numbers: signal.Signals) -> None:
        self._numbers = numbers

    def __enter__(self) -> Self:
        self._read_end, self._write_end = os.pipe()
        os.set_blocking(self._write_end, False)  # demanded by set_wakeup_fd
        self._others_end = signal.set_wakeup_fd(self._write_end, warn_on_full_buffer=False)
        self._handlers = {number: signal.signal(number, lambda *_: None) for number in self._numbers}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._others_end)
        os.close(self._read_end)
        os.close(self._write_end)

    def wait(self, timeout: float | None = None) -> int | None:
        """Return the next signal's number, or 0 for a `wake`; None after `timeout` seconds without any."""
        while select.select([self._read_end], [], [], timeout)[0]:
            number = os.read(self._read_end, 1)[0]
            if not number or number in self._numbers:  # else it has a handler of somebody else
                return number
        return None

    def wake(self) -> None:
        """End the present wait, or the next one; from any thread."""
        os.write(self._write_end, b"\0")


@attrs.frozen
class Start(Call[Ref]):
    """Start the node and return its handle, or why it did not start."""

    config: Config
    registry: Registry


class Starter(Server):
    """Starts a node and hears of its end, on a thread that need not listen for signals meanwhile.

    Args:
        wake: called when the node has started, or failed to; and when it has ended.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        super().__init__()
        self._wake = wake

    @handles(Start)
    def start_node(self, message: Start) -> Ref:
        """Start the node; what goes wrong is for the caller."""
        try:
            system = ActorSystem.start(message.config, message.registry)
            self.monitor(system)
        finally:
            self._wake()
        return system

    def handle_down(self, down: Down) -> None:
        """Pass it on."""
        self._wake()


def run_node(config: Config, registry: Registry = default_registry) -> int:
    """Run a node until a signal ends it; returns the exit code. For the main thread.

    Raises:
        NodeIdInUse: another live process has the configured node id.
    """
    sys.setswitchinterval(_SWITCH_INTERVAL_SECONDS)
    with Signals(signal.SIGTERM, signal.SIGINT, signal.SIGTSTP) as signals:
        return _Node(signals).run(config, registry)


class _Node:
    """A node under the rule of signals."""

    def __init__(self, signals: Signals) -> None:
        self._signals = signals
        self._system: Ref | None = None
        self._to_obey: list[int] = []  # signals that came while the node started
        self._stops: list[int] = []
        self._patience: float | None = None  # how long the next signal, or the end, is waited for

    def run(self, config: Config, registry: Registry) -> int:
        starter = Starter.start(self._signals.wake)
        starting = starter.ask(Start(config, registry), block=False)
        while self._system is None or self._system.is_alive():
            number = self._signals.wait(self._patience)
            if number is None:
                self._leave()
            elif number:
                self._note(number)
            elif self._system is None:
                self._system = starting.get()
                self._patience = None
                log.info("node %s runs %s", config.node_id, _shown(config))
            if self._system is not None:
                self._obey(self._system)
        starter.stop()
        return self._end(self._system)

    def _note(self, number: int) -> None:
        self._to_obey.append(number)
        if number != signal.SIGTSTP:
            self._stops.append(number)
            if self._system is None:
                # It waits for a lease or for Redis, and no job runs; or it is there in a moment, and drains.
                self._patience = _HURRY_SECONDS

    def _obey(self, system: Ref) -> None:
        while self._to_obey:
            number = signal.Signals(self._to_obey.pop(0))
            if number == signal.SIGTSTP:
                self._stop_fetching(system)
            elif self._patience is not None:
                self._leave()
            elif len(self._stops) - len(self._to_obey) == 1:
                pass
            self._stop(system, number)

    def _stop(self, system: Ref, number: signal.Signals) -> None: ...
    def _stop_fetching(self, system: Ref) -> None: ...
    def _leave(self) -> NoReturn: ...
    def _end(self, system: Ref) -> int: ...
