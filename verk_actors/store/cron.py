"""The periodic jobs of one Redis: what is known of each, and how its jobs come to their queue.

Each node's CronManager does this, and they share the work: of all that find a time due one enqueues its job. Redis'
clock decides what is due.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, TypeAlias, cast

import attrs

from verk_actors.store.commands import Argument, Commands
from verk_actors.store.entries import Entry
from verk_actors.store.replies import name_of, named
from verk_actors.store.scripts import CRON_CLAIM, CRON_LOOK, CRON_PUT, CRON_REMOVE
from verk_actors.wire import cron_entry, cron_runs
from verk_actors.wire.cron_entry import CronEntry
from verk_actors.wire.cron_runs import CronRun
from verk_actors.wire.keys import Keys

ClaimStatus: TypeAlias = Literal["OK", "KEPT_OUT", "PASSED", "PAUSED", "GONE"]


@attrs.frozen
class Claim:
    """What became of a time of a periodic job.

    Attributes:
        status: `OK`, this call enqueued its job; `KEPT_OUT`, it enqueued none, since another one of the job's token is
            there still; else it did nothing: `PASSED`, the time was seen to before, `PAUSED`, or `GONE`, there is no
            such entry.
        holder: the jid of what keeps it out.
    """

    status: ClaimStatus
    holder: str = ""


@attrs.frozen(kw_only=True)
class CronTable:
    """What stands in one Redis of periodic jobs, by their names.

    Attributes:
        now: the time there, unix seconds.
        definitions: what each is, as `wire.cron_entry` reads it.
        slots: the last time of each that was seen to, unix seconds.
        paused: which are paused.
        told: when a node that has it in its configuration or code told of it last, unix seconds.
        runs, results: the last run that was enqueued, and how the last that ended did, as `wire.cron_runs` reads them.
    """

    now: float
    definitions: Mapping[str, bytes] = attrs.field(repr=False)
    slots: Mapping[str, float]
    paused: frozenset[str]
    told: Mapping[str, float]
    runs: Mapping[str, bytes] = attrs.field(repr=False)
    results: Mapping[str, bytes] = attrs.field(repr=False)


class CronEntries:
    """Reads, enters and enqueues periodic jobs."""

    def __init__(self, commands: Commands, keys: Keys) -> None:
        self._commands = commands
        self._keys = keys
        self._all_keys = (
            *(keys.cron, keys.cron_slots, keys.cron_paused),
            *(keys.cron_told, keys.cron_runs, keys.cron_results),
        )

    def look(self, telling: Iterable[str] = ()) -> CronTable:
        """Return all that is known. HGETALL, O(n), and HSET for each name that is told of.

        Args:
            telling: names of those that a node has in its configuration or code.
        """
        now, *found = self._commands.script(CRON_LOOK, self._all_keys, list(telling))
        return _table(float(now), *found)

    def read(self) -> CronTable:
        """Return the same to whoever only reads, though not of one instant. TIME, HGETALL, SMEMBERS."""
        commands = [("SMEMBERS" if key == self._keys.cron_paused else "HGETALL", key) for key in self._all_keys]
        (seconds, _), *found = self._commands.call_many([("TIME",), *commands])
        return _table(float(seconds), *found)

    def put(self, entry: CronEntry, *, instead_of: bytes | None, anew: bool = False) -> bool:
        """Enter a periodic job, unless what stands there is not as expected; returns whether it was done. HSET, O(1).

        Args:
            entry: what it is from now on.
            instead_of: its definition that stands there; None for a new one.
            anew: whether its times count from now on, so that none that has passed is made up for. Those of a new one
                do.

        Raises:
            InvalidJob: its job can't be written.
        """
        return self._put(entry.name, cron_entry.write(entry), instead_of, "1" if anew else "")

    def resume(self, name: str) -> bool:
        """End the pause of a periodic job; nothing is made up for. Returns whether there is one. HGET, HSET."""
        while (definition := self.definition(name)) is not None:
            if self._put(name, definition, definition, "2"):
                return True
        return False

    def pause(self, name: str) -> bool:
        """Have the times of a periodic job pass by from now on; returns whether there is one. HGET, SADD."""
        if self.definition(name) is None:
            return False
        self._commands.call("SADD", self._keys.cron_paused, name)
        return True

    def remove(self, name: str) -> bool:
        """Forget a periodic job; returns whether there was one. HDEL, O(1)."""
        return bool(self._commands.script(CRON_REMOVE, self._all_keys, (name,)))

    def definition(self, name: str) -> bytes | None:
        """Return what stands there of a periodic job; None where there is none. HGET."""
        found: bytes | None = self._commands.call("HGET", self._keys.cron, name)
        return found

    def claim(self, name: str, slot: float | None, job: Entry, now: float, *, definition: bytes = b"") -> Claim:
        """Enqueue a periodic job for one of its times, unless that was seen to. Safe to repeat after a lost reply.

        LPUSH, HSET, O(1).

        Args:
            name: which.
            slot: the time, whole unix seconds; None for none, by hand, which can't be repeated.
            job: what is enqueued.
            now: unix seconds; kept as the time of the run.
            definition: what must stand there of it still; empty for whatever stands there.
        """
        keys, lock = self._keys, next(iter(job.locks), None)
        run = CronRun(jid=job.jid, enqueued_at=now, slot_at=slot)
        args: list[Argument] = [
            name,
            definition,
            "" if slot is None else int(slot),
            cron_runs.write(run),
            cron_runs.write(attrs.evolve(run, jid="", kept_out=True)),
            job.queue,
            job.payload,
            job.jid,
            "" if lock is None else max(1, round(lock.seconds * 1000)),
        ]
        of_job = (keys.queues, keys.queue(job.queue), *(() if lock is None else (lock.key,)))
        status, holder = self._commands.script(
            CRON_CLAIM, (keys.cron, keys.cron_slots, keys.cron_paused, keys.cron_runs, *of_job), args
        )
        return Claim(cast(ClaimStatus, status.decode()), name_of(holder))

    def _put(self, name: str, definition: bytes, instead_of: bytes | None, mode: str) -> bool:
        keys = self._keys
        of_names = (keys.cron, keys.cron_slots, keys.cron_paused, keys.cron_runs, keys.cron_results)
        return bool(self._commands.script(CRON_PUT, of_names, (name, definition, instead_of or b"", mode)))


def _table(now: float, *found: list[bytes]) -> CronTable:
    definitions, slots, paused, told, runs, results = found
    return CronTable(
        now=now,
        definitions=dict(named(definitions)),
        slots=dict(_instants(slots)),
        paused=frozenset(map(name_of, paused)),
        told=dict(_instants(told)),
        runs=dict(named(runs)),
        results=dict(named(results)),
    )


def _instants(flat: Sequence[bytes]) -> Iterator[tuple[str, float]]:
    for name, text in named(flat):
        try:
            yield name, float(text)
        except ValueError:  # by hand; as if it had none
            continue
