"""`verk cron`: the periodic jobs, when they come and how they went; what people do about one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import click

from verk_actors.cli.amounts import distance
from verk_actors.cli.enqueue import arguments_argument
from verk_actors.cli.groups import ListFirst
from verk_actors.cli.modules import import_all, modules_option
from verk_actors.cli.options import as_json_line, client_of, confirm, json_option, redis_option, yes_option
from verk_actors.cli.table import lay_out
from verk_actors.errors import loggable
from verk_actors.jobs.cron_entries import entries_of
from verk_actors.jobs.registry import registry
from verk_actors.otp.clock import SystemClock
from verk_actors.settings.config import Config
from verk_actors.store.cron_status import CronNotFound, CronStatus
from verk_actors.wire.cron_entry import CronEntry
from verk_actors.wire.cron_schedule import CatchUp, CronSchedule, InvalidCron
from verk_actors.wire.job import Job

_HEADINGS = ("NAME", "WHEN", "CLASS", "QUEUE", "NEXT", "LAST", "RESULT")

names_argument = click.argument("names", metavar="NAME...", nargs=-1, required=True)
timezone_option = click.option("--timezone", metavar="ZONE", default="UTC", help="As Europe/Berlin. Default: UTC.")
count_option = click.option("-n", "--count", type=click.IntRange(1, 1000), default=5, help="How many. Default: 5.")


@click.group("cron", cls=ListFirst)
def command() -> None:
    """List the periodic jobs; add, remove, pause, resume or run one; check an expression.

    Without a command, they are listed.
    """


@command.command("list")
@redis_option
@json_option
def list_(redis_url: str | None, as_json: bool) -> None:
    """List the periodic jobs: when each comes, came last, and how that went."""
    with client_of(redis_url) as client:
        found = client.cron.list()
    click.echo(as_json_line(found) if as_json else _table(found, SystemClock.time()))


@command.command("next")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@count_option
@redis_option
@json_option
def next_(names: tuple[str, ...], count: int, redis_url: str | None, as_json: bool) -> None:
    """Print when periodic jobs come next, all unless some are named; paused ones too."""
    with client_of(redis_url) as client:
        wanted = names or tuple(status.name for status in client.cron.list())
        times = {name: client.cron.next(name, count) for name in wanted}
    if as_json:
        click.echo(as_json_line(times))
        return
    for name, found in times.items():
        click.echo("\n  ".join((loggable(name), *map(str, found))))


@command.command("run")
@click.argument("name")
@redis_option
def run(name: str, redis_url: str | None) -> None:
    """Enqueue the job of a periodic job now, beside its times, paused or not; print its jid."""
    with client_of(redis_url) as client:
        click.echo(client.cron.run_now(name))


@command.command("pause")
@names_argument
@redis_option
def pause(names: tuple[str, ...], redis_url: str | None) -> None:
    """Have the times of these pass by until they are resumed."""
    with client_of(redis_url) as client:
        for name in names:
            _say(name, client.cron.pause(name), "paused")


@command.command("resume")
@names_argument
@redis_option
def resume(names: tuple[str, ...], redis_url: str | None) -> None:
    """Have these be enqueued again when their times come; those that passed are not made up for."""
    with client_of(redis_url) as client:
        for name in names:
            _say(name, client.cron.resume(name), "resumed")


@command.command("add")
@click.argument("name")
@click.argument("class_", metavar="CLASS")
@arguments_argument
@click.option("--cron", metavar="EXPRESSION", required=True, help="When, as '*/5 * * * *' or @daily.")
@timezone_option
@click.option("--queue", metavar="QUEUE", help="Default: default.")
@click.option("--catch-up", type=click.Choice(["none", "last", "all"]), default="last", help="What is made up for.")
@redis_option
def add(
    *,
    name: str,
    class_: str,
    arguments: list[Any],
    cron: str,
    timezone: str,
    queue: str | None,
    catch_up: CatchUp,
    redis_url: str | None,
) -> None:
    """Have a job of CLASS with the arguments of a JSON list be enqueued at set times, by any node.

    For example: verk cron add nightly Report '["all"]' --cron '0 3 * * *' --timezone Europe/Berlin
    """
    job = Job(class_=class_, args=arguments, queue=queue)
    with client_of(redis_url) as client:
        client.cron.add(name, job, cron, timezone=timezone, catch_up=catch_up)
        click.echo(f"{loggable(name)} comes next at {client.cron.next(name, 1)[0]}")


@command.command("remove")
@names_argument
@yes_option
@redis_option
def remove(names: tuple[str, ...], yes: bool, redis_url: str | None) -> None:
    """Forget these; those that nodes have in their configuration or code come back."""
    with client_of(redis_url) as client:
        for name in names:
            confirm(f"Forget {loggable(name)}?", yes)
            _say(name, client.cron.remove(name), "removed")


@command.command("check")
@click.argument("expression", required=False)
@timezone_option
@count_option
@modules_option
def check(expression: str | None, timezone: str, count: int, modules: tuple[str, ...]) -> None:
    """Tell what EXPRESSION means and when it comes; without one, check the settings and the modules named.

    Redis is not asked.
    """
    if expression is not None:
        try:
            schedule = CronSchedule(expression, timezone=timezone)
        except InvalidCron as error:
            raise click.UsageError(str(error)) from None
        click.echo("\n".join((schedule.explained(), *map(str, schedule.next(count, _now())))))
        return
    import_all(modules)
    entries = entries_of(Config.load(), registry)
    click.echo(_plan(entries.values()) if entries else "there are none in the settings, nor in the modules named by -r")


def _table(found: Sequence[CronStatus], now: float) -> str:
    return lay_out(_HEADINGS, [_row(status, now) for status in found])


def _row(status: CronStatus, now: float) -> tuple[str, ...]:
    result, run = status.last_result, status.last_run
    following = "paused" if status.is_paused else "no node has it" if status.is_stale else ""
    return (
        loggable(status.name),
        _when(status.cron, status.timezone),
        loggable(status.class_),
        loggable(status.queue),
        following if status.next_at is None else distance(status.next_at, now),
        "" if run is None else "kept out" if run.kept_out else distance(run.enqueued_at, now),
        "" if result is None else result.outcome,
    )


def _plan(entries: Iterable[CronEntry]) -> str:
    now = _now()
    rows = [
        (
            loggable(entry.name),
            _when(entry.schedule.cron, entry.schedule.timezone),
            loggable(entry.job.class_),
            loggable(entry.queue),
            entry.source,
            str(entry.schedule.next(1, now)[0]),
        )
        for entry in entries
    ]
    return lay_out(("NAME", "WHEN", "CLASS", "QUEUE", "FROM", "NEXT"), rows)


def _now() -> datetime:
    return datetime.fromtimestamp(SystemClock.time(), UTC)


def _when(cron: str, timezone: str) -> str:
    return loggable(cron if timezone == "UTC" else f"{cron} {timezone}")


def _say(name: str, found: bool, what: str) -> None:
    if not found:
        raise CronNotFound(name)
    click.echo(f"{loggable(name)} {what}")
