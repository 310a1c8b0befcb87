"""What all nodes run, as they tell dashboards: ours, and Sidekiq's and Exq's beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from verk_actors.errors import MalformedJob, StoreError, StoreUnavailable
from verk_actors.job_run import JobRun
from verk_actors.store.commands import Commands
from verk_actors.store.members import name_of
from verk_actors.store.nodes import Nodes
from verk_actors.wire import strict_json
from verk_actors.wire.codec import decode
from verk_actors.wire.keys import Keys, node_of


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
                pairs = server.call("HGETALL", key)
            except StoreUnavailable:
                raise
            except StoreError:  # no hash, or of a process that this user may not look at
                continue
            if pairs:
                yield from zip(pairs[::2], pairs[1::2], strict=True)
                return


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
    )


def _object(text: bytes) -> dict[str, Any]:
    try:
        value = strict_json.parse(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
