"""What a node says of itself, read from its tables without asking any actor."""

from __future__ import annotations

from collections.abc import Container

from verk_actors.otp import Ref
from verk_actors.status import ListenerStatus, QueueStatus, SystemStatus
from verk_actors.tree import names
from verk_actors.tree.node_state import NodeState, QueueRow


def status_of(node: NodeState, process: Ref) -> SystemStatus:
    """Return the status of a node; `process` is any of its processes, by which the others are found."""
    supervisor = process.whereis(names.MANAGER_SUPERVISOR)
    rows = supervisor.children if supervisor is not None else ()
    failed = {row.id for row in rows if row.state == "restarting"}
    listeners = tuple(node.listeners.values())
    return SystemStatus(
        node_id=node.config.node_id,
        connected=all(server.lease.held for server in tuple(node.servers.values())),
        queues={queue: _queue_status(node, queue, row, failed) for queue, row in tuple(node.queues.items())},
        listeners=tuple(ListenerStatus(listener=str(one.ref), missed=one.missed) for one in listeners),
        dashboard_url=node.dashboard_url,
        abandoned=tuple(process.runtime.abandoned()),
        classes=node.tallies.by_class(),
    )


def _queue_status(node: NodeState, queue: str, row: QueueRow, failed: Container[object]) -> QueueStatus:
    running, status = len(row.running_jobs.running()), node.status_of(queue, row)
    if row.pool in failed:
        status = "failed"
    elif status == "running" and not running:
        status = "idle"
    return QueueStatus(
        size=row.config.size,
        group=row.group,
        status=status,
        running=running,
        finished=row.finished,
        failed=row.failed,
        fenced=row.fenced,
        paused_everywhere=queue in row.server.paused,
        classes=node.tallies.of_queue(queue),
    )
