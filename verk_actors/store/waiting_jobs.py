"""A job that waits, wherever that is: found by its id, and cancelled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from verk_actors.store.commands import Commands
from verk_actors.store.job_sets import PendingSet, RetrySet, ScheduleSet
from verk_actors.store.limit_book import limited_ids
from verk_actors.store.members import payload_of
from verk_actors.store.moves import Moves
from verk_actors.store.queue import Queue, queue_names, taking_out
from verk_actors.wire import bookkeeping
from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys


class WaitingJobs:
    """The jobs that wait on one server: in its queues, scheduled, to be retried, or for a limit."""

    def __init__(self, commands: Commands, keys: Keys, clock: Callable[[], float]) -> None:
        self._commands = commands
        self._keys = keys
        self._clock = clock

    def cancel(self, jid: str) -> tuple[Literal["queue", "schedule", "retry", "limit"], str] | None:
        """Moves a job to the dead set, marked as cancelled; returns where it was and its queue, None if nowhere.

        Looks through all of them, O(n). The lock of a unique job is released.
        """
        for name in queue_names(self._commands, self._keys):
            job = Queue(self._commands, self._keys, name).find(jid)
            if job is not None and self._bury_from_queue(name, job):
                return "queue", name
        schedule = ScheduleSet((self._commands,), self._keys, self._clock).find(jid)
        if schedule is not None and self._bury_from_set(self._keys.schedule, schedule):
            return "schedule", str(schedule.queue)
        retry = RetrySet((self._commands,), self._keys, self._clock).find(jid)
        if retry is not None and self._bury_from_set(self._keys.retry, retry):
            return "retry", str(retry.queue)
        for key in (self._keys.waiting(id_) for id_ in limited_ids(self._commands, self._keys)):
            limited = PendingSet((self._commands,), self._keys, key, self._clock).find(jid)
            if limited is not None and self._bury_from_set(key, limited):
                return "limit", str(limited.queue)
        return None

    def _bury_from_queue(self, queue: str, job: Job) -> bool:
        now = self._clock()
        dead = (bookkeeping.cancelled(job, now=now), now)
        call = taking_out(self._keys, queue, payload_of(job), dead)
        return bool(self._commands.script(call.script, call.keys, call.args))

    def _bury_from_set(self, key: str, job: Job) -> bool:
        now, moves = self._clock(), Moves(self._commands, self._keys, key)
        moves.to_dead_as(payload_of(job), bookkeeping.cancelled(job, now=now), now)
        moved = moves.perform()
        if moved.refusal is not None:
            raise moved.refusal
        return moved.to_dead == 1
