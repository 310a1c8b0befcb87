"""`verk tree`: the supervision tree of a running node, asked for through Redis."""

from __future__ import annotations

from contextlib import closing
from typing import TextIO

import click

from verk_actors.cli.options import as_json_line, json_option, redis_option
from verk_actors.drawing import tree_svg
from verk_actors.drawing.ages import age
from verk_actors.drawing.restart_text import sentence
from verk_actors.drawing.tree_text import draw
from verk_actors.errors import loggable
from verk_actors.otp import Supervision, SystemClock
from verk_actors.settings.config import Config
from verk_actors.store.nodes import Nodes
from verk_actors.store.pool import Pool
from verk_actors.store.requests import Requests, read_answer
from verk_actors.wire.keys import Keys

_ANSWER_SECONDS = 3  # a node that lives answers within milliseconds


@click.command("tree")
@click.option("--node", "node_id", metavar="ID", help="Which node; needed where several run.")
@click.option("--restarts", is_flag=True, help="Show the latest restarts instead, the newest first.")
@click.option("--svg", metavar="FILE", type=click.File("w", "utf-8", lazy=True), help="Draw it into a file; - prints.")
@redis_option
@json_option
def command(node_id: str | None, restarts: bool, svg: TextIO | None, redis_url: str | None, as_json: bool) -> None:
    """Show the supervision tree of a running node as it is now."""
    config = Config.load(redis_url=redis_url)
    keys = Keys(config.namespace)
    with closing(Pool(config.redis_url, name="verk:tree")) as pool:
        chosen = _choose(node_id, Nodes(pool, keys))
        found = _ask(chosen, Requests(pool, keys))
    title = f"node {loggable(chosen)}"
    if svg is not None:
        svg.write(tree_svg.draw(found.tree, title=f"The supervision tree of {title}", alone=True) + "\n")
    elif as_json:
        click.echo(as_json_line(found.restarts if restarts else found.tree))
    else:
        click.echo(title)
        click.echo(_in_words(found) if restarts else draw(found.tree))


def _in_words(found: Supervision) -> str:
    now = SystemClock.time()
    reports = reversed(found.restarts)
    return "\n".join(sentence(one, age(now - one.at)) for one in reports) or "no restarts so far"


def _choose(node_id: str | None, nodes: Nodes) -> str:
    """Return the node that was asked for, or the only one that lives."""
    alive = nodes.ours()
    names = ", ".join(map(loggable, alive))
    if node_id is not None:
        if node_id not in alive:
            raise click.ClickException(f"no node {loggable(node_id)} runs; running: {names or 'none'}")
        return node_id
    if not alive:
        raise click.ClickException("no node runs on this Redis")
    if len(alive) > 1:
        raise click.UsageError(f"several nodes run, choose one by --node: {names}")
    return alive[0]


def _ask(node_id: str, requests: Requests) -> Supervision:
    answers = requests.ask_all([node_id], "supervision", _ANSWER_SECONDS, SystemClock.monotonic)
    if answers.missing:
        raise click.ClickException(f"node {loggable(node_id)} did not answer within {_ANSWER_SECONDS} s")
    try:
        return read_answer(answers.given[node_id], Supervision)
    except ValueError as error:
        raise click.ClickException(f"node {loggable(node_id)} answered with something that is no tree") from error
