"""What several commands share."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import date

import attrs
import click

from verk_actors.client import Client
from verk_actors.settings.config import Config
from verk_actors.settings.redis_url import RedisUrl


def _without_password(_: click.Context, __: click.Parameter, url: str | None) -> str | None:
    if url is not None and RedisUrl(url).has_password:
        raise click.UsageError("--redis would show its password in the list of processes: set VERK_REDIS_URL instead")
    return url


def without_credentials(_: click.Context, __: click.Parameter, address: str | None) -> str | None:
    """Refuse an address of the dashboard that has a password."""
    if address is not None and "@" in address:
        raise click.UsageError("the list of processes would show the password: set VERK_WEB instead")
    return address


def web_setting(address: str | None, *, insecure: bool) -> str | None:
    """Return what options say of the dashboard as the setting `web`; None where they don't."""
    if not address or not insecure:
        return address
    return f"{address}{'&' if '?' in address else '?'}insecure"


web_option = click.option(
    "--web",
    metavar="HOST:PORT",
    callback=without_credentials,
    help="Serve the dashboard there; other machines need a password (VERK_WEB) or --insecure.",
)
insecure_option = click.option(
    "--insecure", is_flag=True, help="Let other machines see and use the dashboard without a password."
)
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
health_option = click.option(
    "--health",
    metavar="[HOST:]PORT",
    help="Where the node answers /healthz and /readyz; on this machine alone, unless a host is given.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, on one line.")
yes_option = click.option("-y", "--yes", is_flag=True, help="Do it without asking.")


def client_of(redis_url: str | None) -> Client:
    """Return a client of the Redis that an option names, or else the settings in force."""
    return Client(Config.load(redis_url=redis_url))


def confirm(question: str, yes: bool) -> None:
    """Ask before what can't be undone, unless `--yes` has said so already; a no ends the command, with exit code 1."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(f"nobody is there to answer: {question} Add --yes to do it")
    click.confirm(question, abort=True, err=True)


def as_json_line(value: object) -> str:
    """Return a value of ours, attrs classes included, as JSON on one line, all of it ASCII: a terminal shows it too."""
    return json.dumps(_plain(value), allow_nan=False)


def _plain(value: object) -> object:
    """Return what JSON can hold; fields that Python needs an underscore for, such as `class_`, are without it."""
    kind = type(value)
    if attrs.has(kind):
        return {field.name.rstrip("_"): _plain(getattr(value, field.name)) for field in attrs.fields(kind)}
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value
