"""`verk busy`: the jobs that run now, on any node."""

from __future__ import annotations

import click

from verk_actors.cli.amounts import age
from verk_actors.cli.options import as_json_line, client_of, json_option, redis_option
from verk_actors.cli.table import lay_out
from verk_actors.errors import loggable
from verk_actors.job_run import JobRun

_HEADINGS = ("JID", "CLASS", "QUEUE", "NODE", "RUNS FOR", "PROGRESS")
_LONGEST_PROGRESS = 60  # letters


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
    if as_json:
        click.echo(as_json_line(runs))
    elif runs:
        click.echo(lay_out(_HEADINGS, [_row(run) for run in runs]))
    else:
        click.echo("no job runs")


def _row(run: JobRun) -> tuple[str, ...]:
    progress = "" if run.progress is None else loggable(str(run.progress), _LONGEST_PROGRESS)
    return (*map(loggable, (run.jid, run.class_, run.queue, run.node)), age(run.elapsed_seconds), progress)
