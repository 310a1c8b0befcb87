"""`verk demo`: a node, two queues and jobs of every fate, on an embedded server that is gone at the end."""

from __future__ import annotations

import logging
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import attrs
import click

from verk_actors import embedded
from verk_actors.cli.demo.going_on import begin, for_ever
from verk_actors.cli.demo.jobs import DEFAULT, MAIL, REGISTRY, VIDEO, at_once, later
from verk_actors.cli.demo.screen import Display, Notes, QueueView, display, paint
from verk_actors.cli.demo.tracker import Look, Summary, Tally, Tracker, summarise
from verk_actors.cli.options import as_json_line, web_option
from verk_actors.cli.table import lay_out
from verk_actors.client import Client
from verk_actors.daemon.signals import ENDINGS, Signals
from verk_actors.drawing.tree_text import draw
from verk_actors.events import JobEvent
from verk_actors.messages import RegisterListener, Status
from verk_actors.otp import Ref, snapshot
from verk_actors.settings.config import Config
from verk_actors.settings.queues import QueueConfig
from verk_actors.status import SystemStatus
from verk_actors.tree.actor_system import ActorSystem
from verk_actors.wire.job import Job

_LOOK_SECONDS = 0.1
_LOOKS = 120  # about 12 seconds, where the jobs take three
_JOBS_PER_LOOK = 10  # so that there is something to watch
_ANSWER_SECONDS = 5.0
_NEXT_SECONDS = 0.25  # from one job to the next, where the demo stays and is looked at in a browser


@attrs.define(eq=False)
class Stage:
    """What the demo plays on, and what it has enqueued: the queue of each jid."""

    system: Ref
    client: Client
    tracker: Ref
    notes: Notes
    queue_of: dict[str, str] = attrs.Factory(dict)
    scheduled: set[str] = attrs.Factory(set)

    def enqueue(self, job: Job, seconds: float = 0.0) -> None:
        """Enqueue a job, or schedule it."""
        jid = self.client.schedule(job, seconds) if seconds else self.client.enqueue(job)
        self.queue_of[jid] = str(job.queue)
        if seconds:
            self.scheduled.add(jid)

    def tally(self) -> Tally:
        """Ask what has become of the jobs so far."""
        tally: Tally = self.tracker.call(Look(), timeout=_ANSWER_SECONDS)
        return tally

    def status(self) -> SystemStatus:
        """Ask the node how it is."""
        status: SystemStatus = self.system.call(Status(), timeout=_ANSWER_SECONDS)
        return status


@click.command("demo")
@click.option("--keep", is_flag=True, help="Stay until Ctrl+C, to try the other commands on it.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON, as the last line.")
@web_option
def command(keep: bool, as_json: bool, web: str | None) -> None:
    """Watch jobs of every fate: finished, retried, dead, scheduled, and two that crash their worker.

    A node with two queues runs on a Redis server of its own, in a temporary directory. Some seconds later all of it
    is gone, and the exit code is 0 if every job has ended as it should. With --web and --keep more jobs come all the
    time, to be watched in a browser.
    """
    with ExitStack() as stack:
        signals = stack.enter_context(Signals(*ENDINGS))
        directory = stack.enter_context(_own_server())
        stage = _set_up(stack, directory, web)
        with display() as screen:
            number = _play(stage, screen, signals)
        if number:
            sys.exit(128 + number)
        summary = _summary(stage)
        if keep:
            _say_how_to_go_on(directory)
        if as_json:
            click.echo(as_json_line(summary))
        code = 0 if summary.finished + summary.dead == len(stage.queue_of) else 1
        if keep and web:
            _go_on(stage, signals)
        elif keep:
            signals.wait()
        sys.exit(code)


