"""What may be wrong with nodes, and with what they should do."""

from __future__ import annotations

from collections.abc import Iterator

from verk_actors.cli.amounts import age, counted
from verk_actors.cli.doctor.finding import Finding, Patient, word
from verk_actors.errors import loggable
from verk_actors.store.commands import Commands, server_time
from verk_actors.store.nodes import Nodes
from verk_actors.store.replies import name_of

_LATE_SECONDS = 60.0  # a node looks every five seconds
_KEYS_PER_STEP, _MOST_STEPS = 1000, 200  # of a server that has more than jobs, not all keys are looked at


def dead_nodes(patient: Patient) -> Iterator[Finding]:
    """No node has died with jobs that nobody has rescued."""
    for node in patient.client.nodes.statuses():
        held = sum(node.in_progress.values())
        if not node.is_alive:
            yield Finding(
                "problem" if held else "warning",
                f"node {loggable(node.node_id)} is dead and holds {counted(held, 'job')}",
                f"start a node, which rescues them; or: verk nodes rescue {word(node.node_id)}",
            )


def orphans(patient: Patient) -> Iterator[Finding]:
    """No jobs are in progress under the name of a node that nobody knows."""
    for server in patient.servers.values():
        known = set(Nodes(server, patient.keys).members())
        for key in _in_progress(patient, server):
            queue, _, node_id = key.removeprefix(_prefix(patient)).rpartition(":")
            if node_id and node_id not in known:
                count = int(server.call("LLEN", key))
                yield Finding(
                    "problem",
                    f"{counted(count, 'job')} of queue {loggable(queue)} are in progress on {loggable(node_id)}, "
                    "which is not among the nodes",
                    f"have it known, so that it is rescued: verk redis cli SADD {patient.keys.nodes} {word(node_id)}, "
                    f"verk redis cli SADD {word(patient.keys.node_queues(node_id))} {word(queue)}, "
                    f"verk nodes rescue {word(node_id)}",
                )


def queues(patient: Patient) -> Iterator[Finding]:
    """Each queue with jobs has a node that works it."""
    worked = {queue for node in patient.client.nodes.statuses() if node.is_alive for queue in node.queues}
    worked |= {queue for process in patient.client.nodes.processes() for queue in process.queues}
    for name, jobs in patient.queues.items():
        if jobs and name not in worked:
            count = patient.client.queue(name).count()
            yield Finding(
                "problem",
                f"{counted(count, 'job')} wait in queue {loggable(name)}, which no living node works",
                f"start one: verk run -q {word(name)}:25 -r MODULE",
            )


def paused(patient: Patient) -> Iterator[Finding]:
    """No queue with jobs is paused."""
    for name in patient.client.paused_queue_names():
        if count := patient.client.queue(name).count():
            yield Finding(
                "warning",
                f"queue {loggable(name)} is paused for all nodes, and {counted(count, 'job')} wait in it",
                f"when it is to go on: verk queues resume {word(name)}",
            )


def overdue(patient: Patient) -> Iterator[Finding]:
    """Jobs come to their queues when they are due."""
    now = max(map(server_time, patient.servers.values()))
    for name, jobs in (("retry", patient.client.retries), ("scheduled", patient.client.scheduled)):
        for _, due_at in jobs.range_with_score(0, 0):
            if now - due_at > _LATE_SECONDS:
                yield Finding(
                    "problem",
                    f"a job in {name} has been due for {age(now - due_at)} and is still there: no node moves it",
                    "start a node, of whatever queues; where one runs, its log says what Redis refuses",
                )


def _prefix(patient: Patient) -> str:
    return patient.keys.in_progress("", "").removesuffix(":")


def _in_progress(patient: Patient, server: Commands) -> Iterator[str]:
    cursor = b"0"
    for _ in range(_MOST_STEPS):
        cursor, page = server.call("SCAN", cursor, "MATCH", f"{_prefix(patient)}*", "COUNT", _KEYS_PER_STEP)
        yield from map(name_of, page)
        if cursor == b"0":
            return
