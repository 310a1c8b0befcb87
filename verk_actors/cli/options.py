"""What several commands share."""

from __future__ import annotations

import json

import cattrs
import click

redis_option = click.option(
    "--redis",
    "redis_url",
    metavar="URL",
    help="Where Redis is: redis://, rediss://, unix://, redis+sentinel://, redis+cluster:// or embedded:DIRECTORY.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, on one line.")


def as_json_line(value: object) -> str:
    """Return a value of ours, attrs classes included, as JSON on one line, all of it ASCII: a terminal shows it too."""
    return json.dumps(cattrs.unstructure(value), allow_nan=False)
