"""What is done to periodic jobs in Redis, each thing once: for those who look at how Redis is asked."""

from __future__ import annotations

from verk_actors.store.commands import Commands
from verk_actors.store.cron import CronEntries
from verk_actors.store.entries import Entry, Lock
from verk_actors.wire.cron_entry import CronEntry
from verk_actors.wire.cron_schedule import CronSchedule
from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys


def enter_enqueue_and_remove(commands: Commands, keys: Keys) -> None:
    """Enter a periodic job, have it enqueued for a time, and remove it."""
    entries = CronEntries(commands, keys)
    assert entries.put(CronEntry("e", Job(class_="Good", args=[]), CronSchedule("@daily")), instead_of=None)
    assert entries.pause("e")
    assert entries.resume("e")
    job = Entry("q", "1", b"{}", locks=[Lock(keys.unique("e"), 60.0)])
    assert entries.claim("e", entries.look(["e"]).now + 1, job, 0.0).status == "OK"
    assert entries.remove("e")
