"""The fleet as a process: from the first signal handler to the exit code, as `node.py` is for one node.

SIGTERM and SIGINT make all nodes drain, a second one stops them now, a third does not even wait for that; SIGTSTP lets
them fetch no more. Each is passed on to every node, also to one that is started later, and the terminal's go to this
process alone. SIGTTIN has the nodes that run write to the log where their threads are.

Exit codes: 0 when all nodes have drained; 1 where the fleet gave up, or a node failed in its stop or had to be killed;
2 where a node can't do what it is asked for; 128 + the signal's number where a second signal stopped it.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial

import attrs

from verk_actors.daemon.service_manager import ServiceManager
from verk_actors.daemon.signals import Signals
from verk_actors.daemon.starter import Start, Starter
from verk_actors.fleet.fleet import CANNOT, Fleet
from verk_actors.fleet.fleet_state import HARMLESS, STOPS, FleetState
from verk_actors.fleet.node_process import Obey
from verk_actors.otp import SHUTDOWN, ExitReason, Ref, Shutdown
from verk_actors.settings.config import Config

log = logging.getLogger(__name__)

_LAST_SECONDS = 10.0  # beyond the shutdown timeout: for handing jobs back, 5 s where Redis hangs, and for the exit
_FAILED = 1
_STOPPED_BY = 128  # plus the signal's number, as shells count


def run_fleet(config: Config, command: Callable[[str], Sequence[str]]) -> int:
    """Run `config.processes` nodes until a signal ends them; returns the exit code. For the main thread.

    Args:
        config: what the nodes have in common; its node id is the first part of theirs.
        command: returns the command of the node with an id.

    Raises:
        ConfigError: the node id is too long for that.
    """
    service_manager = ServiceManager.of_environment()
    numbers = range(1, config.processes + 1)
    state = FleetState(
        node_ids=[attrs.evolve(config, node_id=f"{config.node_id}-{number}").node_id for number in numbers],
        command=command,
        output=sys.stderr.buffer,
        names_lines=config.log_format == "text",
        stop_seconds=config.shutdown_timeout_seconds + _LAST_SECONDS,
        max_restarts=config.max_restarts,
        restart_window_seconds=config.restart_window_seconds,
        service_manager=service_manager,
    )
    with Signals(*STOPS, signal.SIGTSTP, signal.SIGTTIN) as signals:
        starter = Starter.start(signals.wake, service_manager)
        try:
            fleet: Ref = starter.ask(Start(partial(Fleet.start, state)))
            _obey(fleet, signals, state, service_manager)
        finally:
            starter.stop()  # while there is something to wake
        fleet.join()
    return _exit_code(state, fleet.reason)


def _obey(fleet: Ref, signals: Signals, state: FleetState, service_manager: ServiceManager) -> None:
    """Pass signals on until the fleet has ended."""
    while fleet.is_alive():
        number = signals.wait()
        if not number:
            continue
        state.signals.append(number)
        if number in STOPS:
            service_manager.stopping("all nodes stop")
        if len(state.stops) > 2:
            os._exit(_exit_code(state, None))  # nodes die with this process
        for row in fleet.children:
            if row.ref is not None:
                row.ref.cast(Obey())  # one that starts just now looks by itself
        log.info("%s: passed on to %s nodes", signal.Signals(number).name, len(state.node_ids))


def _exit_code(state: FleetState, reason: ExitReason | None) -> int:
    if len(state.stops) > 1:
        return _STOPPED_BY + state.stops[-1]
    codes = state.exit_codes.values()
    if reason != SHUTDOWN:
        log.error("gave up: %s", reason.detail if isinstance(reason, Shutdown) else reason)
        return CANNOT if CANNOT in codes else _FAILED
    return _FAILED if any(code not in HARMLESS for code in codes) else 0
