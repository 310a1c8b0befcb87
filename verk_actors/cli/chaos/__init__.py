"""`verk chaos`: jobs of every fate on several nodes, while processes are killed and connections cut. Then it counts.

Read it from here: `play.py` is the course of it, `cluster.py` what runs, `faults.py` what is done to that, `jobs.py`
what the jobs do, `ledger.py` where they note that they ran, `audit.py` how what was promised is compared with what
has become of it.
"""

from __future__ import annotations

import random
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import click

from verk_actors.cli.chaos.cluster import Cluster
from verk_actors.cli.chaos.faults import FAULTS
from verk_actors.cli.chaos.play import Play
from verk_actors.cli.chaos.report import text
from verk_actors.cli.options import as_json_line
from verk_actors.daemon.signals import ENDINGS, Signals


@click.command("chaos")
@click.option("--jobs", type=click.IntRange(1), default=20_000, show_default=True, help="How many jobs to enqueue.")
@click.option("--faults", type=click.IntRange(1), default=200, show_default=True, help="How many faults to inject.")
@click.option("--nodes", type=click.IntRange(2), default=3, show_default=True, help="How many nodes work at a time.")
@click.option("--only", "kinds", type=click.Choice(list(FAULTS)), multiple=True, help="Inject this kind of fault.")
@click.option("--seed", type=int, help="Draw the jobs and faults of an earlier run again.")
@click.option("--directory", type=click.Path(path_type=Path), help="Leave logs, ledgers and data there; a new one.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON, as the last line.")
def command(
    *,
    jobs: int,
    faults: int,
    nodes: int,
    kinds: tuple[str, ...],
    seed: int | None,
    directory: Path | None,
    as_json: bool,
) -> None:
    """Kill nodes and Redis, cut connections, freeze processes, and count the jobs afterwards.

    Nodes work on a Redis server of their own, through a proxy that loses requests and replies. In the end no job may
    be lost or doubled, and none may have run again but those that a node had when it was killed or taken for dead,
    once for each time. The exit code is 0 if all of that holds, and 1 if not.

    If this command itself is killed, its nodes end with it.
    """
    seed = random.SystemRandom().randrange(1_000_000) if seed is None else seed
    with ExitStack() as stack:
        signals = stack.enter_context(Signals(*ENDINGS))
        cluster = stack.enter_context(Cluster(_home(stack, directory), nodes))
        play = Play(cluster, signals, seed, kinds or tuple(FAULTS))
        found = play.run(jobs, faults, _show)
    _show("")
    click.echo(text(found))
    if as_json:
        click.echo(as_json_line(found))
    sys.exit(0 if found.kept else 1)


def _home(stack: ExitStack, directory: Path | None) -> Path:
    """Return the directory to work in; one that nobody has named is gone afterwards."""
    if directory is None:
        return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="verk-chaos-")))
    if directory.exists() and any(directory.iterdir()):
        raise click.UsageError(f"--directory {directory}: it is not empty")
    return directory.resolve()


def _show(line: str) -> None:
    """Draw the line of progress over the one before, where there is a terminal to draw on."""
    if sys.stdout.isatty():
        click.echo(f"\r{line}\x1b[K", nl=False)
