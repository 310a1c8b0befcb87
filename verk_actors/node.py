"""One node as a process: what `verk run` runs, from the first signal handler to the exit code.

SIGTERM and SIGINT drain: no more jobs are fetched, and those that run may end within the shutdown timeout. A second
one stops now: running jobs go back to their queues at once, and the process ends within a second. A third does not
even wait for that. SIGTSTP stops fetching and nothing else.

Exit codes: 0 after a drain, also where jobs had to be handed back; 1 where the tree gave up, or where Redis was away
and keeps jobs in progress, or the lease, until another node takes them; 128 + the signal's number where a second signal
stopped it. A `VerkError` is raised where the node can't start.
"""

from __future__ import annotations

import atexit
import logging
import os
import select
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn, Self

import attrs

from verk_actors.config import Config
from verk_actors.errors import VerkError
from verk_actors.messages import HandBack, PauseQueue, Status, SystemStatus
from verk_actors.otp import NORMAL, Call, Down, ExitReason, Ref, Refused, Server, Shutdown, Timeout, handles
from verk_actors.registry import Registry
from verk_actors.registry import registry as default_registry
from verk_actors.tree import names
from verk_actors.tree.actor_system import ActorSystem

log = logging.getLogger(__name__)

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What ends a program on a terminal and leaves it the time to tidy up."""

_SWITCH_INTERVAL_SECONDS = 0.0005  # a job that computes delays a heartbeat and a fetch by no more, per thread
_HURRY_SECONDS = 0.8  # for handing jobs back; with what the interpreter needs, the process ends within a second
_STATUS_SECONDS = 1.0
_FAILED = 1
_STOPPED_BY = 128  # plus the signal's number, as shells count


class Signals:
    """Signals as values to wait for, while the context lasts. For the main thread.

    The handlers do nothing: the interpreter itself writes each signal's number into a pipe. So nothing is ever
    done in the middle of something else.
    """

    def __init__(self, *numbers: signal.Signals) -> None:
        self._numbers = numbers
        self._handlers: dict[signal.Signals, Any] = {}  # those from before, while the context lasts

    def __enter__(self) -> Self:
        self._leave_children_alone()
        self._is_restored = False
        self._read_end, self._write_end = os.pipe()
        os.set_blocking(self._write_end, False)  # demanded by set_wakeup_fd
        self._others_end = signal.set_wakeup_fd(self._write_end, warn_on_full_buffer=False)
        self._handlers = {number: signal.signal(number, lambda *_: None) for number in self._numbers}
        return self

    def __exit__(self, *_: object) -> None:
        self._restore()

    def _leave_children_alone(self) -> None:
        """Have a forked child do with signals what it would without us.

        It shares the pipe: what is sent to it must not be taken for ours. Nor must it be lost, so it waits until the
        child is ready.
        """
        os.register_at_fork(
            before=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, self._handlers),
            after_in_parent=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, self._handlers),
            after_in_child=self._become_child,
        )

    def _become_child(self) -> None:
        self._restore()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, self._numbers)

    def _restore(self) -> None:
        if self._is_restored:
            return
        self._is_restored = True
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers.clear()  # a fork from now on finds nothing to block
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
class StartNode(Call[Ref]):
    """Start a node and answer its handle, or why it did not start."""

    config: Config
    registry: Registry


class Starter(Server):
    """Starts a node and hears of its end, on a thread of its own: the main thread must be there for signals.

    Args:
        wake: called when the node has started or failed to, and when it has ended.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        super().__init__()
        self._wake = wake

    @handles(StartNode)
    def start_node(self, message: StartNode) -> Ref:
        """Start the node."""
        try:
            system = ActorSystem.start(message.config, message.registry)
        except VerkError as error:
            raise Refused(error) from error
        finally:
            self._wake()
        self.monitor(system)
        return system

    def handle_down(self, down: Down) -> None:
        """Pass the end of the node on."""
        self._wake()


