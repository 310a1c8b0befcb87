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


class JsonList(click.ParamType):
    """The arguments of a job."""

    name = "json"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> list[Any]:
        """Return the list that the text says."""
        if isinstance(value, list):
            return value
        try:
            arguments = json.loads(value)
        except (ValueError, RecursionError) as error:
            self.fail(f"{value!r} is no JSON: {error}", param, ctx)
        if not isinstance(arguments, list):
            self.fail(f"{value!r} is no JSON list, such as '[1, \"two\"]'", param, ctx)
        return arguments


class Seconds(click.ParamType):
    """A time from now."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number that the text says."""
        try:
            seconds = float(value)
        except ValueError:
            seconds = math.nan
        if not 0 <= seconds < math.inf:
            self.fail(f"{value!r} is no number of seconds, 0 or more", param, ctx)
        return seconds


@click.command("enqueue")
@click.argument("class_", metavar="CLASS")
@click.argument("arguments", metavar="[ARGS-JSON]", type=JsonList(), default=[])
@click.option("--queue", metavar="NAME", help="Default: default.")
@click.option("--in", "seconds", metavar="SECONDS", type=Seconds(), help="Run it this much later.")
@redis_option
def command(class_: str, arguments: list[Any], queue: str | None, seconds: float | None, redis_url: str | None) -> None:
    """Enqueue a job of CLASS with the arguments of a JSON list, and print its jid.

    For example: verk enqueue ExampleWorker '[1, 2]' --queue default --in 60
    """
    job = Job(class_=class_, args=arguments, queue=queue)
    with Client(Config.load(redis_url=redis_url)) as client:
        click.echo(client.enqueue(job) if seconds is None else client.schedule(job, seconds))
