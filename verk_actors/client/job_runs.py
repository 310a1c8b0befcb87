"""Running jobs, wherever they run: listed as nodes tell of them, or asked for at their node."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from verk_actors.jobs.run import Cancellation, JobNotRunning, JobRun, NodesSilent
from verk_actors.store.all_nodes import AllNodes
from verk_actors.store.commands import Commands
from verk_actors.store.processes import Processes
from verk_actors.store.requests import NOTHING, read_answer
from verk_actors.store.waiting_jobs import WaitingJobs
from verk_actors.wire.keys import Keys

_T = TypeVar("_T")

_ANSWER_SECONDS = 3.0  # a node that lives answers within milliseconds; less than the pools wait for a reply


class JobRuns:
    """What a client sees of running jobs.

    Args:
        pools: one for each Redis.
        clock: returns unix seconds.
        nodes: those that are asked.
    """

    def __init__(self, pools: Sequence[Commands], keys: Keys, clock: Callable[[], float], nodes: AllNodes) -> None:
        self._pools = pools
        self._keys = keys
        self._clock = clock
        self._nodes = nodes

    def running(self) -> list[JobRun]:
        """Return the running jobs of all nodes, those that have run for longest first."""
        return Processes(self._pools, self._keys).running(self._clock())

    def inspect(self, jid: str) -> JobRun:
        """Ask all nodes for a running job; of several of that id, return the one that started first.

        Raises:
            JobNotRunning: no node runs it.
            NodesSilent: none has it, and some have not answered.
        """
        runs, silent = self._ask_all(f"inspect {jid}", JobRun)
        if not runs:
            raise NodesSilent(silent) if silent else JobNotRunning(jid)
        return min(runs, key=lambda run: run.started_at)

    def cancel(self, jid: str) -> Cancellation | None:
        """Cancel a job wherever it is; returns what was found, None where there is none of that id.

        At its nodes first, then where it may wait; then at the nodes again, as it may have started meanwhile.

        Raises:
            NodesSilent: it was not found, and some nodes have not answered.
        """
        cancelled = self._cancel_at_nodes(jid)[0] or self._cancel_waiting(jid)
        if cancelled is None:
            cancelled, silent = self._cancel_at_nodes(jid)
            if cancelled is None and silent:
                raise NodesSilent(silent)
        return cancelled

    def _cancel_at_nodes(self, jid: str) -> tuple[Cancellation | None, tuple[str, ...]]:
        found, silent = self._ask_all(f"cancel {jid}", Cancellation)
        return (found[0] if found else None), silent

    def _cancel_waiting(self, jid: str) -> Cancellation | None:
        for pool in self._pools:
            found = WaitingJobs(pool, self._keys, self._clock).cancel(jid)
            if found is not None:
                where, queue = found
                return Cancellation(jid=jid, where=where, queue=queue)
        return None

    def _ask_all(self, question: str, kind: type[_T]) -> tuple[list[_T], tuple[str, ...]]:
        """Ask all nodes of ours that live; returns what they have found, and which have not answered, or nonsense."""
        answers = self._nodes.ask(question, seconds=_ANSWER_SECONDS)
        found: list[_T] = []
        silent = list(answers.missing)
        for node_id, text in answers.given.items():
            try:
                found += [] if text == NOTHING else [read_answer(text, kind)]
            except ValueError:
                silent.append(node_id)
        return found, tuple(silent)
