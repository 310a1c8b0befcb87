"""A node as a process that is started anew whenever files change: `verk run --dev`.

A signal that ends this process makes the node drain first; a second one stops it now.
"""

from __future__ import annotations

import logging
import signal
from collections.abc import Collection, Iterable, Sequence

from verk_actors.daemon.signals import ENDINGS, Signals
from verk_actors.fleet.fleet_state import HARMLESS
from verk_actors.fleet.program import Program
from verk_actors.otp.port import in_words

log = logging.getLogger(__name__)

_DRAIN_SECONDS = 3.0  # for jobs that run when a file changes; then they go back to their queues, and run anew
_LOOK_SECONDS = 0.1
_FAILED = 1


def run_reloading(command: Sequence[str], changes: Iterable[Collection[str]]) -> int:
    """Run a command until a signal ends it; returns the exit code. For the main thread.

    Args:
        command: of the node, which ends with this process.
        changes: yields the files that have changed, or none, several times a second.
    """
    with Signals(*ENDINGS) as signals:
        program: Program | None = Program(command, reads_output=False)
        for files in changes:
            if signals.wait(0):
                break
            if program is not None and (code := program.ended()) is not None:
                log.warning("the node %s; it starts anew when a file changes", in_words(code))
                program.close()
                program = None
            if files:
                log.info("%s changed: the node starts anew", ", ".join(sorted(files)))
                if program is not None:
                    _end(program, signals, patience_seconds=_DRAIN_SECONDS)
                program = Program(command, reads_output=False)
        code = 0 if program is None else _end(program, signals)
    return 0 if code in HARMLESS else _FAILED


def _end(program: Program, signals: Signals, *, patience_seconds: float | None = None) -> int:
    """Have the node drain and end; returns its exit code. It stops now when patience is over, or at another signal."""
    program.send(signal.SIGTERM)
    waited = 0.0
    while (code := program.ended(_LOOK_SECONDS)) is None:
        waited += _LOOK_SECONDS
        if signals.wait(0) or (patience_seconds is not None and waited >= patience_seconds):
            program.send(signal.SIGTERM)
            patience_seconds = None
    program.close()
    return code
