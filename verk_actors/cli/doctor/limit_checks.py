"""What may be wrong with limits."""

from __future__ import annotations

from collections.abc import Iterator

from verk_actors.cli.amounts import age, counted
from verk_actors.cli.doctor.finding import Finding, Patient, word
from verk_actors.errors import loggable
from verk_actors.store.commands import server_time

_LATE_SECONDS = 1800.0  # nodes tell of their limits every ten minutes


def limits(patient: Patient) -> Iterator[Finding]:
    """Each limit that jobs wait for has nodes that know it, and is held by none that are gone."""
    now = max(map(server_time, patient.servers.values()))
    alive = {node.node_id for node in patient.client.nodes.statuses() if node.is_alive}
    for one in patient.client.limits.list():
        if not one.waiting:
            continue
        waiting = f"{counted(one.waiting, 'job')} wait for limit {loggable(one.id)}"
        if one.told_at is None or now - one.told_at > _LATE_SECONDS:
            told = "no node tells of it" if one.told_at is None else f"none told of it for {age(now - one.told_at)}"
            yield Finding("problem", f"{waiting}: {told}", "start a node: it calls those that wait after a minute")
        gone = [node for node in one.holders.values() if node not in alive]
        if gone:
            yield Finding(
                "warning",
                f"{waiting}, which {counted(len(gone), 'job')} of nodes hold that are gone",
                f"a node that lives frees them before long; or: verk limits reset {word(one.id)}",
            )
