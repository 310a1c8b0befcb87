"""What outlives the actors that use it: the tables of one node.

Erlang keeps such tables in ETS, where Verk's die with the process that owns them; that is how Verk forgets pauses
and added queues when its Manager crashes, and runs jobs twice when a WorkersManager does. Here they belong to
the node. Each field says who writes it; everybody may read.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Any

import attrs

from verk_actors.errors import ConfigError
from verk_actors.events import Event
from verk_actors.jobs.registry import Registry, Terms
from verk_actors.otp import Ref
from verk_actors.settings.address import Address
from verk_actors.settings.config import Config
from verk_actors.settings.groups import QueueGroup
from verk_actors.settings.limit import Limit
from verk_actors.settings.node_id import node_id_here
from verk_actors.settings.queues import QueueConfig
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.store.exchange import Limits
from verk_actors.store.lifeline import Lifeline
from verk_actors.tree.listeners import Listener
from verk_actors.tree.outage import ServerTrouble
from verk_actors.tree.room import Room, SharedRoom
from verk_actors.tree.running_job import RunningJob
from verk_actors.tree.running_jobs import RunningJobs
from verk_actors.tree.tallies import Tallies
from verk_actors.tree.token import new_token
from verk_actors.wire.keys import Keys


@attrs.define(eq=False)
class Lease:
    """This process's hold on its node id in one Redis.

    Written by NodeManager; the QueueManager that is refused clears `held`.

    Attributes:
        token: names this process, and this hold on the id: host, boot, pid, start and a nonce.
        next_token: for the time after, if this hold is lost.
        held: whether jobs may be fetched.
        taken: whether it was ever held; what is in progress under the id is this process's own from then on.
        held_since: since when it is held without a break, monotonic; None where it is not.
        failed_at: when a heartbeat failed last, monotonic.
        beat_at: when NodeManager last set out to renew it, monotonic.
        renewed_at: when the last heartbeat that was answered was sent, monotonic.
        ends_at: when it runs out unless it is renewed, monotonic; no later than in Redis.
    """

    token: str = attrs.Factory(new_token)
    next_token: str = attrs.Factory(lambda self: self.token, takes_self=True)
    held: bool = False
    taken: bool = False
    held_since: float | None = None
    failed_at: float = -math.inf
    beat_at: float = -math.inf
    renewed_at: float = -math.inf
    ends_at: float = -math.inf

    def renew(self, token: str) -> None:
        """Begin a new hold on the id."""
        self.token, self.next_token = token, new_token()

    def covers(self, token: str, now: float) -> bool:
        """Whether what was fetched by a token is this node's for sure: once that hold is over, others may have it."""
        return token == self.token and now < self.ends_at

    def is_steady(self, now: float, seconds: float) -> bool:
        """Whether it is held for so long without a break and without an outage, so that others may be judged by theirs.

        When Redis comes back, leases are gone for a moment though every node lives; some or all of them.
        """
        return self.held_since is not None and now - max(self.held_since, self.failed_at) >= seconds


@attrs.define(eq=False)
class RedisServer:
    """A Redis that has queues of this node.

    Each has a lease and actors of its own (see `other_servers`): the outage of one concerns no queue of another.

    Attributes:
        label: told apart by it in names and logs; empty for the one that the node itself was given.
        paused: the queues that are paused for all nodes, as of the last heartbeat; written by NodeManager.
        trouble: what the node has said of its troubles; written by whoever meets one.
        introduced: whether dashboards have been told of this process; written by Presence.
    """

    url: RedisUrl
    label: str = ""
    paused: frozenset[str] = frozenset()
    lease: Lease = attrs.Factory(Lease)
    trouble: ServerTrouble = attrs.Factory(ServerTrouble)
    introduced: bool = False

    def named(self, name: str) -> str:
        """Return the name of the process of that kind that is this server's."""
        return f"{name}@{self.label}" if self.label else name


@attrs.define(eq=False)
class QueueRow:
    """One queue of this node.

    Attributes:
        config: how it is worked; written by Manager.
        server: where it is.
        pool: whose workers run its jobs: its own name, or that of its group.
        paused: what was asked for last; written by Manager.
        removing: written by Manager, never taken back.
        deleting: with the jobs that wait in it; written by Manager.
        due: of a queue that is being removed: running jobs have had their time and go back; written by Manager.
        status: running, pausing or paused, as its WorkersManager has it.
        running_jobs: the running table, written by the queue's actors.
        room: how much of the workers is its own; written by its QueueManager.
        finished, failed, fenced: counted by QueueStats.
    """

    config: QueueConfig
    server: RedisServer
    pool: str
    paused: bool = False
    removing: bool = False
    deleting: bool = False
    due: bool = False
    status: str = "running"
    running_jobs: RunningJobs = attrs.Factory(RunningJobs)
    room: Room = attrs.Factory(lambda self: Room(self.running_jobs), takes_self=True)
    finished: int = 0
    failed: int = 0
    fenced: int = 0

    @property
    def group(self) -> str:
        """The group that it is in, empty for none."""
        return self.pool if isinstance(self.config, QueueGroup) else ""

    @property
    def is_strict(self) -> bool:
        """Whether it is in a group whose queues are in order of priority."""
        return isinstance(self.config, QueueGroup) and self.config.is_strict


