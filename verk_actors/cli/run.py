"""`verk run`: a node in the foreground."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import get_args

import click

from verk_actors.cli.dev import changes
from verk_actors.cli.modules import import_all, modules_option
from verk_actors.cli.options import health_option, insecure_option, redis_option, web_option, web_setting
from verk_actors.cli.plan import plan_of
from verk_actors.fleet.reloading import run_reloading
from verk_actors.fleet.running import run_fleet
from verk_actors.jobs.registry import Terms, registry
from verk_actors.logs.formats import formatter
from verk_actors.logs.handler import LineHandler
from verk_actors.node import end_process, run_node
from verk_actors.otp.port import interpreter
from verk_actors.settings.config import Config, LogFormat, LogLevel
from verk_actors.settings.sources import group_list, queue_list

# A node of this command's, which ends with it.
_RUN = (*interpreter(), "-m", "verk_actors", "run", "-r", "verk_actors.fleet.leashed")


@click.command("run")
@modules_option
@click.option(
    "-q", "--queue", "queues", metavar="NAME:N[:EXECUTOR]", multiple=True, help="Work this queue with N workers."
)
@click.option(
    "-g",
    "--group",
    "groups",
    metavar="NAME=QUEUE[,WEIGHT]+…:N[:EXECUTOR]",
    multiple=True,
    help="Work these queues with N workers that they share: by weights, else in order of priority.",
)
@redis_option
@click.option("--node-id", metavar="ID", help="Bear this name, and take back the jobs it had before a crash.")
@click.option("-t", "--timeout", metavar="SECONDS", type=float, help="Let running jobs end for this long on a stop.")
@click.option("--processes", metavar="N", type=int, help="Run so many nodes, each a process of its own. Default: 1.")
@health_option
@web_option
@insecure_option
@click.option(
    "--log-format", type=click.Choice(get_args(LogFormat), case_sensitive=False), help="Form of lines. Default: text."
)
@click.option("--drain", is_flag=True, help="Stop once no job waits in the queues, is due, or runs.")
@click.option("--dev", is_flag=True, help="Start anew whenever a Python file below this directory changes.")
@click.option("--dry-run", is_flag=True, help="Import the modules, show what would run, and end.")
@click.option("--log-level", type=click.Choice(get_args(LogLevel), case_sensitive=False), help="Default: info.")
def command(
    *,
    modules: tuple[str, ...],
    queues: tuple[str, ...],
    groups: tuple[str, ...],
    redis_url: str | None,
    node_id: str | None,
    timeout: float | None,
    processes: int | None,
    health: str | None,
    web: str | None,
    insecure: bool,
    log_format: str | None,
    log_level: str | None,
    drain: bool,
    dev: bool,
    dry_run: bool,
) -> None:
    """Run a node in the foreground until a signal ends it.

    SIGTERM or SIGINT (Ctrl+C): running jobs may end, then the node stops, with exit code 0. A second one stops it
    now, and running jobs go back to their queues. SIGTSTP (Ctrl+Z): the node fetches no more jobs.

    With several processes each is a node of its own, ID-1, ID-2 and so on; one that dies is started again. They
    share these signals and, for all that they write, standard error. Their health ports are in a row.

    Options left out are read from VERK_* variables, then from verk.toml or [tool.verk] in pyproject.toml.
    """
    config = Config.load(
        queues=queue_list(",".join(queues)) or None,
        groups=group_list(" ".join(groups)) or None,
        redis_url=redis_url,
        node_id=node_id,
        shutdown_timeout_seconds=timeout,
        processes=processes,
        health=health,
        web=web_setting(web, insecure=insecure),
        log_format=log_format,
    )
    if not config.all_queues:
        raise click.UsageError("no queue to work: give -q NAME:N, or set queues in verk.toml or VERK_QUEUES")
    if (drain, dev, config.processes > 1).count(True) > 1:
        raise click.UsageError("of --drain, --dev and several --processes only one can be had")
    if dev and not dry_run:
        _log_at(log_level, config)
        own = [word for word in _given(click.get_current_context()) if word != "--dev"]
        end_process(run_reloading([*_RUN, *own], changes(Path.cwd())))
    if config.processes > 1 and not dry_run:
        _log_at(log_level, config)
        end_process(run_fleet(config, partial(_command, config, list(_given(click.get_current_context())))))
    import_all(modules)
    if dry_run:
        Terms.of(config)  # imports what they name
        click.echo(plan_of(config, registry))
        return
    _log_at(log_level, config)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # what jobs print is seen at once, also in a container's log
    end_process(run_node(config, drain=drain))


def _command(config: Config, options: Sequence[str], node_id: str) -> list[str]:
    """Return the command of one node of several; what no option says it reads where this process has read it."""
    own = ["--node-id", node_id, "--processes", "1"]  # the last ones win
    if config.health is not None:
        number = int(node_id.rpartition("-")[2])
        own += ["--health", str(config.health.numbered(number))]
    if not node_id.endswith("-1"):  # one of them has the dashboard
        own += ["--web", ""]
    return [*_RUN, *options, *own]


def _given(context: click.Context) -> Iterator[str]:
    """Yield the options that this command was given, as another needs them."""
    for option in context.command.params:
        value = context.params[option.name or ""]
        if isinstance(option, click.Option) and option.is_flag:
            if value:
                yield option.opts[0]
            continue
        for one in value if option.multiple else [value]:
            if one is not None:
                yield from (option.opts[0], str(one))


def _log_at(level: str | None, config: Config) -> None:
    """Log to standard error, unless a module has set up logging; a level that was asked for holds in any case."""
    handler = LineHandler(formatter(config.log_format, config.node_id))
    logging.basicConfig(level=(level or "info").upper(), handlers=[handler])
    if level is not None:
        logging.getLogger("verk_actors").setLevel(level.upper())
