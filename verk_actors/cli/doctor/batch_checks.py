"""What may be wrong with batches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from verk_actors.cli.amounts import counted
from verk_actors.cli.doctor.finding import Finding, Patient, word
from verk_actors.errors import loggable
from verk_actors.store.batches import Batches
from verk_actors.store.commands import Commands, server_time
from verk_actors.store.lost_members import lost_members, places_of_jobs

_MOST_BATCHES = 100  # the last ones made
_MOST_JOBS = 100_000  # are looked through, in a second or so


def batches(patient: Patient) -> Iterator[Finding]:
    """No batch waits for jobs that are nowhere, and a node goes on with those whose members have ended."""
    for server in patient.servers.values():
        due = int(server.call("ZCOUNT", patient.keys.batches_due, "-inf", server_time(server)))
        if due and not any(node.is_alive for node in patient.client.nodes.statuses()):
            yield Finding(
                "problem",
                f"members of batches ({due:,}) have ended, and no node runs that goes on with them",
                "start a node, of whatever queues",
            )
        yield from _lost(patient, server)


def _lost(patient: Patient, server: Commands) -> Iterator[Finding]:
    found = Batches([server], patient.keys).range(0, _MOST_BATCHES - 1)
    waiting = [status.bid for status in found if status.pending]
    if not waiting:
        return
    lists, sets = places_of_jobs(server, patient.keys)
    sizes = server.call_many([*(("LLEN", key) for key in lists), *(("ZCARD", key) for key in sets)])
    if (jobs := sum(filter(None, sizes))) > _MOST_JOBS:
        yield Finding(
            "note",
            f"whether batches wait for jobs that are nowhere was not looked at among {jobs:,} jobs",
            f"look at one: verk batch settle {word(waiting[0])}",
        )
        return
    for bid, count in Counter(member.bid for member in lost_members(server, patient.keys, waiting)).items():
        yield Finding(
            "problem",
            f"batch {loggable(bid)} waits for {counted(count, 'job')} that are in no queue, no set and on no node: "
            "Sidekiq or Verk ran or deleted them, which tells no batch",
            f"have them counted as failed, or with --as succeeded: verk batch settle {word(bid)}",
        )
