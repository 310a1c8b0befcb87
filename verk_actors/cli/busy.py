"""`verk busy`: the jobs that run now, on any node."""

from __future__ import annotations

import click

from verk_actors.cli.options import as_json_line, client_of, json_option, redis_option
from verk_actors.cli.tables import runs_table


@click.command("busy")
@click.option("--queue", metavar="NAME", help="Only jobs of this queue.")
@click.option("--class", "class_", metavar="NAME", help="Only jobs of this class.")
@redis_option
@json_option
def command(queue: str | None, class_: str | None, redis_url: str | None, as_json: bool) -> None:
    """List the jobs that run now, those that have run for longest first, those of Sidekiq too.

    As each node has told it last, up to five seconds ago; with how far they are, where they say so.
    """
    with client_of(redis_url) as client:
        runs = [run for run in client.running() if queue in (None, run.queue) and class_ in (None, run.class_)]
    click.echo(as_json_line(runs) if as_json else runs_table(runs))
