"""`verk queues`: what waits in each queue, and what people do to one."""

from __future__ import annotations

import click

from verk_actors.cli.amounts import counted
from verk_actors.cli.groups import ListFirst
from verk_actors.cli.options import as_json_line, client_of, confirm, json_option, redis_option, yes_option
from verk_actors.cli.tables import queues_table
from verk_actors.errors import loggable
from verk_actors.figures.queues import read_queues


@click.group("queues", cls=ListFirst)
def command() -> None:
    """List queues; pause, resume or clear one.

    Without a command, they are listed.
    """


@command.command("list")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@redis_option
@json_option
def list_(names: tuple[str, ...], redis_url: str | None, as_json: bool) -> None:
    """List queues, all unless some are named: what waits, for how long, and what has run."""
    with client_of(redis_url) as client:
        found = read_queues(client, names or client.queue_names())
    click.echo(as_json_line(found) if as_json else queues_table(found))


@command.command("pause")
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@redis_option
def pause(names: tuple[str, ...], redis_url: str | None) -> None:
    """Have no node fetch from these queues, until they are resumed. Jobs that run may end."""
    with client_of(redis_url) as client:
        for name in names:
            _say(name, "paused" if client.queue(name).pause() else "was paused already")


@command.command("resume")
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@redis_option
def resume(names: tuple[str, ...], redis_url: str | None) -> None:
    """Have nodes fetch from these queues again."""
    with client_of(redis_url) as client:
        for name in names:
            _say(name, "resumed" if client.queue(name).resume() else "was not paused")


@command.command("clear")
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@yes_option
@redis_option
def clear(names: tuple[str, ...], yes: bool, redis_url: str | None) -> None:
    """Delete all jobs that wait in these queues, and forget the queues until they get one. Jobs that run may end."""
    with client_of(redis_url) as client:
        for name in names:
            queue = client.queue(name)
            count = queue.count()
            if count:
                confirm(f"Delete {counted(count, 'job')} in {loggable(name)}?", yes)
            queue.clear()
            _say(name, f"cleared of {counted(count, 'job')}" if count else "was empty")


@command.command("size")
@click.argument("name")
@redis_option
def size(name: str, redis_url: str | None) -> None:
    """Print how many jobs wait in a queue."""
    with client_of(redis_url) as client:
        click.echo(client.queue(name).count())


@command.command("latency")
@click.argument("name")
@redis_option
def latency(name: str, redis_url: str | None) -> None:
    """Print for how many seconds the job has waited that runs next; 0 where none waits."""
    with client_of(redis_url) as client:
        click.echo(f"{client.queue(name).latency_seconds():.3f}")


def _say(name: str, what: str) -> None:
    click.echo(f"{loggable(name)} {what}")
