"""`verk top`: queues, jobs, sets, nodes and trees on the terminal, live, with what can be done about them."""

from __future__ import annotations

import click

from verk_actors.cli.options import client_of, redis_option
from verk_actors.extras import extra_missing


@click.command("top")
@click.option("--interval", metavar="SECONDS", type=click.FloatRange(min=0.1), default=1.0, help="Default: 1.")
@redis_option
def command(interval: float, redis_url: str | None) -> None:
    """Watch queues, running jobs, sets, nodes and their trees, and do something about them.

    The keys are at the bottom of the screen. What can't be undone asks first. Needs pip install 'verk-actors[tui]'.
    """
    try:
        from verk_actors.cli.top.screen import Top
    except ModuleNotFoundError as error:
        raise extra_missing("tui", error) from error
    with client_of(redis_url) as client:
        Top(client, interval).run()
