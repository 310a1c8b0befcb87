"""`verk limits`: who waits for them, who holds them; a new beginning."""

from __future__ import annotations

from collections.abc import Iterable

import click

from verk_actors.cli.amounts import age, counted
from verk_actors.cli.groups import ListFirst
from verk_actors.cli.options import as_json_line, client_of, confirm, json_option, redis_option, yes_option
from verk_actors.cli.table import lay_out
from verk_actors.errors import loggable
from verk_actors.otp.clock import SystemClock
from verk_actors.store.all_limits import LimitStatus

_HEADINGS = ("LIMIT", "SAYS", "WAITING", "FOR", "HELD", "NEXT START")

id_argument = click.argument("id", metavar="NAME[:VALUE]")


@click.group("limits", cls=ListFirst)
def command() -> None:
    """List the limits, and who waits for them; begin one anew.

    Without a command, they are listed. The jobs that wait: verk jobs list limit:NAME.
    """


@command.command("list")
@redis_option
@json_option
def list_(redis_url: str | None, as_json: bool) -> None:
    """List the limits of all nodes, and each value of an argument that jobs wait for: how many wait, and hold it."""
    with client_of(redis_url) as client:
        found = client.limits.list()
    click.echo(as_json_line(found) if as_json else _table(found, SystemClock.time()))


@command.command("show")
@id_argument
@redis_option
@json_option
def show(id: str, redis_url: str | None, as_json: bool) -> None:
    """Show one limit, and which jobs hold it on which node."""
    with client_of(redis_url) as client:
        found = client.limits.get(id)
    if as_json:
        click.echo(as_json_line(found))
        return
    holders = [f"  {loggable(jid)} on {loggable(node)}" for jid, node in found.holders.items()]
    click.echo("\n".join([_table([found], SystemClock.time()), *holders]))


@command.command("reset")
@id_argument
@yes_option
@redis_option
def reset(id: str, yes: bool, redis_url: str | None) -> None:
    """Begin a limit anew, as if no job held it and none had started. Jobs that run go on, and count no more."""
    with client_of(redis_url) as client:
        held = client.limits.get(id).held
        confirm(f"Forget that {counted(held, 'job')} hold {loggable(id)}, and when the last one started?", yes)
        client.limits.reset(id)
    click.echo(f"{loggable(id)} begins anew")


def _table(limits: Iterable[LimitStatus], now: float) -> str:
    rows = [
        (
            loggable(one.id),
            "no node tells" if one.limit is None else str(one.limit),
            one.waiting,
            "" if one.waiting_since is None else age(max(0.0, now - one.waiting_since)),
            one.held,
            "" if one.next_at is None else f"in {age(max(0.0, one.next_at - now))}",
        )
        for one in limits
    ]
    return lay_out(_HEADINGS, rows) if rows else "no limits"
