"""Periodic jobs as people see them: what each is, when it comes next, and how the last went."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from verk_actors.errors import VerkError, shown
from verk_actors.store.cron import CronTable
from verk_actors.wire import cron_entry, cron_runs
from verk_actors.wire.cron_entry import CronEntry, CronSource, MalformedEntry
from verk_actors.wire.cron_runs import CronResult, CronRun
from verk_actors.wire.cron_schedule import CatchUp

STALE_SECONDS = 300.0  # nodes tell once a minute


class CronNotFound(VerkError):
    """Raised when there is no periodic job of that name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"there is no periodic job {shown(self.name)}"


@attrs.frozen(kw_only=True)
class CronStatus:
    """A periodic job. Times are unix seconds.

    Attributes:
        name: tells it from the others.
        class_, args, queue: what is enqueued, and where.
        cron: when it is due.
        timezone: in which time zone.
        explained: the same in English.
        catch_up, catch_up_window_seconds: what is made up for where no node ran.
        source: who says so: `config`, `code`, or `client` for what was added at run time.
        is_paused: whether its times pass by.
        is_stale: whether no node has told for five minutes that it has it in its configuration or code, so that nobody
            enqueues it.
        next_at: when it comes next; None while it is paused or stale.
        last_slot_at: the last of its times that was seen to, or from when on they count.
        last_run: the last job that was enqueued.
        last_result: how the last that ended did.
    """

    name: str
    class_: str
    args: list[Any] = attrs.field(repr=False)
    queue: str
    cron: str
    timezone: str
    explained: str
    catch_up: CatchUp
    catch_up_window_seconds: float
    source: CronSource
    is_paused: bool
    is_stale: bool
    next_at: float | None
    last_slot_at: float | None
    last_run: CronRun | None
    last_result: CronResult | None


def statuses_in(table: CronTable) -> list[CronStatus]:
    """Return all that can be read, by their names."""
    return [_status_of(entry, table) for entry in _entries_in(table)]


def _entries_in(table: CronTable) -> Iterator[CronEntry]:
    for name, definition in sorted(table.definitions.items()):
        try:
            yield cron_entry.read(name, definition)
        except MalformedEntry:  # nodes log it
            continue


def _status_of(entry: CronEntry, table: CronTable) -> CronStatus:
    name, schedule = entry.name, entry.schedule
    is_stale = entry.source != "client" and table.now - table.told.get(name, 0.0) > STALE_SECONDS
    is_paused, last = name in table.paused, table.slots.get(name)
    waits = not is_paused and not is_stale
    return CronStatus(
        name=name,
        class_=entry.job.class_,
        args=entry.job.args,
        queue=entry.queue,
        cron=schedule.cron,
        timezone=schedule.timezone,
        explained=schedule.explained(),
        catch_up=schedule.catch_up,
        catch_up_window_seconds=schedule.catch_up_window_seconds,
        source=entry.source,
        is_paused=is_paused,
        is_stale=is_stale,
        next_at=next(schedule.after(max(table.now, last or 0.0)), None) if waits else None,
        last_slot_at=last,
        last_run=cron_runs.run_in(table.runs.get(name)),
        last_result=cron_runs.result_in(table.results.get(name)),
    )
