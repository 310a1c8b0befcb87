"""`verk enqueue`: a job from the shell."""

from __future__ import annotations

import json
import math
from typing import Any

import click

from verk_actors.cli.options import redis_option
from verk_actors.client import Client
from verk_actors.config import Config
from verk_actors.wire.job import Job


def _json_list(_: click.Context, __: click.Parameter, text: str) -> list[Any]:
    try:
        arguments = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise click.BadParameter(f"{text!r} is no JSON: {error}") from error
    if not isinstance(arguments, list):
        raise click.BadParameter(f"{text!r} is no JSON list, such as '[1, \"two\"]'")
    return arguments


def _some_time(_: click.Context, __: click.Parameter, seconds: float | None) -> float | None:
    if seconds is not None and not 0 <= seconds < math.inf:  # neither is NaN
        raise click.BadParameter("it takes a number of seconds, 0 or more")
    return seconds


@click.command("enqueue")
@click.argument("class_", metavar="CLASS")
@click.argument("arguments", metavar="[ARGS-JSON]", callback=_json_list, default="[]")
@click.option("--queue", metavar="NAME", help="Default: default.")
@click.option("--in", "seconds", metavar="SECONDS", type=float, callback=_some_time, help="Run it this much later.")
@redis_option
def command(class_: str, arguments: list[Any], queue: str | None, seconds: float | None, redis_url: str | None) -> None:
    """Enqueue a job of CLASS with the arguments of a JSON list, and print its jid.

    For example: verk enqueue ExampleWorker '[1, 2]' --queue default --in 60
    """
    job = Job(class_=class_, args=arguments, queue=queue)
    with Client(Config.load(redis_url=redis_url)) as client:
        click.echo(client.enqueue(job) if seconds is None else client.schedule(job, seconds))
