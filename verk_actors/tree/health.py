"""Whether a node is alive, and whether it is ready; read off its tables.

Alive is what a restart could mend: the root answers, and NodeManager sets out to renew the lease. That Redis answers it
is no part of that, or an outage would have every node restarted. Ready is to fetch jobs: what a rollout waits for.
"""

from __future__ import annotations

from collections.abc import Iterator

from verk_actors.otp import Ref
from verk_actors.tree.node_state import NodeState

_SHORTEST_SECONDS = 60.0  # a root that restarts an actor waits for it, and that for a Redis which hangs
_LEASES = 3


def why_not_alive(node: NodeState, silent_seconds: float, now: float) -> Iterator[str]:
    """Yield what is wrong with the life of a node.

    Args:
        node: its tables.
        silent_seconds: for how long its root has not answered.
        now: monotonic seconds.
    """
    patience = max(_SHORTEST_SECONDS, _LEASES * node.config.lease_seconds)
    if silent_seconds > patience:
        yield f"the supervisor has not answered for {silent_seconds:.0f} s"
    beat_at = node.own_server.lease.beat_at
    if now - beat_at > patience:
        yield f"the heart has not beaten for {now - beat_at:.0f} s"


def why_not_ready(node: NodeState, manager_supervisor: Ref | None, now: float) -> Iterator[str]:
    """Yield why a node fetches no jobs, or not those of all queues.

    A queue that somebody has paused is as it should be. A node that was told to fetch of none is not ready.
    """
    if node.stopping:
        yield "it stops"
        return
    for server in tuple(node.servers.values()):
        lease = server.lease
        if not lease.held or now > lease.ends_at:
            yield f"{server.url} has not answered its heartbeat for a lease"
    rows = tuple(node.queues.values())
    if rows and all(row.paused for row in rows):
        yield "it was told to fetch no more jobs"
    if manager_supervisor is None:
        yield "its queues are being started"
        return
    for row in manager_supervisor.children:
        if row.state == "restarting":
            yield f"{row.id} has failed, and will be started again"
