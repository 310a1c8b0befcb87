"""`verk stats`: what is in Redis, for all nodes."""

from __future__ import annotations

import os
import sys

import attrs
import click

from verk_actors.cli.options import as_json_line, client_of, json_option, redis_option
from verk_actors.cli.table import lay_out
from verk_actors.cli.tables import nodes_table, queues_table
from verk_actors.client import Client
from verk_actors.daemon.signals import ENDINGS, Signals
from verk_actors.errors import StoreUnavailable
from verk_actors.figures.nodes import NodeFigures, read_nodes
from verk_actors.figures.queues import QueueFigures, read_queues
from verk_actors.otp.clock import SystemClock

_HEADINGS = ("PROCESSED", "FAILED", "SCHEDULED", "RETRY", "DEAD")
_HOME, _TO_END_OF_LINE, _BELOW = "\x1b[H", "\x1b[K", "\x1b[J"
_SHORTEST_SECONDS = 0.1


@attrs.frozen(kw_only=True)
class Figures:
    """All that is counted: runs since the beginning, jobs in each set, each queue and each node."""

    processed: int
    failed: int
    scheduled: int
    retry: int
    dead: int
    queues: tuple[QueueFigures, ...]
    nodes: tuple[NodeFigures, ...]

    @classmethod
    def read(cls, client: Client) -> Figures:
        """Return all of it as it is now."""
        totals = client.counters.totals()
        return cls(
            processed=totals.processed,
            failed=totals.failed,
            scheduled=client.scheduled.count(),
            retry=client.retries.count(),
            dead=client.dead.count(),
            queues=read_queues(client, client.queue_names()),
            nodes=read_nodes(client),
        )


@click.command("stats")
@click.option(
    "--watch",
    "seconds",
    metavar="SECONDS",
    type=click.FloatRange(_SHORTEST_SECONDS),
    help="Show them again every so many seconds, with jobs per second, until Ctrl+C.",
)
@redis_option
@json_option
def command(seconds: float | None, redis_url: str | None, as_json: bool) -> None:
    """Show how many jobs wait, are scheduled, to be retried or dead, how many have run, and which nodes there are.

    With --watch and --json: one line of JSON each time.
    """
    with client_of(redis_url) as client:
        if seconds is None:
            found = Figures.read(client)
            click.echo(as_json_line(found) if as_json else _text(found))
        else:
            _watch(client, seconds, as_json)


def _watch(client: Client, seconds: float, as_json: bool) -> None:
    """Show the figures again and again; a signal ends it, in order."""
    on_screen = sys.stdout.isatty() and os.environ.get("TERM") != "dumb" and not as_json
    before: tuple[float, Figures] | None = None
    with Signals(*ENDINGS) as signals:
        while True:
            now = SystemClock.monotonic()
            try:
                found = Figures.read(client)
            except StoreUnavailable as error:  # whoever watches wants to see it come back
                before = None
                _show(f"{error}\n", on_screen=on_screen, is_error=True)
            else:
                text = as_json_line(found) if as_json else f"{_text(found)}\n\n{_rate(before, now, found)}\n"
                before = now, found
                _show(text, on_screen=on_screen)
            if signals.wait(seconds) is not None:
                return


def _show(text: str, *, on_screen: bool, is_error: bool = False) -> None:
    """Show a text below the one before or, on a screen, over it, so that nothing flickers."""
    if on_screen:
        lines = text.replace("\n", f"{_TO_END_OF_LINE}\n")
        click.echo(_HOME + lines + _BELOW, nl=False, color=True)
    else:
        click.echo(text, err=is_error)


def _rate(before: tuple[float, Figures] | None, now: float, found: Figures) -> str:
    if before is None:
        return "jobs per second: to come"
    then, figures_then = before
    return f"jobs per second: {(found.processed - figures_then.processed) / max(now - then, 1e-3):,.1f}"


def _text(found: Figures) -> str:
    total = (found.processed, found.failed, found.scheduled, found.retry, found.dead)
    return "\n\n".join((lay_out(_HEADINGS, [total]), queues_table(found.queues), nodes_table(found.nodes)))
