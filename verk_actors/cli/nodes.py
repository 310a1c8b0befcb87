"""`verk nodes`: which nodes there are and what they hold; quiets, stops and rescues them."""

from __future__ import annotations

import click

from verk_actors.cli.amounts import counted
from verk_actors.cli.groups import ListFirst
from verk_actors.cli.options import as_json_line, client_of, confirm, json_option, redis_option, yes_option
from verk_actors.cli.tables import nodes_table
from verk_actors.client import Client
from verk_actors.errors import loggable
from verk_actors.figures.nodes import read_nodes

_ids = click.argument("ids", metavar="ID...", nargs=-1, required=True)


@click.group("nodes", cls=ListFirst)
def command() -> None:
    """List the nodes; quiet, stop or rescue one.

    Without a command, they are listed.
    """


@command.command("list")
@redis_option
@json_option
def list_(redis_url: str | None, as_json: bool) -> None:
    """List all nodes that live, or have died with jobs: when they told last of themselves, and what they hold.

    Those of Verk, Sidekiq and Exq too.
    """
    with client_of(redis_url) as client:
        found = read_nodes(client)
    click.echo(as_json_line(found) if as_json else nodes_table(found))


@command.command("quiet")
@_ids
@redis_option
def quiet(ids: tuple[str, ...], redis_url: str | None) -> None:
    """Have nodes fetch no more jobs; those that run may end. They do so within five seconds."""
    with client_of(redis_url) as client:
        for node_id in ids:
            client.nodes.quiet(node_id)
            _say(node_id, "is told to fetch no more jobs")


@command.command("stop")
@_ids
@yes_option
@redis_option
def stop(ids: tuple[str, ...], yes: bool, redis_url: str | None) -> None:
    """Have nodes drain and stop, as SIGTERM does. They begin within five seconds."""
    with client_of(redis_url) as client:
        confirm(f"Stop {', '.join(map(loggable, ids))}?", yes)
        for node_id in ids:
            client.nodes.stop(node_id)
            _say(node_id, "is told to stop")


@command.command("rescue")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@redis_option
def rescue(ids: tuple[str, ...], redis_url: str | None) -> None:
    """Give the jobs of dead nodes back to their queues, of all of them unless some are named.

    Living nodes do so by themselves within a heartbeat or two; this is for when none is left. A node that lives is
    left alone.
    """
    with client_of(redis_url) as client:
        chosen = ids or _dead(client)
        for node_id in chosen:
            done = client.nodes.rescue(node_id)
            _say(node_id, f"{counted(done.requeued, 'job')} given back, {done.buried:,} buried, {done.left:,} left")
    if not chosen:
        click.echo("no node is dead")


def _dead(client: Client) -> list[str]:
    return [node.node_id for node in client.nodes.statuses() if not node.is_alive]


def _say(node_id: str, what: str) -> None:
    click.echo(f"{loggable(node_id)}: {what}")
