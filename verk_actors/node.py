"""One node as a process: what `verk run` runs, from the first signal handler to the exit code.

SIGTERM and SIGINT drain: no more jobs are fetched, and those that run may end within the shutdown timeout. A second
one stops now: running jobs go back to their queues at once, and the process ends within a second. A third does not
even wait for that. SIGTSTP stops fetching and nothing else. SIGTTIN has all threads, and the tree, written to the log.
systemd is told of the start, the stop and, if it wants to be, of life.

Exit codes: 0 after a drain, also where jobs had to be handed back; 1 where the tree gave up, or where Redis was away
and keeps jobs in progress, or the lease, until another node takes them; 128 + the signal's number where a second signal
stopped it. A `VerkError` is raised where the node can't start.
"""

from __future__ import annotations

import atexit
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NoReturn

from verk_actors.daemon.service_manager import ServiceManager
from verk_actors.daemon.signals import Signals
from verk_actors.daemon.starter import Start, Starter
from verk_actors.errors import StoreError
from verk_actors.jobs.registry import Registry
from verk_actors.jobs.registry import registry as default_registry
from verk_actors.loggable import loggable
from verk_actors.messages import Quiet
from verk_actors.otp import NORMAL, ExitReason, Ref, Shutdown, dump
from verk_actors.settings.config import Config
from verk_actors.store.backlog import Backlog
from verk_actors.store.pool import Pool
from verk_actors.tree import names
from verk_actors.tree.actor_system import ActorSystem
from verk_actors.tree.messages import HandBack
from verk_actors.wire.keys import Keys

log = logging.getLogger(__name__)

_SWITCH_INTERVAL_SECONDS = 0.0005  # a job that computes delays a heartbeat and a fetch by no more, per thread
_OBJECTS_PER_COLLECTION = 10_000  # not 700: a thousand tasks are as many objects, and looked at in vain all the time
_LOOK_SECONDS = 0.2  # between two looks whether anything is left to do
_HURRY_SECONDS = 0.8  # for handing jobs back; with what the interpreter needs, the process ends within a second
_FAILED = 1
_LONGEST_LINE = 10_000  # characters of a line of the log that shows a stack
_STOPPED_BY = 128  # plus the signal's number, as shells count


def run_node(config: Config, registry: Registry = default_registry, *, drain: bool = False) -> int:
    """Run a node until a signal ends it; returns the exit code. For the main thread.

    Args:
        config: what to run, and where Redis is.
        registry: the job classes.
        drain: end it as well once no job waits in its queues, none is due, and those that ran have ended.

    Raises:
        NodeIdInUse: another live process has the configured node id.
    """
    sys.setswitchinterval(_SWITCH_INTERVAL_SECONDS)
    youngest, *older = gc.get_threshold()
    if youngest:  # else it is not wanted at all
        gc.set_threshold(max(youngest, _OBJECTS_PER_COLLECTION), *older)
    service_manager = ServiceManager.of_environment()
    with Signals(signal.SIGTERM, signal.SIGINT, signal.SIGTSTP, signal.SIGTTIN) as signals:
        starter = Starter.start(signals.wake, service_manager)
        try:
            system, early = _start(starter, config, registry, signals)
            service_manager.ready(f"node {config.node_id} runs")
            stops = _obey(system, signals, early, service_manager, Backlogs(config) if drain else None)
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


class Backlogs:
    """What is left to do for a node, on all its servers."""

    def __init__(self, config: Config) -> None:
        keys, queues = Keys(config.namespace), list(config.all_queues)
        self._all = [
            Backlog(
                Pool(url, name="verk:drain", size=1),
                keys,
                config.node_id,
                [queue for queue in queues if config.redis_url_of(queue) == url],
            )
            for url in config.redis_urls
        ]

    def are_empty(self) -> bool:
        """Tell whether nothing is left; not where Redis can't say."""
        try:
            return all(backlog.is_empty() for backlog in self._all)
        except StoreError:
            return False


def end_process(code: int) -> NoReturn:
    """Exit; wait no longer than a second for threads that jobs have left, where the interpreter would for ever."""
    signal.signal(signal.SIGALRM, lambda *_: _leave(code))
    signal.setitimer(signal.ITIMER_REAL, _HURRY_SECONDS)
    atexit.register(signal.setitimer, signal.ITIMER_REAL, 0)  # called when the threads have ended
    sys.exit(code)


def _start(starter: Ref, config: Config, registry: Registry, signals: Signals) -> tuple[Ref, Sequence[int]]:
    """Start the node; returns it, and the signals that came meanwhile."""
    starting = starter.ask(Start(partial(ActorSystem.start, config, registry)), block=False)
    early: list[int] = []
    patience = None
    while number := signals.wait(patience):
        early.append(number)
        if number == signal.SIGTTIN:
            _log_all(None)
        elif number != signal.SIGTSTP:
            # Either it runs in a moment and can drain; or it waits for its node id or for Redis, and has no jobs.
            patience = _HURRY_SECONDS
    if number is None:
        _leave(0)
    system: Ref = starting.get()
    log.info("node %s runs; queues: %s", config.node_id, ", ".join(config.all_queues))
    return system, early


def _obey(
    system: Ref,
    signals: Signals,
    early: Sequence[int],
    service_manager: ServiceManager,
    backlogs: Backlogs | None,
) -> Sequence[int]:
    """Do what the signals say until the node has ended; returns those that stopped it."""
    stops: list[int] = []

    def patience() -> float | None:
        if len(stops) > 1:
            return _HURRY_SECONDS
        return None if backlogs is None or stops else _LOOK_SECONDS

    for number in _received(system, signals, early, patience):
        if number is None:
            if len(stops) > 1:
                _leave(_exit_code(stops))
            if backlogs is not None and backlogs.are_empty():
                log.info("nothing is left to do: the node stops")
                system.stop(block=False)
                backlogs = None
        elif number == signal.SIGTTIN:
            _log_all(system)
        elif number == signal.SIGTSTP:
            if not stops:
                service_manager.status("quiet: it fetches no more jobs")
                _stop_fetching(system)
        elif number:
            stops.append(number)
            service_manager.stopping("it drains, and stops" if len(stops) == 1 else "it stops now")
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
    system.tell(Quiet())


def _log_all(system: Ref | None) -> None:
    """Write to the log where each thread is."""
    for line in dump(system):
        log.warning("SIGTTIN: %s", loggable(line, _LONGEST_LINE))


def _exit_code(stops: Sequence[int], reason: ExitReason | None = NORMAL) -> int:
    if len(stops) > 1:
        return _STOPPED_BY + stops[-1]
    return 0 if reason == NORMAL else _FAILED


def _in_words(reason: ExitReason | None) -> object:
    return reason.detail if isinstance(reason, Shutdown) else reason


def _leave(code: int) -> NoReturn:
    """End the process without waiting for anybody. What jobs were doing is in progress in Redis, and runs again."""
    sys.stdout.flush()
    os._exit(code)
