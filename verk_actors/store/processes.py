"""What all nodes tell dashboards of themselves and what they run: ours, and Sidekiq's and Exq's beside them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from verk_actors.errors import MalformedJob, StoreError, StoreUnavailable
from verk_actors.jobs.progress import progress_of
from verk_actors.jobs.run import JobRun
from verk_actors.store.commands import Commands, server_time
from verk_actors.store.nodes import Nodes
from verk_actors.store.queue_share import QueueShare, share_of
from verk_actors.store.replies import name_of, pairs
from verk_actors.wire import strict_json, times
from verk_actors.wire.codec import decode
from verk_actors.wire.keys import Keys, node_of

_MOST = 1e15  # beyond that a number counts nothing
_FIELDS = ("info", "concurrency", "busy", "beat", "rtt_us", "quiet", "rss", "shares")


@attrs.frozen(kw_only=True)
class ProcessStatus:
    """One node as it told of itself last; what it doesn't tell, or can't be read, is None or empty.

    Attributes:
        node: the id of the node; of a process of Sidekiq or Exq, its identity.
        is_ours: whether it is a node of this package.
        hostname, pid: where it runs.
        tag, labels: what its owner calls it.
        queues: those that it works.
        shares: how it works each of them, where it is a node of this package.
        started_at: unix seconds.
        concurrency: how many jobs it can run at a time, on the servers where it tells.
        busy: how many it runs.
        is_quiet: whether it fetches no jobs.
        beat_age_seconds: since it told, by Redis' clock.
        round_trip_seconds: what it measured from there to Redis and back.
        memory_bytes: of it, resident.
    """

    node: str
    is_ours: bool
    hostname: str = ""
    pid: int | None = None
    tag: str = ""
    labels: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    shares: Mapping[str, QueueShare] = attrs.Factory(dict)
    started_at: float | None = None
    concurrency: int | None = None
    busy: int | None = None
    is_quiet: bool = False
    beat_age_seconds: float | None = None
    round_trip_seconds: float | None = None
    memory_bytes: int | None = None


class Processes:
    """Reads what nodes have told of one or several servers; up to five seconds old."""

    def __init__(self, servers: Sequence[Commands], keys: Keys) -> None:
        self._servers = servers
        self._keys = keys

    def running(self, now: float) -> list[JobRun]:
        """Returns the jobs that run now, those that have run for longest first.

        A node that holds no lease is dead, and left out. So is what a user may not read of others. SMEMBERS, then
        HGETALL and PTTL per process.
        """
        runs = [run for server in self._servers for run in self._of_server(server, now)]
        return sorted(runs, key=lambda run: run.started_at)

    def statuses(self) -> list[ProcessStatus]:
        """Returns each node that has told of itself within the last minute, on each server where it has.

        SMEMBERS, TIME, then HMGET per process.
        """
        return [status for server in self._servers for status in self._statuses_on(server)]

    def _statuses_on(self, server: Commands) -> Iterator[ProcessStatus]:
        now = server_time(server)
        for identity in sorted(name_of(member) for member in server.call("SMEMBERS", self._keys.processes)):
            try:
                told = server.call("HMGET", self._keys.process(identity), *_FIELDS)
            except StoreUnavailable:
                raise
            except StoreError:  # as in `_work`
                continue
            if any(value is not None for value in told):
                yield _status_of(identity, dict(zip(_FIELDS, told, strict=True)), now)

    def _of_server(self, server: Commands, now: float) -> Iterator[JobRun]:
        nodes = Nodes(server, self._keys)
        for identity in sorted(name_of(member) for member in server.call("SMEMBERS", self._keys.processes)):
            node_id = node_of(identity)
            if node_id is not None and nodes.lease_seconds(node_id) is None:
                continue
            for worker, told in self._work(server, identity):
                yield _run_of(node_id or identity, name_of(worker), told, now)

    def _work(self, server: Commands, identity: str) -> Iterator[tuple[bytes, bytes]]:
        for key in (self._keys.work(identity), self._keys.workers(identity)):
            try:
                fields = server.call("HGETALL", key)
            except StoreUnavailable:
                raise
            except StoreError:  # no hash, or of a process that this user may not look at
                continue
            if fields:
                yield from pairs(fields)
                return


def _status_of(identity: str, told: Mapping[str, bytes | None], now: float) -> ProcessStatus:
    """Returns what is told of a node, as far as it can be read."""
    info, node_id = _object(told["info"] or b""), node_of(identity)
    beat, rtt_us, kilobytes = (_number(told[name]) for name in ("beat", "rtt_us", "rss"))
    concurrency = _number(told["concurrency"])
    pid = info.get("pid")
    return ProcessStatus(
        node=identity if node_id is None else node_id,
        is_ours=node_id is not None,
        hostname=_text(info.get("hostname")),
        pid=pid if type(pid) is int else None,
        tag=_text(info.get("tag")),
        labels=_texts(info.get("labels")),
        queues=tuple(dict.fromkeys(_texts(info.get("queues")))),  # Sidekiq may name one several times, as its weight
        shares=_shares(told["shares"] or b""),
        started_at=times.read(info.get("started_at")),
        concurrency=_whole(info.get("concurrency") if concurrency is None else concurrency),
        busy=_whole(_number(told["busy"])),
        is_quiet=told["quiet"] == b"true",
        beat_age_seconds=None if (beat_at := times.read(beat)) is None else max(0.0, now - beat_at),
        round_trip_seconds=None if rtt_us is None else rtt_us / 1e6,
        memory_bytes=None if kilobytes is None else int(kilobytes) * 1024,
    )


def _shares(told: bytes) -> Mapping[str, QueueShare]:
    read = {name: share_of(value) for name, value in _object(told).items()}
    return {name: share for name, share in read.items() if share is not None}


def _run_of(node: str, worker: str, told: bytes, now: float) -> JobRun:
    """Returns what is told of a job, as far as it can be read."""
    fields = _object(told)
    queue, payload, started_at = (fields.get(name) for name in ("queue", "payload", "run_at"))
    queue = queue if isinstance(queue, str) else ""
    started_at = float(started_at) if isinstance(started_at, int | float) else now
    jid, class_ = "", ""
    args: list[Any] | None = None
    if isinstance(payload, str):
        try:
            job = decode(payload.encode(), queue)
        except (MalformedJob, UnicodeEncodeError):
            pass
        else:
            jid, class_, args = str(job.jid or ""), job.class_, list(job.args)
    return JobRun(
        node=node,
        queue=queue,
        jid=jid,
        class_=class_,
        args=args,
        worker=worker,
        started_at=started_at,
        elapsed_seconds=max(0.0, now - started_at),
        progress=progress_of(fields.get("progress")),
    )


def _object(text: bytes) -> dict[str, Any]:
    try:
        value = strict_json.parse(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _number(text: bytes | None) -> float | None:
    try:
        number = float(text or b"")
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _whole(value: Any) -> int | None:
    return int(value) if type(value) in (int, float) and value < _MOST else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(map(_text, value)) if isinstance(value, list) else ()