@attrs.define(eq=False)
class NodeState:
    """The tables of one node, handed to each actor by its supervisor.

    Attributes:
        servers: the node's own first; written by Manager.
        queues: written by Manager.
        tallies: the runs of each job class on this node since it started; written by QueueStats.
        manager: who writes them, or did last; written by Manager.
        listeners: by actor URN; written by EventProducer; JobLogger, which is there before it, enters itself.
        dashboard_url: where the dashboard is; written by Dashboard.
        stopping: the node is on its way down: running jobs that do not end in time are handed back.
        lifeline: holds the connections of all actors; cut where a stop would take too long.
        health_address: where the HealthPort listens, None before it does; written by it.
    """

    config: Config
    registry: Registry
    keys: Keys
    servers: dict[RedisUrl, RedisServer] = attrs.Factory(dict)
    queues: dict[str, QueueRow] = attrs.Factory(dict)
    tallies: Tallies = attrs.Factory(Tallies)
    manager: Any = None
    listeners: dict[str, Listener] = attrs.Factory(dict)
    dashboard_url: str | None = None
    stopping: bool = False
    lifeline: Lifeline = attrs.Factory(Lifeline)
    health_address: Address | None = None

    @classmethod
    def of(cls, config: Config, registry: Registry) -> NodeState:
        """Return the tables of a node that has not been started yet."""
        config = attrs.evolve(config, node_id=node_id_here(config.node_id))
        node = cls(config, registry.under(Terms.of(config)), Keys(config.namespace))
        node.servers[config.redis_url] = RedisServer(config.redis_url)
        for queue, settings in (*config.queues.items(), *config.groups.items()):
            node.check_limits(queue, settings)
            node.add_queue(queue, settings)
        return node

    @property
    def own_server(self) -> RedisServer:
        """The Redis that the node itself was given, where its queues are unless they name another."""
        return self.servers[self.config.redis_url]

    @property
    def other_servers(self) -> tuple[RedisServer, ...]:
        """Those that queues have named."""
        return tuple(server for server in self.servers.values() if server is not self.own_server)

    def add_queue(self, name: str, settings: QueueConfig) -> RedisServer:
        """Enter a queue or a group, and its Redis if it is a new one; returns the latter."""
        url = self.config.redis_url_by(settings)
        server = self.servers.get(url)
        if server is None:
            server = self.servers[url] = RedisServer(url, label=str(url))
        if isinstance(settings, QueueGroup):
            self._add_group(name, settings, server)
        else:
            self.queues[name] = QueueRow(settings, server, pool=name)
        return server

    def _add_group(self, name: str, settings: QueueGroup, server: RedisServer) -> None:
        idle: deque[Ref] = deque()
        left: dict[RunningJob, None] = {}
        group: list[SharedRoom] = []
        for queue, weight in settings.queues.items():
            table = RunningJobs(idle=idle, left=left)
            room = SharedRoom(table, group=group, weight=weight)
            group.append(room)
            self.queues[queue] = QueueRow(settings, server, pool=name, running_jobs=table, room=room)

    def queues_of(self, pool: str) -> tuple[str, ...]:
        """Return the queues of a group, or the one queue that has its workers for itself; none for another name."""
        return tuple(queue for queue, row in tuple(self.queues.items()) if row.pool == pool)

    def rows_of(self, pool: str) -> tuple[QueueRow, ...]:
        """Return their rows."""
        return tuple(row for row in tuple(self.queues.values()) if row.pool == pool)

    def is_paused(self, queue: str) -> bool:
        """Whether nothing is to be fetched from a queue: this node was told so, or all were."""
        row = self.queues.get(queue)  # removed meanwhile, if it is not there
        return row is not None and (row.paused or queue in row.server.paused)

    def status_of(self, queue: str, row: QueueRow) -> str:
        """Return running, pausing or paused: also pausing where its WorkersManager is told so and has not read it."""
        is_held = self.is_paused(queue) or row.removing
        return "pausing" if is_held and row.status == "running" else row.status

    def is_wanted(self, kind: type[Event]) -> bool:
        """Whether a listener may want events of this very class; where none does, they need not be made."""
        return any(listener.may_want(kind) for listener in tuple(self.listeners.values()))

    def known_limits(self) -> dict[str, Limit]:
        """Return the limits of all queues and job classes here, by name."""
        of_queues = [row.config.limits for row in tuple(self.queues.values())]
        every = (*of_queues, *tuple(self.registry.limited.values()))
        return {limit.name: limit for limits in every for limit in limits}

    def check_limits(self, name: str, settings: QueueConfig) -> None:
        """Refuse settings of a queue, or of a group, whose limits mean something else to others here.

        Raises:
            ConfigError: they do.
        """
        known = self.known_limits()
        for limit in settings.limits:
            other = known.get(limit.name, limit)
            if other.meaning != limit.meaning:
                raise ConfigError(
                    f"{name}.limits", f"{limit.name}, {limit}", f"for {limit.name}, {other}, as elsewhere"
                )

    def jids_on(self, server: RedisServer) -> set[str]:
        """Return the ids of the jobs in progress here of the queues on a server."""
        rows = [row for row in tuple(self.queues.values()) if row.server is server]
        return {str(one.job.jid) for row in rows for one in list(row.running_jobs.held) if one.job is not None}

    @property
    def limits(self) -> Limits:
        """What settling keeps to."""
        return Limits.of(self.config)

    def connection_name(self, role: str) -> str:
        """Return what CLIENT LIST shows for the connection of that role."""
        return f"verk:{self.config.node_id}:{role}"

    def not_returned(self) -> str:
        """Say what a stop had to leave in Redis, where this node holds it still; empty where that is nothing."""
        jobs = sum(len(row.running_jobs.held) for row in self.queues.values())
        held = any(server.lease.held for server in self.servers.values())
        left = [f"{jobs} jobs in progress"] * bool(jobs) + ["its lease"] * held
        return " and ".join(left)