def run_node(config: Config, registry: Registry = default_registry) -> int:
    """Run a node until a signal ends it; returns the exit code. For the main thread.

    Raises:
        NodeIdInUse: another live process has the configured node id.
    """
    sys.setswitchinterval(_SWITCH_INTERVAL_SECONDS)
    with Signals(signal.SIGTERM, signal.SIGINT, signal.SIGTSTP) as signals:
        starter = Starter.start(signals.wake)
        try:
            system, early = _start(starter, StartNode(config, registry), signals)
            stops = _obey(system, signals, early)
        finally:
            starter.stop()  # while there is something to wake
        system.join()
    code = _exit_code(stops, system.reason)
    if code == _FAILED:
        how = "stopped" if stops else "gave up"
        log.error("node %s %s: %s", config.node_id, how, _in_words(system.reason))
    if system.runtime.abandoned():
        _leave(code)
    return code


def end_process(code: int) -> NoReturn:
    """Exit; wait no longer than a second for threads that jobs have left, where the interpreter would for ever."""
    signal.signal(signal.SIGALRM, lambda *_: _leave(code))
    signal.setitimer(signal.ITIMER_REAL, _HURRY_SECONDS)
    atexit.register(signal.setitimer, signal.ITIMER_REAL, 0)  # called when the threads have ended
    sys.exit(code)


def _start(starter: Ref, message: StartNode, signals: Signals) -> tuple[Ref, Sequence[int]]:
    """Start the node; returns it, and the signals that came meanwhile."""
    starting = starter.ask(message, block=False)
    early: list[int] = []
    patience = None
    while number := signals.wait(patience):
        early.append(number)
        if number != signal.SIGTSTP:
            # Either it runs in a moment and can drain; or it waits for its node id or for Redis, and has no jobs.
            patience = _HURRY_SECONDS
    if number is None:
        _leave(0)
    system: Ref = starting.get()
    log.info("node %s runs; queues: %s", message.config.node_id, ", ".join(message.config.queues))
    return system, early


def _obey(system: Ref, signals: Signals, early: Sequence[int]) -> Sequence[int]:
    """Do what the signals say until the node has ended; returns those that stopped it."""
    stops: list[int] = []
    for number in _received(system, signals, early, lambda: _HURRY_SECONDS if len(stops) > 1 else None):
        if number is None:
            _leave(_exit_code(stops))
        elif number == signal.SIGTSTP:
            if not stops:
                _stop_fetching(system)
        elif number:
            stops.append(number)
            _stop(system, stops)
    return stops


def _received(
    system: Ref, signals: Signals, early: Sequence[int], patience: Callable[[], float | None]
) -> Iterator[int | None]:
    yield from early
    while system.is_alive():
        yield signals.wait(patience())


def _stop(system: Ref, stops: Sequence[int]) -> None:
    name = signal.Signals(stops[-1]).name
    if len(stops) == 1:
        log.info("%s: the node drains and stops; once more stops it now", name)
        system.stop(block=False)
    elif len(stops) == 2:
        log.warning("%s: the node stops now; running jobs go back to their queues", name)
        manager = system.whereis(names.MANAGER)
        if manager is not None:
            manager.cast(HandBack())
    else:
        _leave(_exit_code(stops))


def _stop_fetching(system: Ref) -> None:
    """Pause all queues; a stop that comes later drains as ever."""
    log.info("SIGTSTP: the node fetches no more jobs; those that run may end")
    try:
        status: SystemStatus = system.ask(Status(), timeout=_STATUS_SECONDS)
    except Timeout:
        log.error("the node is busy and goes on fetching; send SIGTSTP again")
        return
    for queue in status.queues:
        system.tell(PauseQueue(queue))


def _exit_code(stops: Sequence[int], reason: ExitReason | None = NORMAL) -> int:
    if len(stops) > 1:
        return _STOPPED_BY + stops[-1]
    return 0 if stops and reason == NORMAL else _FAILED


def _in_words(reason: ExitReason | None) -> object:
    return reason.detail if isinstance(reason, Shutdown) else reason


def _leave(code: int) -> NoReturn:
    """End the process without waiting for anybody. What jobs were doing is in progress in Redis, and runs again."""
    sys.stdout.flush()
    os._exit(code)
