"""`verk enqueue`: a job from the shell."""

from __future__ import annotations

import json
import math
from datetime import datetime
from typing import Any

import click

from verk_actors.cli.options import client_of, redis_option
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


def _instant(_: click.Context, __: click.Parameter, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is no time such as 2027-01-31T09:30+01:00") from error
    if when.tzinfo is None:
        raise click.BadParameter(f"{text!r} does not say of which time zone: add +01:00, or Z for UTC")
    return when


arguments_argument = click.argument("arguments", metavar="[ARGS-JSON]", callback=_json_list, default="[]")


@click.command("enqueue")
@click.argument("class_", metavar="CLASS")
@arguments_argument
@click.option("--queue", metavar="NAME", help="Default: default.")
@click.option("--in", "seconds", metavar="SECONDS", type=float, callback=_some_time, help="Run it this much later.")
@click.option("--at", "when", metavar="TIME", callback=_instant, help="Run it then, as 2027-01-31T09:30+01:00.")
@redis_option
def command(
    *,
    class_: str,
    arguments: list[Any],
    queue: str | None,
    seconds: float | None,
    when: datetime | None,
    redis_url: str | None,
) -> None:
    """Enqueue a job of CLASS with the arguments of a JSON list, and print its jid.

    For example: verk enqueue ExampleWorker '[1, 2]' --queue default --in 60
    """
    if seconds is not None and when is not None:
        raise click.UsageError("--in and --at can't be given both")
    job = Job(class_=class_, args=arguments, queue=queue)
    later = seconds if when is None else when
    with client_of(redis_url) as client:
        click.echo(client.enqueue(job) if later is None else client.schedule(job, later))
