"""All nodes as people and dashboards see them: which there are, quiet one, stop one, rescue a dead one.

Where queues are spread over several servers, a node is known to each of those where it has queues.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Literal

import attrs

from verk_actors.errors import VerkError, shown
from verk_actors.store.burial import burial_of, poison_reason
from verk_actors.store.commands import Commands, server_time
from verk_actors.store.exchange import InProgress, Limits
from verk_actors.store.nodes import OF_VERK, Nodes
from verk_actors.store.processes import Processes, ProcessStatus
from verk_actors.store.requests import NodeAnswers, Requests
from verk_actors.wire.keys import Keys, identity_of

_KEPT_SECONDS = 60  # a signal to a node that takes none is gone after this


@attrs.define(eq=False)
class NodeNotFound(VerkError):
    """Raised when a node is asked for of which Redis knows nothing: it has stopped, or never was."""

    node_id: str

    def __str__(self) -> str:
        return f"there is no node {shown(self.node_id)}"


@attrs.define(eq=False)
class NodeTakesNoSignals(VerkError):
    """Raised when a node is to be quieted or stopped that tells nothing of itself; see to `presence` of its config.

    So it is of one that has just started too, for a moment, and of one that has been dead for a minute.
    """

    node_id: str

    def __str__(self) -> str:
        return f"node {shown(self.node_id)} takes no signals: it is not among Sidekiq's processes (presence=False?)"


@attrs.frozen(kw_only=True)
class NodeStatus:
    """One node.

    Attributes:
        is_alive: whether it holds its lease, on every server where it is known. A dead one is rescued by its peers.
        queues: those of which it may hold jobs.
        in_progress: how many it holds of each queue: jobs that run, and those fetched ahead.
        heartbeat_age_seconds: since it told last of itself, by Redis' clock; None where it doesn't (`presence`).
        is_quiet: whether it fetches no jobs; None where it doesn't tell.
        program: whose node it is, told by its lease; None where it holds none.
    """

    node_id: str
    is_alive: bool
    queues: tuple[str, ...]
    in_progress: Mapping[str, int]
    heartbeat_age_seconds: float | None
    is_quiet: bool | None
    program: Literal["verk_actors", "verk"] | None = None


@attrs.frozen
class RescuedNode:
    """What has become of the jobs of a dead node.

    Attributes:
        requeued: they are in their queues, to run first.
        buried: they are in the dead set, since they have been recovered too often.
        left: they are in progress still: the node has come to life, or Redis refused.
    """

    requeued: int
    buried: int
    left: int


class AllNodes:
    """The nodes of all servers.

    Args:
        servers: where they are.
        keys: of the namespace.
        limits: what a burial keeps to.
        clock: returns unix seconds.
        monotonic: returns seconds that never jump.
    """

    def __init__(
        self,
        servers: Sequence[Commands],
        keys: Keys,
        limits: Limits,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        self._servers = servers
        self._keys = keys
        self._limits = limits
        self._clock = clock
        self._monotonic = monotonic

    def ids(self) -> list[str]:
        """Returns the ids of all nodes that live or may hold jobs, in order. SMEMBERS."""
        return sorted({node_id for server in self._servers for node_id in Nodes(server, self._keys).members()})

    def statuses(self) -> list[NodeStatus]:
        """Returns all of them, in the order of their ids; as `status`, for each."""
        return [self.status(node_id) for node_id in self.ids()]

    def status(self, node_id: str) -> NodeStatus:
        """Returns one of them. PTTL, SMEMBERS, HMGET, TIME, and LLEN for each queue.

        Raises:
            NodeNotFound: there is none of this id.
        """
        servers = self._servers_of(node_id)
        in_progress: Counter[str] = Counter()
        for server in servers:
            for queue in Nodes(server, self._keys).queues(node_id):
                in_progress[queue] += int(server.call("LLEN", self._keys.in_progress(queue, node_id)))
        told = [self._told(server, node_id) for server in servers]
        holders = [Nodes(server, self._keys).holder(node_id) for server in servers]
        ages = [age for age, _ in told if age is not None]
        quiet = [is_quiet for _, is_quiet in told if is_quiet is not None]
        return NodeStatus(
            node_id=node_id,
            is_alive=None not in holders,
            queues=tuple(sorted(in_progress)),
            in_progress=in_progress,
            heartbeat_age_seconds=max(ages, default=None),
            is_quiet=all(quiet) if quiet else None,
            program=next(("verk" if one == OF_VERK else "verk_actors" for one in holders if one is not None), None),
        )

    def processes(self) -> list[ProcessStatus]:
        """Returns what nodes have told of themselves within the last minute, those of Sidekiq and Exq too.

        One that tells on several servers is told of once for each, with what it does there. SMEMBERS, TIME, HMGET.
        """
        return Processes(self._servers, self._keys).statuses()

    def quiet(self, node_id: str) -> None:
        """Has a node fetch no more jobs; it does so within five seconds. `ResumeQueue` on the node undoes it.

        A process of Sidekiq or Exq does so too, named by its identity; what ends that is its own affair.

        EXISTS, LPUSH, EXPIRE. Raises:
            NodeNotFound: there is none of this id.
            NodeTakesNoSignals: it tells nothing of itself (`presence`), and would not see it.
        """
        self._signal(node_id, "TSTP")

    def stop(self, node_id: str) -> None:
        """Has a node drain and stop; it begins within five seconds. As `quiet` otherwise."""
        self._signal(node_id, "TERM")

    def rescue(self, node_id: str) -> RescuedNode:
        """Gives the jobs of a dead node back to their queues, to run first; one that lives is left alone.

        Its peers do this by themselves within a heartbeat or two; here is what to do where none is left. When Redis has
        just come back without its latest data, leases are gone though every node lives: wait for a heartbeat, or jobs
        run twice. Safe to repeat.

        Raises:
            NodeNotFound: there is none of this id.
        """
        requeued = buried = left = 0
        for server in self._servers_of(node_id):
            nodes = Nodes(server, self._keys)
            queues = nodes.queues(node_id)
            for queue in queues:
                done = self._rescue_queue(server, node_id, queue)
                requeued, buried, left = requeued + done.requeued, buried + done.buried, left + done.left
            if not queues:
                nodes.deregister(node_id, None)
        return RescuedNode(requeued, buried, left)

    def ask(self, question: str, *, only: Collection[str] | None = None, seconds: float = 3.0) -> NodeAnswers:
        """Asks living nodes of ours, each once; returns what each has answered, as JSON, for tools that show it.

        Questions are `tree`, for the supervision tree, and `supervision`, for that and the latest restarts in it. A
        node answers within milliseconds; one that hangs is waited for. SMEMBERS, GET for each, LPUSH, EXPIRE, BLPOP.

        Args:
            question: what is asked.
            only: the ids of those to ask; all unless given.
            seconds: how long to wait, on each server.
        """
        given: dict[str, bytes] = {}
        missing: list[str] = []
        for server in self._servers:
            ours = [
                one for one in Nodes(server, self._keys).ours() if one not in given and (only is None or one in only)
            ]
            answers = Requests(server, self._keys).ask_all(ours, question, seconds, self._monotonic)
            given |= answers.given
            missing += answers.missing
        return NodeAnswers(given, tuple(sorted(set(missing) - set(given))))

    def _rescue_queue(self, server: Commands, node_id: str, queue: str) -> RescuedNode:
        requeued = buried = 0
        most, reason = self._limits.max_recoveries, poison_reason(self._limits.max_recoveries)
        while True:
            rescued = Nodes(server, self._keys).rescue(node_id, queue, max_recoveries=most)
            requeued += rescued.moved
            if rescued.poison:
                now = self._clock()
                settlements = [
                    burial_of(payload, queue, reason, now, self._keys).settlement for payload in rescued.poison
                ]
                in_progress = InProgress(server, self._keys, queue, node_id, self._limits)
                done = in_progress.exchange("", settlements, 0, now)
                if done.refusal is not None:
                    raise done.refusal
                buried += done.settled.count(True)
            if rescued.alive or not rescued.left:
                left = int(server.call("LLEN", self._keys.in_progress(queue, node_id))) if rescued.alive else 0
                return RescuedNode(requeued, buried, left)

    def _signal(self, node_id: str, signal: str) -> None:
        others = [one for one in self._servers if one.call("SISMEMBER", self._keys.processes, node_id)]
        identity = node_id if others else identity_of(node_id)
        process, key = self._keys.process(identity), self._keys.signals(identity)
        server = next((one for one in others or self._servers_of(node_id) if one.call("EXISTS", process)), None)
        if server is None:
            raise NodeTakesNoSignals(node_id)
        server.call("LPUSH", key, signal)
        server.call("EXPIRE", key, _KEPT_SECONDS)

    def _servers_of(self, node_id: str) -> Sequence[Commands]:
        servers = [one for one in self._servers if one.call("SISMEMBER", self._keys.nodes, node_id)]
        if not servers:
            raise NodeNotFound(node_id)
        return servers

    def _told(self, server: Commands, node_id: str) -> tuple[float | None, bool | None]:
        """Return how long ago a node told of itself on one server, and whether it is quiet."""
        beat, quiet = server.call("HMGET", self._keys.process(identity_of(node_id)), "beat", "quiet")
        if beat is None:
            return None, None
        return max(0.0, server_time(server) - float(beat)), quiet == b"true"
