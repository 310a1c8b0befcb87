"""`verk chaos`: jobs of every fate on several nodes, while processes are killed and connections cut. Then it counts.

Read it from here: `cluster.py` is what runs, `faults.py` what is done to it, `jobs.py` what the jobs do, `ledger.py`
where they note that they ran, `audit.py` how what was promised is compared with what was done.
"""

from __future__ import annotations

import random
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import attrs
import click

from verk_actors.cli.chaos import ledger
from verk_actors.cli.chaos.audit import Findings, compare, places
from verk_actors.cli.chaos.cluster import Cluster
from verk_actors.cli.chaos.faults import Injected, inject
from verk_actors.cli.chaos.jobs import QUEUE, draw
from verk_actors.cli.chaos.report import Report, report, text
from verk_actors.cli.options import as_json_line
from verk_actors.client import Client
from verk_actors.config import Config
from verk_actors.node import ENDINGS, Signals
from verk_actors.otp.clock import SystemClock
from verk_actors.store.pool import Pool

_LOOK_SECONDS = 0.05
_BETWEEN_FAULTS_SECONDS = (0.05, 0.5)
_MOST_WAITING = 500  # jobs in the queue; more are enqueued when the nodes have got on
_SETTLE_SECONDS = 60.0


@attrs.define(eq=False)
class Play:
    """What is played on, and what has happened so far.

    Attributes:
        promised: the fate of each jid that was enqueued.
        injected: the faults.
    """

    cluster: Cluster
    client: Client
    pool: Pool
    signals: Signals
    chance: random.Random
    promised: dict[str, str] = attrs.Factory(dict)
    injected: list[Injected] = attrs.Factory(list)

    def enqueue(self, count: int) -> None:
        """Enqueue that many jobs, and wait until the nodes have got on."""
        for fate, job, later in draw(count, self.chance):
            jid = self.client.schedule(job, later) if later else self.client.enqueue(job)
            self.promised[jid] = fate
        while self.client.queue(QUEUE).count() > _MOST_WAITING:
            self.let_pass(_LOOK_SECONDS)

    def inject(self) -> Injected:
        """Inject a fault as soon as one can be."""
        while (fault := inject(self.cluster, self.chance)) is None:
            self.let_pass(_LOOK_SECONDS)
        self.injected.append(fault)
        self.let_pass(self.chance.uniform(*_BETWEEN_FAULTS_SECONDS))
        return fault

    def settle(self) -> None:
        """Wait until each job has ended, within reason."""
        self.cluster.proxy.forget()
        self.cluster.thaw()
        now = SystemClock().monotonic
        deadline = now() + _SETTLE_SECONDS
        while not self.look().settled and now() < deadline:
            self.let_pass(10 * _LOOK_SECONDS)

    def look(self) -> Findings:
        """Compare what was promised with what has been done."""
        found = places(self.client, self.pool, self.cluster.names)
        return compare(self.promised, ledger.read(self.cluster.ledgers), found)

    def let_pass(self, seconds: float) -> None:
        """Let time pass and tend the cluster; a signal ends the program, and all that it has started."""
        now = SystemClock().monotonic
        end = now() + seconds
        while (left := end - now()) > 0:
            self.cluster.tend()
            if number := self.signals.wait(min(left, _LOOK_SECONDS)):
                sys.exit(128 + number)


@click.command("chaos")
@click.option("--jobs", type=click.IntRange(1), default=20_000, show_default=True, help="How many jobs to enqueue.")
@click.option("--faults", type=click.IntRange(1), default=200, show_default=True, help="How many faults to inject.")
@click.option("--nodes", type=click.IntRange(2), default=3, show_default=True, help="How many nodes work at a time.")
@click.option("--seed", type=int, help="Draw the jobs and faults of an earlier run again.")
@click.option("--directory", type=click.Path(path_type=Path), help="Leave logs, ledgers and data there; a new one.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON, as the last line.")
def command(*, jobs: int, faults: int, nodes: int, seed: int | None, directory: Path | None, as_json: bool) -> None:
    """Kill nodes and Redis, cut connections, freeze processes, and count the jobs afterwards.

    Nodes work on a Redis server of their own, through a proxy that loses requests and replies. In the end no job may
    be lost or doubled, and no more jobs may have run again than were running where a process was killed or taken for
    dead. The exit code is 0 if all of that holds, and 1 if not.
    """
    seed = random.SystemRandom().randrange(1_000_000) if seed is None else seed
    with ExitStack() as stack:
        play = _set_up(stack, directory, nodes, seed)
        found = _play(play, jobs, faults, seed)
    click.echo(text(found))
    if as_json:
        click.echo(as_json_line(found))
    sys.exit(0 if found.kept else 1)


def _set_up(stack: ExitStack, directory: Path | None, nodes: int, seed: int) -> Play:
    """Start all that is needed; the stack ends it."""
    signals = stack.enter_context(Signals(*ENDINGS))
    if directory is None:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="verk-chaos-")))
    elif directory.exists() and any(directory.iterdir()):
        raise click.UsageError(f"--directory {directory}: it is not empty")
    cluster = stack.enter_context(Cluster(directory, nodes))
    config = Config(redis_url=cluster.url)
    pool = Pool(config.redis_url, name="verk:chaos")
    stack.callback(pool.close)
    return Play(cluster, stack.enter_context(Client(config)), pool, signals, random.Random(seed))


def _play(play: Play, jobs: int, faults: int, seed: int) -> Report:
    """Enqueue the jobs in as many portions as there are faults, with a fault after each."""
    now = SystemClock().monotonic
    began = now()
    for number in range(1, faults + 1):
        play.enqueue(jobs * number // faults - len(play.promised))
        fault = play.inject()
        _show(f"{len(play.promised):,} of {jobs:,} jobs enqueued, fault {number} of {faults}: {fault.kind}")
    _show("waiting for the last jobs")
    play.settle()
    seconds = now() - began
    play.cluster.stop_nodes()
    _show("")
    return report(seed, play.promised, play.injected, play.look(), seconds)


def _show(line: str) -> None:
    """Draw the line of progress over the one before, where there is a terminal to draw on."""
    if sys.stdout.isatty():
        click.echo(f"\r{line}\x1b[K", nl=False)
