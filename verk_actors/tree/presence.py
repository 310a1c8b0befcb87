"""Tells dashboards that this node lives and what it runs, and does what they ask: Sidekiq's heartbeat.

Supervised by the ActorSystem, permanent; one more for each further Redis, under OtherServers. No job and no other actor
depends on it: the lease, which does matter, is the NodeManager's. What it has told expires after a minute; its death
costs a beat. On an orderly stop it tells until the queues have drained, then takes the node off the list.

Source: Sidekiq lib/sidekiq/launcher.rb; Exq lib/exq/node/server.ex.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping

from verk_actors.errors import StoreError, loggable
from verk_actors.messages import CancelJob, Quiet
from verk_actors.otp import ExitReason, Server, dump, handles
from verk_actors.store import presence as store
from verk_actors.store.connection import Connection
from verk_actors.tree import names
from verk_actors.tree.memory import resident_bytes
from verk_actors.tree.messages import Tick
from verk_actors.tree.node_log import NodeLog
from verk_actors.tree.node_state import NodeState, QueueRow, RedisServer
from verk_actors.tree.outage import Outage
from verk_actors.tree.running_job import RunningJob

log = NodeLog(__name__)

_CANCEL = "CANCEL:"  # Exq's
_BEAT_SECONDS = 5.0  # Sidekiq's
_BEATS_PER_LOOK = 12  # at others that were killed
_LONGEST_LINE = 10_000  # characters
_MOST_SHOWN = 1000  # running jobs, those that have run for longest


class Presence(Server):
    """The node as others see it."""

    def __init__(self, node: NodeState, server: RedisServer) -> None:
        super().__init__()
        self._node = node
        self._server = server
        self._connection = self.own(
            Connection(server.url, name=node.connection_name("presence"), lifeline=node.lifeline)
        )
        self._presence = store.Presence(self._connection, node.keys, node.config.node_id)
        self._outage = Outage(server.named("presence"), server.trouble)
        self._started_at = 0.0  # unix seconds
        self._is_told = False
        self._beats = 0
        self._rtt_seconds = 0.0  # of the last beat
        self._do: Mapping[str, Callable[[], None]] = {
            "TSTP": self._quiet,
            "TERM": self._stop,
            "TTIN": self._log_stacks,
        }

    def init(self) -> None:
        """Tell at once."""
        self.actor_ref.cast(Tick())

    def terminate(self, reason: ExitReason) -> None:
        """Take the node off the list on an orderly stop, unless Redis is away."""
        if reason.graceful and self._node.stopping and self._is_told:
            try:
                self._presence.remove()
            except StoreError as error:
                log.debug("presence: the node stays on the list until its entry expires: %s", error)

    @handles(Tick)
    def beat(self, _: Tick) -> None:
        """Tell of the node and its jobs, and do what was asked of it meanwhile."""
        self._started_at = self._started_at or self.clock.time()
        began = self.clock.monotonic()
        try:
            self._connection.check()
            if self._beats % _BEATS_PER_LOOK == 0:
                self._presence.forget_expired()
                began = self.clock.monotonic()
            signals = self._presence.beat(self._about(), self._work(), first=not self._server.introduced)
        except StoreError as error:
            self._is_told = False
            self.send_after(max(self._outage.goes_on(error, self.clock.monotonic()), _BEAT_SECONDS), Tick())
            return
        self._server.introduced = self._is_told = True
        self._beats += 1
        now = self.clock.monotonic()
        self._rtt_seconds = now - began
        self._outage.over(now)
        self.send_after(_BEAT_SECONDS, Tick())
        for signal in signals:
            self._obey(signal)

    # -- what is told

    def _about(self) -> dict[str, str | int | float]:
        rows = self._rows()
        concurrency = sum({row.pool: row.config.size for _, row in rows}.values())
        is_quiet = self._node.stopping or (bool(rows) and all(self._node.status_of(*row) != "running" for row in rows))
        info = {
            "hostname": os.uname().nodename,
            "started_at": self._started_at,
            "pid": os.getpid(),
            "tag": self._node.config.node_id,
            "concurrency": concurrency,
            "queues": [queue for queue, _ in rows],
            "labels": [],
            "identity": self._presence.identity,
        }
        return {
            "info": json.dumps(info),
            "concurrency": concurrency,
            "busy": sum(len(row.running_jobs.running()) for _, row in rows),
            "beat": self.clock.time(),
            "rtt_us": round(self._rtt_seconds * 1_000_000),
            "quiet": "true" if is_quiet else "false",
            "rss": resident_bytes() // 1024,
            "shares": json.dumps({row[0]: self._share_of(*row) for row in rows}),
        }

    def _work(self) -> Iterator[store.Work]:
        running = [(queue, one) for queue, row in self._rows() for one in row.running_jobs.running()]
        running.sort(key=lambda pair: pair[1].started_at)
        workers: set[str] = set()
        for queue, running_job in running[:_MOST_SHOWN]:
            work = _work_of(running_job, queue, workers, self.clock.time())
            if work is not None:
                workers.add(work.worker)
                yield work

    def _rows(self) -> list[tuple[str, QueueRow]]:
        return [(queue, row) for queue, row in tuple(self._node.queues.items()) if row.server is self._server]

    def _share_of(self, queue: str, row: QueueRow) -> dict[str, int | str]:
        status = self._node.status_of(queue, row)
        return {"size": row.config.size, "busy": len(row.running_jobs.running()), "status": status}

    # -- what is asked

    def _obey(self, signal: str) -> None:
        do = self._do.get(signal)
        if signal.startswith(_CANCEL):
            self._cancel(signal.removeprefix(_CANCEL))
        elif do is None:
            log.warning("presence: no signal of that name is known: %s", loggable(signal))
        else:
            do()

    def _quiet(self) -> None:
        log.info("TSTP over Redis: the node fetches no more jobs; those that run may end")
        self.cast_to(names.MANAGER, Quiet())

    def _stop(self) -> None:
        system = self.whereis(names.ACTOR_SYSTEM)
        if system is not None and not self._node.stopping:
            log.info("TERM over Redis: the node drains and stops")
            system.stop(block=False)

    def _cancel(self, run: str) -> None:
        """Cancel a job that is named as Exq does it: by JSON with its `jid`."""
        try:
            jid = json.loads(run)["jid"]
        except (ValueError, KeyError, TypeError, RecursionError):
            jid = None
        if isinstance(jid, str):
            self.cast_to(names.CANCELLER, CancelJob(jid))

    def _log_stacks(self) -> None:
        for line in dump(self.whereis(names.ACTOR_SYSTEM)):
            log.warning("TTIN over Redis: %s", loggable(line, _LONGEST_LINE))


def _work_of(running_job: RunningJob, queue: str, taken: set[str], now: float) -> store.Work | None:
    job, worker = running_job.job, running_job.worker
    if job is None or worker is None:
        return None
    jid = str(job.jid)
    name = str(worker)
    return store.Work(
        worker=name if name not in taken else f"{name}.{jid}",  # the tasks of one loop, above all
        queue=queue,
        payload=running_job.payload,
        class_name=job.class_,
        jid=jid,
        started_at=running_job.started_at or now,
        progress=running_job.how_far(),
    )
