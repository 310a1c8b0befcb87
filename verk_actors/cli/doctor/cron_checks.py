"""What may be wrong with periodic jobs."""

from __future__ import annotations

from collections.abc import Iterator

from verk_actors.cli.amounts import age
from verk_actors.cli.doctor.finding import Finding, Patient, word
from verk_actors.errors import loggable
from verk_actors.store.cron_status import CronStatus
from verk_actors.wire.cron_schedule import PUNCTUAL_SECONDS, CronSchedule


def periodic(patient: Patient) -> Iterator[Finding]:
    """Each periodic job is enqueued when its time comes."""
    now = patient.clock()
    has_nodes = any(node.is_alive for node in patient.client.nodes.statuses())
    for status in patient.client.cron.list():
        name, last = loggable(status.name), status.last_slot_at
        again = f"verk cron remove {word(status.name)}, and add it again, unless nodes have it"
        if status.is_stale:
            yield Finding(
                "warning",
                f"no node has told for five minutes that it has the periodic job {name} in its configuration or code",
                f"start one that has it; or: verk cron remove {word(status.name)}",
            )
        elif status.is_paused or last is None:
            continue
        elif last > now + PUNCTUAL_SECONDS:
            ahead = age(last - now)
            yield Finding(
                "problem", f"the last time of the periodic job {name} is {ahead} ahead: so long it waits", again
            )
        elif (missed := _missed_at(status, last, now, has_nodes)) < now - PUNCTUAL_SECONDS:
            start = f"start a node: verk run -q {word(status.queue)}:25 -r MODULE"
            yield Finding(
                "problem",
                f"the periodic job {name} should have come {age(now - missed)} ago",
                "see what the nodes log of it" if has_nodes else start,
            )


def _missed_at(status: CronStatus, last: float, now: float, has_nodes: bool) -> float:
    """Return the first time that was not seen to; where there are nodes, that they would make up for."""
    window = 0.0 if status.catch_up == "none" else status.catch_up_window_seconds
    since = max(last, now - window) if has_nodes else last
    return next(CronSchedule(status.cron, timezone=status.timezone).after(since), float("inf"))