@contextmanager
def _own_server() -> Iterator[str]:
    """Run a server in a temporary directory; both are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="verk-demo-") as directory:
        embedded.ensure(directory, fsync="no")
        try:
            yield directory
        finally:
            embedded.stop(directory)


def _set_up(stack: ExitStack, directory: str, web: str | None) -> Stage:
    """Start a node and what watches it; the stack ends them."""
    config = Config(
        queues={DEFAULT: 4, MAIL: 2} | ({VIDEO: QueueConfig(size=5, executor="async")} if web else {}),
        web=web,
        redis_url=f"embedded:{directory}",
        node_id="demo",
        poll_interval_seconds=0.2,
        shutdown_timeout_seconds=5.0,
        fail_job_log_level="warning",
    )
    queues = "three" if web else "two"
    click.echo(f"{paint('verk demo', bold=True)}: one node, {queues} queues, and a Redis in {directory}")
    notes = stack.enter_context(_noted())
    system = ActorSystem.start(config, REGISTRY)
    stack.callback(system.stop)
    tracker = Tracker.start()
    stack.callback(tracker.stop)
    system.call(RegisterListener(tracker, JobEvent), timeout=_ANSWER_SECONDS)
    client = stack.enter_context(Client(config))
    stage = Stage(system=system, client=client, tracker=tracker, notes=notes)
    if web:
        click.echo(f"The dashboard is at {stage.status().dashboard_url}")
    return stage


@contextmanager
def _noted() -> Iterator[Notes]:
    """Keep what the node logs, instead of having it printed across the picture."""
    logger, notes = logging.getLogger("verk_actors"), Notes()
    propagate = logger.propagate
    logger.addHandler(notes)
    logger.propagate = False
    try:
        yield notes
    finally:
        logger.removeHandler(notes)
        logger.propagate = propagate


def _play(stage: Stage, screen: Display, signals: Signals) -> int:
    """Enqueue the jobs bit by bit and watch until all have ended; returns the signal that cut it short, or 0."""
    for job, seconds in later():
        stage.enqueue(job, seconds)
    to_come = list(at_once())
    for _ in range(_LOOKS):
        for job in to_come[:_JOBS_PER_LOOK]:
            stage.enqueue(job)
        del to_come[:_JOBS_PER_LOOK]
        tally = stage.tally()
        _show(stage, tally, to_come, screen)
        if not to_come and len(tally.ended) == len(stage.queue_of):
            break
        if number := signals.wait(_LOOK_SECONDS):
            return number
    return 0


def _show(stage: Stage, tally: Tally, to_come: Sequence[Job], screen: Display) -> None:
    queues = {}
    for name, status in stage.status().queues.items():
        ended = sum(stage.queue_of[jid] == name for jid in tally.ended)
        jobs = sum(queue == name for queue in stage.queue_of.values()) + sum(job.queue == name for job in to_come)
        queues[name] = QueueView(ended=ended, jobs=jobs, busy=status.running, workers=status.size)
    counts = {
        "finished": len(tally.finished),
        "retried": len(tally.finished & tally.failed),
        "dead": len(tally.died),
        "scheduled": len(stage.scheduled - tally.ended),
        "restarts": sum(process.restarts for process in snapshot(stage.system).walk()),
    }
    screen.update(queues, counts, stage.notes.take())


def _summary(stage: Stage) -> Summary:
    """Print the tree and how the jobs ended."""
    tree = snapshot(stage.system)
    summary = summarise(stage.queue_of.keys(), stage.scheduled, stage.tally(), stage.client, tree)
    rows = [
        ("finished", summary.finished),
        ("  of these, failed first and were retried", summary.retried),
        ("  of these, scheduled for later", summary.scheduled_ran),
        ("dead: failed as often as they may", summary.dead),
        ("lost", summary.lost),
    ]
    click.echo(f"\n{paint('The supervision tree', bold=True)}, {summary.restarts} restarts\n")
    click.echo(draw(tree))
    click.echo(f"\n{paint('What became of the jobs', bold=True)}\n")
    click.echo(lay_out(("", f"of {len(stage.queue_of)}"), rows))
    return summary


def _go_on(stage: Stage, signals: Signals) -> None:
    """Enqueue more and more jobs until a signal comes."""
    begin(stage.client)
    for job, seconds in for_ever(stage.client):
        if signals.wait(_NEXT_SECONDS):
            return
        stage.enqueue(job, seconds)


def _say_how_to_go_on(directory: str) -> None:
    """Print what can be tried on a demo that stays, and show from now on what its jobs do."""
    click.echo(
        f"\nThe node goes on until Ctrl+C. In another terminal:\n"
        f"  verk tree --redis embedded:{directory}\n"
        f"  verk stats --redis embedded:{directory}\n"
        f"  verk enqueue WriteReceipt '[\"you\", 1]' --redis embedded:{directory}"
    )
    logger = logging.getLogger("verk_actors")
    logger.addHandler(logging.StreamHandler())
    logger.setLevel(logging.INFO)
