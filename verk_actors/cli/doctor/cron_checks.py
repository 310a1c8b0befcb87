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
        elif (missed := _missed_at(status, last)) < now - PUNCTUAL_SECONDS:
            yield Finding(
                "problem",
                f"the periodic job {name} should have come {age(now - missed)} ago",
                f"start a node: verk run -q {word(status.queue)}:25 -r MODULE",
            )


def _missed_at(status: CronStatus, last: float) -> float:
    """Return the time behind the last one that was seen to."""
    return next(CronSchedule(status.cron, timezone=status.timezone).after(last), float("inf"))
