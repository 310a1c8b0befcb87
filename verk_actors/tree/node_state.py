"""What outlives the actors that use it: the tables of one node.

Erlang keeps such tables in ETS, where Verk's die with the process that owns them; that is how Verk forgets pauses
and added queues when its Manager crashes, and runs jobs twice when a WorkersManager does. Here they belong to
the node. Each field says who writes it; everybody may read.
"""

from __future__ import annotations

from typing import Any

import attrs

from verk_actors.config import Config, QueueConfig
from verk_actors.messages import Backlog, Selector
from verk_actors.registry import Registry
from verk_actors.tree.running_jobs import RunningJobs
from verk_actors.wire.keys import Keys


@attrs.define(eq=False)
class QueueRow:
    """One queue of this node.

    Attributes:
        paused: what was asked for last; written by Manager.
        removing: written by Manager, never taken back.
        due: of a queue that is being removed: running jobs have had their time and go back; written by Manager.
        status: running, pausing or paused, as its WorkersManager has it.
        running_jobs: the running table, written by the queue's actors.
        finished, failed, fenced: counted by QueueStats.
    """

    config: QueueConfig
    paused: bool = False
    removing: bool = False
    due: bool = False
    status: str = "running"
    running_jobs: RunningJobs = attrs.Factory(RunningJobs)
    finished: int = 0
    failed: int = 0
    fenced: int = 0


@attrs.define(eq=False)
class Lease:
    """This process's hold on its node id; written by NodeManager.

    Attributes:
        token: names this process in Redis: host, pid, start and a nonce.
        held: whether jobs may be fetched.
        taken: whether it was ever held; what is in progress under the id is this process's own from then on.
    """

    token: str
    held: bool = False
    taken: bool = False


@attrs.define(eq=False)
class Listener:
    """A registered listener; written by EventProducer.

    Attributes:
        missed: events it was not told of, since it lagged too far behind.
        backlog: how far it is behind, where it is one of ours; others are judged by their inbox.
    """

    ref: Any
    selector: Selector | None
    missed: int = 0
    backlog: Backlog = attrs.Factory(Backlog)


@attrs.define(eq=False)
class NodeState:
    """The tables of one node, handed to each actor by its supervisor.

    Attributes:
        queues: written by Manager.
        manager: who writes them, or did last; written by Manager.
        listeners: by actor URN; written by EventProducer; JobLogger, which is there before it, enters itself.
        stopping: the node is on its way down: running jobs that do not end in time are handed back.
    """

    config: Config
    registry: Registry
    lease: Lease
    keys: Keys
    queues: dict[str, QueueRow] = attrs.Factory(dict)
    manager: Any = None
    listeners: dict[str, Listener] = attrs.Factory(dict)
    stopping: bool = False

    def connection_name(self, role: str) -> str:
        """Return what CLIENT LIST shows for the connection of that role."""
        return f"verk:{self.config.node_id}:{role}"
