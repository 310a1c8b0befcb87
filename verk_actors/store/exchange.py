"""The jobs of one queue that one node holds: how they are taken, and how they leave.

The queue's manager calls `InProgress.exchange`: in one round trip it settles what its workers have done and fetches
what the free ones can do; where nothing waited, the next job comes behind a wait. A job is the node's own as long as
its exact bytes are in the node's list. Every settlement removes them first; where nothing is removed nothing is done: a
peer has rescued the job.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from operator import attrgetter
from typing import Any, Literal, TypeAlias

import attrs

from verk_actors.errors import StoreError
from verk_actors.settings.config import Config
from verk_actors.store.commands import Argument, Commands
from verk_actors.store.effects import Effect
from verk_actors.store.refusals import plain, refusal_of
from verk_actors.store.scripts import EXCHANGE, TAKE, ScriptCall
from verk_actors.wire.keys import Keys

Kind: TypeAlias = Literal["ack", "retry", "dead", "discard", "snooze", "bury", "expire", "requeue"]

_LETTERS: dict[Kind, str] = {
    "ack": "a",
    "retry": "r",
    "dead": "d",
    "discard": "x",
    "snooze": "s",
    "bury": "b",
    "expire": "e",
    "requeue": "q",
}
_SETTLED = {1: True, 0: False, -1: None}
_REWRITTEN = frozenset({"retry", "dead", "snooze", "bury"})

_MOST_PER_CALL = 500  # keeps one script below 10 ms, in which Redis does nothing else
_DAY_SECONDS = 86_400
_DAY_COUNTER_SECONDS = 5 * 365 * _DAY_SECONDS  # Sidekiq's five years
_EPOCH_DAY = date(1970, 1, 1).toordinal()


@attrs.define  # not frozen: that makes one take three times as long, and each job has one
class Settlement:
    """What becomes of one job in progress.

    Attributes:
        kind: `ack` (succeeded), `retry` and `dead` (failed, written anew), `discard` (failed for good, not
            kept), `snooze` (to the schedule, as if it had not run, so not counted), `bury` (to the dead without having
            run, so not counted), `expire` (gone without having run, counted as that) or `requeue` (next in its queue).
        payload: exactly the bytes that were fetched.
        new: what is written, for `retry`, `dead`, `snooze` and `bury`; empty for the payload as it is.
        score: when it is due or died, unix seconds.
        effects: what else is done in the same step.
    """

    kind: Kind
    payload: bytes = attrs.field(repr=False)
    new: bytes = attrs.field(default=b"", repr=False)
    score: float = 0.0
    effects: tuple[Effect, ...] = ()


effects_of = attrgetter("effects")  # most have none, which costs the least this way


@attrs.frozen
class Exchanged:
    """The outcome of one exchange.

    Attributes:
        status: `OK`; `FENCED`, the lease is lost and nothing was fetched; or the error by which Redis refused
            to fetch. What was to be settled is settled in each case.
        settled: for each settlement whether it was done. False: the job was no longer in progress here. None: Redis
            refused to put it where it goes, so it is in progress as before.
        payloads: the jobs fetched, the oldest first; now in progress here.
        trimmed: dead jobs dropped, since they were too many or too old.
        refusal: why the last settlement that was refused was.
    """

    status: str
    settled: list[bool | None]
    payloads: list[bytes] = attrs.field(repr=False)
    trimmed: int
    refusal: StoreError | None = None


@attrs.frozen(kw_only=True)
class Limits:
    """What an exchange keeps to.

    Attributes:
        max_bytes: fetching stops at the first job that makes this many bytes, so that no reply is huge.
        max_dead_jobs: how many dead jobs are kept, the youngest.
        dead_timeout_seconds: how long one is kept.
        max_recoveries: how often a job may come back from a dead node within 72 hours; no exchange asks for it.
        failures_are_processed: whether `stat:processed` counts all runs, as Sidekiq does, or the successful
            ones, as Verk does.
    """

    max_bytes: int = 1 << 20
    max_dead_jobs: int = 10_000
    dead_timeout_seconds: float = 180.0 * _DAY_SECONDS
    max_recoveries: int = 3
    failures_are_processed: bool = True

    @classmethod
    def of(cls, config: Config) -> Limits:
        """Returns those that a configuration sets."""
        return cls(
            max_dead_jobs=config.max_dead_jobs,
            dead_timeout_seconds=config.dead_timeout_seconds,
            max_recoveries=config.max_recoveries,
            failures_are_processed=config.wire_format == "sidekiq",
        )


class InProgress:
    """The jobs of one queue that one node has taken and not settled."""

    def __init__(self, commands: Commands, keys: Keys, queue: str, node_id: str, limits: Limits | None = None) -> None:
        self._commands = commands
        self._keys = keys
        self._queue = queue
        self._limits = limits or Limits()
        self._key = keys.in_progress(queue, node_id)
        self._static_keys = (
            self._key,
            keys.queue(queue),
            keys.node(node_id),
            keys.node_queues(node_id),
            keys.retry,
            keys.dead,
            keys.processed,
            keys.failed,
            keys.processed_of(queue),
            keys.failed_of(queue),
        )
        self._day = -1
        self._script_keys: tuple[str, ...] = ()

    def exchange(self, token: str, settlements: Sequence[Settlement], fetch: int, now: float) -> Exchanged:
        """Settles jobs and fetches up to `fetch` new ones; 500 at most of either in one step.

        Settling doesn't ask for the lease. Safe to repeat after a lost reply: what was settled is False then.
        LTRIM for settlements in the order of the fetch, LREM for each other, O(n) in the jobs in progress; LMOVE for
        the first job that is fetched, LRANGE, LPUSH and LTRIM for those behind it.

        Args:
            token: the lease token of the node.
            settlements: what becomes of jobs fetched before.
            fetch: how many can be started; 0 to settle only.
            now: wall clock, unix seconds; for the day's counters and the age of dead jobs.

        Raises:
            StoreUnavailable: nothing is known of the step under way. List `payloads` and reconcile.
            StoreError: Redis refused, and the step under way did nothing: a key holds the wrong type, or there was
                nothing to settle and no memory for what was to be fetched.
        """
        settled: list[bool | None] = []
        trimmed, refusal = 0, None
        while len(settlements) > _MOST_PER_CALL:
            part = self._step(token, settlements[:_MOST_PER_CALL], 0, now)
            settled += part.settled
            trimmed += part.trimmed
            refusal = part.refusal or refusal
            settlements = settlements[_MOST_PER_CALL:]
        last = self._step(token, settlements, min(fetch, _MOST_PER_CALL), now)
        if not settled:
            return last
        return attrs.evolve(
            last,
            settled=settled + last.settled,
            trimmed=trimmed + last.trimmed,
            refusal=last.refusal or refusal,
        )

    def fetch_behind_wait(self, token: str) -> ScriptCall:
        """Returns what fetches one job, to be sent behind a wait; `fetched` understands its reply. LMOVE."""
        return ScriptCall(TAKE, self._static_keys[:4], (token, self._queue))

    def fetched(self, reply: Any) -> Exchanged:
        """Returns what the reply of a fetch behind a wait tells."""
        status, *payloads = reply
        return Exchanged(status.decode(), [], payloads, 0)

    def payloads(self) -> list[bytes]:
        """Returns all of them, the newest first. LRANGE, O(n)."""
        payloads: list[bytes] = self._commands.call("LRANGE", self._key, 0, -1)
        return payloads

    def count(self) -> int:
        """Returns how many there are. LLEN."""
        return int(self._commands.call("LLEN", self._key))

    def _step(self, token: str, settlements: Sequence[Settlement], fetch: int, now: float) -> Exchanged:
        args = self._args(token, settlements, fetch, now)
        keys = self._keys_on(now)
        if any(map(effects_of, settlements)):
            effects = [(number, effect) for number, of in enumerate(settlements, 1) for effect in of.effects]
            keys += tuple(effect.key for _, effect in effects)
            for number, effect in effects:
                args += (number, *effect.words)
        return self._exchanged(self._commands.script(EXCHANGE, keys, args))

    def _exchanged(self, reply: Any) -> Exchanged:
        status, flags, payloads, trimmed, refusal = reply
        return Exchanged(
            "OK" if status == b"OK" else plain(status.decode()),
            [_SETTLED[flag] for flag in flags],
            payloads,
            trimmed,
            refusal_of(refusal.decode(), "settle", self._key) if refusal else None,
        )

    def _args(self, token: str, settlements: Sequence[Settlement], fetch: int, now: float) -> list[Argument]:
        limits = self._limits
        kinds = "".join([_LETTERS[settlement.kind] for settlement in settlements])
        args: list[Argument] = [
            token,
            self._queue,
            fetch,
            limits.max_bytes,
            now - limits.dead_timeout_seconds,
            limits.max_dead_jobs,
            _DAY_COUNTER_SECONDS,
            "1" if limits.failures_are_processed else "0",
            kinds,
        ]
        args += [settlement.payload for settlement in settlements]
        for settlement in settlements:
            if settlement.kind in _REWRITTEN:
                is_same = settlement.new is settlement.payload  # not sent twice: it may be huge
                args += (b"" if is_same else settlement.new, settlement.score)
        return args

    def _keys_on(self, now: float) -> tuple[str, ...]:
        """Returns the keys of the script; they change at midnight, UTC, with the day's counters."""
        day = int(now // _DAY_SECONDS)
        if day != self._day:
            utc = date.fromordinal(_EPOCH_DAY + day)
            days = (self._keys.processed_on(utc), self._keys.failed_on(utc))
            self._script_keys = (*self._static_keys, *days, self._keys.schedule, self._keys.expired)
            self._day = day
        return self._script_keys
