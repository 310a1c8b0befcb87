"""What several commands share."""

from __future__ import annotations

import json

import cattrs
import click

from verk_actors.redis_url import RedisUrl


def _without_password(_: click.Context, __: click.Parameter, url: str | None) -> str | None:
    if url is not None and RedisUrl(url).has_password:
        raise click.UsageError("--redis would show its password in the list of processes: set VERK_REDIS_URL instead")
    return url


redis_option = click.option(
    "--redis",
    "redis_url",
    metavar="URL",
    callback=_without_password,
    help=(
        "Where Redis is: redis://, rediss://, unix://, redis+sentinel://, redis+cluster:// or embedded:DIRECTORY. "
        "With a password: set VERK_REDIS_URL."
    ),
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, on one line.")


def as_json_line(value: object) -> str:
    """Return a value of ours, attrs classes included, as JSON on one line, all of it ASCII: a terminal shows it too."""
    return json.dumps(cattrs.unstructure(value), allow_nan=False)
