"""Whether fetched jobs may start, as far as their limits go; those that may not are put aside, to wait in Redis.

A limit of concurrency has slots, which a job holds from its admission until it is settled. A limit of rate is the
generic cell rate algorithm: the time at which the next job would arrive at an even rate is all that is kept of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

from verk_actors.settings.limit import Limit
from verk_actors.store.commands import Argument, Commands
from verk_actors.store.effects import Effect
from verk_actors.store.scripts import ADMIT
from verk_actors.wire.keys import Keys

_NODE_SLOTS_SECONDS = 7 * 86_400  # a node that is gone leaves them; longer than jobs run
_FLAGS = {1: True, 0: False, -1: None}


@attrs.frozen
class Use:
    """A limit as one job meets it.

    Attributes:
        id: its name, with the value of the argument where it has a key.
        limit: what it says.
    """

    id: str
    limit: Limit


@attrs.frozen(kw_only=True)
class Applicant:
    """A job in progress that is to start if its limits let it.

    Attributes:
        payload: exactly the bytes that were fetched.
        waits_as: what waits in its place, if not the same.
        jid: by which it holds slots.
        since: its place among those that wait: when it was enqueued, unix seconds.
        uses: its limits.
    """

    payload: bytes = attrs.field(repr=False)
    waits_as: bytes | None = attrs.field(default=None, repr=False)
    jid: str
    since: float
    uses: Sequence[Use]


def slots_key(keys: Keys, use: Use, node_id: str) -> str | None:
    """Returns the hash that has the slots of a limit, None for a rate."""
    if use.limit.concurrency is None:
        return None
    return keys.slots(use.id, node_id if use.limit.per == "node" else None)


def slot_given_back(key: str, jid: str) -> Effect:
    """Returns what gives a slot back in the step that settles its job."""
    return Effect("HDEL", key, (jid,))


def holder_of(node_id: str, token: str) -> str:
    """Returns under what a node holds slots while it has its lease by a token."""
    return f"{node_id} {token}"  # no id of ours has a space


class Admission:
    """Admits the jobs of one queue on one node."""

    def __init__(self, commands: Commands, keys: Keys, queue: str, node_id: str) -> None:
        self._commands = commands
        self._keys = keys
        self._in_progress = keys.in_progress(queue, node_id)
        self._node_id = node_id

    def admit(self, token: str, applicants: Sequence[Applicant]) -> list[bool | None]:
        """Lets jobs start or puts them aside; returns which start. None: it was no longer in progress here.

        HLEN or GET for each limit; HSET or SET for a job that starts, LREM and ZADD for one that waits: in the
        schedule for a minute, where a key of its limit holds something else, of which the LimitManager tells. Not to be
        repeated after a lost reply: it is not known then who has started, and all are to go back to their queue, with
        their slots given back.

        Args:
            token: of the node's lease.
            applicants: jobs in progress here, in the order in which they are to start.

        Raises:
            StoreUnavailable: it may have been done.
            StoreError: a key that all limits share holds the wrong type; nothing was done.
        """
        uses = {use.id: use for one in applicants for use in one.uses}
        numbers = {id_: number for number, id_ in enumerate(uses, 1)}
        keys = [self._in_progress, self._keys.limited, self._keys.schedule]
        args: list[Argument] = [holder_of(self._node_id, token), len(uses)]
        for use in uses.values():
            keys += (self._state_key(use), self._keys.waiting(use.id), self._keys.called(use.id))
            args += (use.id, *_numbers(use.limit))
        for one in applicants:
            own = [numbers[use.id] for use in one.uses]
            args += (one.payload, one.waits_as or b"", one.jid, one.since, len(own), *own)
        return [_FLAGS[flag] for flag in self._commands.script(ADMIT, keys, args)]

    def hold(self, token: str, slots: Iterable[tuple[str, str]]) -> None:
        """Holds slots, each a hash and a jid, under another token: the lease had lapsed. HSET. Safe to repeat."""
        for key, jid in slots:
            self._commands.call("HSET", key, jid, holder_of(self._node_id, token))

    def _state_key(self, use: Use) -> str:
        return slots_key(self._keys, use, self._node_id) or self._keys.arrival(use.id)


def _numbers(limit: Limit) -> tuple[Argument, Argument, Argument]:
    """Returns what the script is told of a limit."""
    if limit.concurrency is not None:
        return limit.concurrency, _NODE_SLOTS_SECONDS * 1_000_000 if limit.per == "node" else "", ""
    return "", limit.interval_micros, limit.at_once
