"""`verk jobs`: the jobs of a set or a queue, looked at and swept.

A PLACE is `retry`, `scheduled` or `dead`, the sets; or `queue:NAME`, what waits in a queue.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import click

from verk_actors.cli.amounts import counted
from verk_actors.cli.job_text import JobDetails, in_full, payload_text, table
from verk_actors.cli.options import as_json_line, client_of, confirm, json_option, redis_option, yes_option
from verk_actors.cli.places import Place, complete_place, place_name
from verk_actors.cli.sweeping import DELETE, KILL, RETRY, Choice, sweep
from verk_actors.errors import loggable
from verk_actors.otp.clock import SystemClock
from verk_actors.store.job_filter import JobFilter

Command = TypeVar("Command", bound=Callable[..., Any])

_place = click.argument("place", metavar="PLACE", callback=place_name, shell_complete=complete_place)


def _filters(command: Command) -> Command:
    """Add the options that choose jobs by what is in them."""
    for name, says in (
        ("text", "With this somewhere in the payload, arguments included."),
        ("error", "With this in the class or message of the error."),
        ("queue", "Of this queue."),
        ("class", "Of this class."),
    ):
        command = click.option(f"--{name}", f"{name}_" if name == "class" else name, metavar="TEXT", help=says)(command)
    return command


def _choosing(command: Callable[..., None]) -> Callable[..., None]:
    """Add what says which jobs are meant; the command gets it as one `choice`."""

    @_place
    @click.argument("jids", metavar="[JID]...", nargs=-1)
    @_filters
    @click.option("--all", "takes_all", is_flag=True, help="All jobs of the place.")
    @wraps(command)
    def choosing(place: str, jids: tuple[str, ...], takes_all: bool, **others: Any) -> None:
        where = JobFilter(**{field: others.pop(field) for field in ("class_", "queue", "error", "text")})
        command(choice=Choice(place=place, jids=jids, where=where, takes_all=takes_all), **others)

    return choosing


@click.group("jobs")
def command() -> None:
    """List the jobs of a queue or a set; show, retry, delete, kill or cancel some.

    A PLACE is one of the sets, retry, scheduled and dead, or a queue, as queue:NAME.
    """


@command.command("list")
@_place
@_filters
@click.option("--limit", type=click.IntRange(1), default=25, show_default=True, help="Show so many at most.")
@redis_option
@json_option
def list_(place: str, limit: int, redis_url: str | None, as_json: bool, **fields: str | None) -> None:
    """List jobs: those that are due first, have died last, or run next."""
    with client_of(redis_url) as client:
        chosen = Place.named(client, place)
        found = [JobDetails.of(place, entry) for entry in chosen.first(limit, JobFilter(**fields))]
        count = chosen.count()
    if as_json:
        click.echo(as_json_line(found))
        return
    click.echo(table(found, SystemClock.time()) if found else "no job fits" if count else f"no jobs in {place}")
    if count > len(found) > 0:
        more = "; --limit shows more" if len(found) == limit else " fit"
        click.echo(f"{len(found):,} of {counted(count, 'job')}{more}")


@command.command("show")
@click.argument("jid")
@click.option("--raw", is_flag=True, help="Print the exact text that is in Redis, and nothing else.")
@redis_option
@json_option
def show(jid: str, raw: bool, redis_url: str | None, as_json: bool) -> None:
    """Show all that is known of a job that waits, is dead or runs, wherever it is."""
    with client_of(redis_url) as client:
        for place in Place.all(client):
            if (entry := place.find(jid)) is not None:
                found = JobDetails.of(place.name, entry)
                click.echo(payload_text(entry[0]) if raw else _shown(found, as_json))
                return
        for run in client.running():
            if run.jid == jid and not raw:
                click.echo(_shown(JobDetails.of_run(run), as_json))
                return
    raise click.ClickException(f"no job {loggable(jid)} waits, is dead{'' if raw else ' or runs'}")


@command.command("retry")
@_choosing
@redis_option
def retry(choice: Choice, redis_url: str | None) -> None:
    """Move jobs to their queues, to run when it is their turn: some, those that fit, or all."""
    sweep(RETRY, choice, yes=True, redis_url=redis_url)


@command.command("delete")
@_choosing
@yes_option
@redis_option
def delete(choice: Choice, yes: bool, redis_url: str | None) -> None:
    """Delete jobs: some, those that fit, or all."""
    sweep(DELETE, choice, yes=yes, redis_url=redis_url)


@command.command("kill")
@_choosing
@yes_option
@redis_option
def kill(choice: Choice, yes: bool, redis_url: str | None) -> None:
    """Move jobs of retry or scheduled to dead, where they stay: some, those that fit, or all."""
    sweep(KILL, choice, yes=yes, redis_url=redis_url)


@command.command("clear")
@_place
@yes_option
@redis_option
def clear(place: str, yes: bool, redis_url: str | None) -> None:
    """Delete all jobs of a place in one step. Locks of unique jobs stay until they run out."""
    with client_of(redis_url) as client:
        chosen = Place.named(client, place)
        count = chosen.count()
        if count:
            confirm(f"Delete {counted(count, 'job')} in {place}?", yes)
        chosen.clear()
    click.echo(f"deleted {counted(count, 'job')}")


@command.command("cancel")
@click.argument("jid")
@yes_option
@redis_option
def cancel(jid: str, yes: bool, redis_url: str | None) -> None:
    """Have a job not run, or not go on, wherever it is: it ends in dead, marked as cancelled."""
    with client_of(redis_url) as client:
        confirm(f"Cancel job {loggable(jid)}?", yes)
        found = client.cancel(jid)
    if found is None:
        raise click.ClickException(f"no job {loggable(jid)} waits or runs")
    if found.where == "running":
        click.echo(f"asked to end, on node {loggable(str(found.node))}")
    else:
        click.echo(f"cancelled, in {found.where}")


def _shown(job: JobDetails, as_json: bool) -> str:
    return as_json_line(job) if as_json else in_full(job, SystemClock.time())
