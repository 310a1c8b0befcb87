"""`verk redis`: the embedded server of a directory, started, stopped and looked into.

`status` and `cli` work with any Redis that the settings name.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing

import click

from verk_actors import embedded
from verk_actors.cli.amounts import age, counted
from verk_actors.cli.options import as_json_line, confirm, json_option, redis_option, yes_option
from verk_actors.errors import StoreError, StoreUnavailable, loggable
from verk_actors.settings.config import Config
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.store.pool import Pool

_DIRECTORY = ".verk"
_FACTS = {
    "valkey_version": "Valkey",
    "redis_version": "Redis",
    "redis_mode": "mode",
    "role": "role",
    "process_id": "process",
    "uptime_in_seconds": "up for",
    "connected_clients": "clients",
    "used_memory_human": "memory",
    "maxmemory_policy": "eviction",
    "aof_enabled": "append-only",
}

_directory = click.argument("directory", metavar="[DIRECTORY]", required=False)


@click.group("redis")
def command() -> None:
    """Start, stop and look into the embedded Redis.

    Its DIRECTORY is that of an embedded:DIRECTORY in the settings, or else .verk here.
    """


@command.command("start")
@_directory
@click.option("--port", type=click.IntRange(1, 65_535), help="Listen on this port of the loopback interface too.")
def start(directory: str | None, port: int | None) -> None:
    """Start the server of a directory, unless it runs, and print its URL. It runs until it is stopped."""
    server = embedded.ensure(_chosen(directory), port=port or 0)
    click.echo(server.url)
    what = "started" if server.started else "runs already"
    click.echo(f"{what}: process {server.pid}; to use it: export VERK_REDIS_URL=embedded:{server.directory}", err=True)


@command.command("stop")
@_directory
@yes_option
def stop(directory: str | None, yes: bool) -> None:
    """Stop the server of a directory; what is in it is there again at the next start."""
    chosen = _chosen(directory)
    if not embedded.is_running(chosen):
        click.echo(f"no server runs in {loggable(chosen)}")
        return
    others = _clients(chosen)
    if others:
        confirm(f"{counted(others, 'connection')} of other programs. Stop the server in {loggable(chosen)}?", yes)
    embedded.stop(chosen)
    click.echo(f"stopped, in {loggable(chosen)}")


@command.command("status")
@redis_option
@json_option
def status(redis_url: str | None, as_json: bool) -> None:
    """Show what the Redis of the settings tells of itself; exit code 1 where none answers. None is started."""
    url = _url(redis_url)
    directory = url.embedded_directory
    if directory is not None and not embedded.is_running(directory):
        raise click.ClickException(f"no server runs in {loggable(directory)}; verk redis start starts one")
    with closing(Pool(url, name="verk:redis")) as pool:
        facts = _facts(pool.call("INFO"))
    shown = {"url": str(url)} | {title: facts[name] for name, title in _FACTS.items() if name in facts}
    if as_json:
        click.echo(as_json_line({"url": str(url)} | {name: facts[name] for name in _FACTS if name in facts}))
        return
    width = max(map(len, shown))
    for title, fact in shown.items():
        text = age(float(fact)) if title == "up for" else fact
        click.echo(f"{title:{width}}  {loggable(text)}")


@command.command("cli", context_settings={"ignore_unknown_options": True})
@redis_option
@click.argument("words", metavar="[COMMAND [ARGUMENT]...]", nargs=-1, type=click.UNPROCESSED)
def cli(redis_url: str | None, words: tuple[str, ...]) -> None:
    """Send a command to the Redis of the settings, or those that are typed, line by line, and print the replies.

    For example: verk redis cli LLEN queue:default. It connects as nodes do, so passwords, TLS, Sentinels and clusters
    are no trouble. Commands whose replies never end, such as MONITOR and SUBSCRIBE, need redis-cli.
    """
    with closing(Pool(_url(redis_url), name="verk:redis")) as pool:
        if words:
            click.echo("\n".join(_lines(pool.call(*words))))
            return
        while (line := _read()) is not None:
            _try(pool, line)


def _chosen(directory: str | None) -> str:
    """Return the directory that was named, or that of the settings, or the usual one."""
    return directory or Config.load().redis_url.embedded_directory or _DIRECTORY


def _url(redis_url: str | None) -> RedisUrl:
    return Config.load(redis_url=redis_url).redis_url


def _clients(directory: str) -> int:
    """Return how many connections others have."""
    with closing(Pool(RedisUrl(f"embedded:{directory}"), name="verk:redis")) as pool:
        return int(_facts(pool.call("INFO", "clients"))["connected_clients"]) - 1


def _facts(info: bytes) -> Mapping[str, str]:
    lines = info.decode("utf-8", "replace").splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)


def _read() -> str | None:
    """Return the next line, None at the end."""
    if sys.stdin.isatty():
        click.echo("> ", nl=False, err=True)
    line = sys.stdin.readline()
    return line if line else None


def _try(pool: Pool, line: str) -> None:
    """Send what was typed; what Redis refuses is told, and the next line may do better."""
    try:
        if words := shlex.split(line):
            click.echo("\n".join(_lines(pool.call(*words))))
    except StoreUnavailable:
        raise
    except (StoreError, ValueError) as error:  # ValueError: a quote is missing
        click.echo(f"(error) {loggable(error.why if isinstance(error, StoreError) else str(error))}", err=True)


def _lines(reply: object) -> Iterator[str]:
    """Yield a reply as text: lists are numbered, as redis-cli does, and nothing is more than text to a terminal."""
    if isinstance(reply, list):
        if not reply:
            yield "(empty)"
        for number, one in enumerate(reply, 1):
            first, *more = _lines(one)
            yield f"{number}) {first}"
            yield from (f"{' ' * len(f'{number}) ')}{line}" for line in more)
    elif isinstance(reply, bytes):
        lines = reply.decode("utf-8", "backslashreplace").splitlines() or [""]
        yield from (loggable(line, len(line)) for line in lines)
    else:
        yield "(nil)" if reply is None else str(reply)
