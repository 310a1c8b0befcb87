"""What a node tells dashboards of itself: Sidekiq's `processes`, with the jobs that each runs, and signals to it.

A node's entry expires when it is not told again, so nothing depends on it: who lives is told by leases (`nodes`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

import attrs

from verk_actors.jobs.progress import JobProgress
from verk_actors.store.commands import Argument, Commands
from verk_actors.store.refusals import refusal_of
from verk_actors.store.replies import name_of
from verk_actors.store.scripts import PRESENCE
from verk_actors.wire.keys import Keys, identity_of, node_of

_KEPT_SECONDS = 60  # Sidekiq's; a beat is missed eleven times before a node is forgotten
_MOST_SIGNALS = 100  # Exq's
_LONGEST_PAYLOAD = 100_000  # bytes that are sent every 5 s; of a longer job the arguments are left out,
_MOST_BYTES = 1 << 20  # and of all jobs once they are so many together


@attrs.frozen(kw_only=True)
class Work:
    """One running job, as dashboards are told of it.

    Attributes:
        worker: who runs it; one of a node's at a time.
        payload: the job as it is in Redis.
        class_name, jid: shown where the payload is too long to be.
        started_at: unix seconds.
        progress: how far it is.
    """

    worker: str
    queue: str
    payload: bytes = attrs.field(repr=False)
    class_name: str
    jid: str
    started_at: float
    progress: JobProgress | None = None

    def encoded(self, longest: int = _LONGEST_PAYLOAD) -> str:
        """Return it in Sidekiq's form and its progress; the arguments only if the payload has at most so many bytes."""
        payload = self.payload.decode()
        if len(self.payload) > longest:
            args = [f"{len(self.payload)} bytes, too long to be shown here"]
            payload = _json({"class": self.class_name, "jid": self.jid, "queue": self.queue, "args": args})
        fields = {"queue": self.queue, "payload": payload, "run_at": int(self.started_at)}
        return _json(fields if self.progress is None else fields | {"progress": self.progress.fields()})


class Presence:
    """The entry of one node among the processes of one Redis."""

    def __init__(self, commands: Commands, keys: Keys, node_id: str) -> None:
        self._commands = commands
        self._identity = identity_of(node_id)
        self._processes = keys.processes
        self._node, self._signals = keys.process(self._identity), keys.signals(self._identity)
        self._work = (keys.work(self._identity), keys.workers(self._identity))
        self._keys = keys
        self._has_work = True  # what a process before this one has left, as far as is known

    @property
    def identity(self) -> str:
        """What it is called among the processes."""
        return self._identity

    def beat(self, about: Mapping[str, str | int | float], work: Iterable[Work], *, first: bool) -> list[str]:
        """Tells of the node for the next 60 s and replaces what it runs; returns the signals to it, the oldest first.

        Args:
            about: fields of the node.
            work: what it runs.
            first: the process is new: signals to one that had its identity before are dropped.

        Raises:
            StoreUnavailable, StoreError: as `Commands` says; some of it may be told, and signals may be lost.
        """
        runs, left = {}, _MOST_BYTES
        for one in work:
            runs[one.worker] = one.encoded(min(_LONGEST_PAYLOAD, left))
            left = max(0, left - len(one.payload))
        anew = first or self._has_work or bool(runs)
        args: list[Argument] = [self._identity, _KEPT_SECONDS, "" if first else _MOST_SIGNALS, "1" if anew else ""]
        args.append(2 * len(about))
        for name, value in (*about.items(), *runs.items()):
            args += (name, value)
        keys = (self._processes, self._node, *self._work, self._signals)
        signals, refusal = self._commands.script(PRESENCE, keys, args)
        self._has_work = bool(runs)
        if refusal:
            raise refusal_of(refusal.decode("utf-8", "replace"), "presence", self._node)
        return [name_of(signal) for signal in signals]

    def remove(self) -> None:
        """Takes the node off the list. SREM, UNLINK."""
        self._commands.call("SREM", self._processes, self._identity)
        self._commands.call("UNLINK", self._node, *self._work, self._signals)

    def forget_expired(self) -> int:
        """Takes nodes of ours that were killed off the list; returns how many. SMEMBERS, EXISTS per node, SREM."""
        members = [name_of(member) for member in self._commands.call("SMEMBERS", self._processes)]
        ours = [member for member in members if node_of(member) is not None]
        gone = [member for member in ours if not self._commands.call("EXISTS", self._keys.process(member))]
        return int(self._commands.call("SREM", self._processes, *gone)) if gone else 0


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
