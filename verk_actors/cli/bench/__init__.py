"""`verk bench`: how fast jobs run here, row by row.

Read it from here: `rows.py` says what can be measured and what is to be reached; `ground.py` is the server,
`nodes.py` the processes that run jobs, `stock.py` the jobs that they find, `marks.py` how a job tells when it ran.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import click

from verk_actors.cli.bench.ground import Ground
from verk_actors.cli.bench.machine import look, taken
from verk_actors.cli.bench.report import Report, Run, summarise, text
from verk_actors.cli.bench.rows import ROWS, Row
from verk_actors.cli.bench.usage import speed
from verk_actors.cli.options import as_json_line
from verk_actors.daemon.signals import ENDINGS, Signals


@click.command("bench", epilog="Rows: " + "; ".join(f"{name}: {row.says}" for name, row in ROWS.items()) + ".")
@click.argument("rows", nargs=-1, type=click.Choice(list(ROWS)), metavar="[ROW]...")
@click.option("--runs", type=click.IntRange(1), default=5, show_default=True, help="How often to measure each row.")
@click.option("--size", type=click.IntRange(1), help="Jobs of a run, or seconds for idle, in place of the row's own.")
@click.option("--brief", is_flag=True, help="Run once with few jobs, to see only that it works.")
@click.option("--server", "url", metavar="URL", help="Use this Redis, with an empty database; else an embedded one.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON, as the last line.")
def command(*, rows: tuple[str, ...], runs: int, size: int | None, brief: bool, url: str | None, as_json: bool) -> None:
    """Measure how fast jobs run on this machine; without a ROW, all of them.

    Each run of a row has node processes of its own. Rows take turns, and so do the two sides of a ratio, so that what
    disturbs the machine meanwhile disturbs all alike. Medians are printed beside what was to be reached.

    Needs Linux, which tells what a process uses.
    """
    if sys.platform != "linux":
        raise click.UsageError("verk bench needs Linux, which tells what a process uses")
    chosen = list(dict.fromkeys(rows)) or list(ROWS)
    measured: dict[str, list[Run]] = {row: [] for row in chosen}
    with ExitStack() as stack:
        signals = stack.enter_context(Signals(*ENDINGS))
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="verk-bench-")))
        ground = Ground(url, directory, signals)
        stack.callback(ground.close)
        machine = look(ground)
        runs = 1 if brief else runs
        for run in range(runs):
            for name in chosen:
                _show(f"run {run + 1} of {runs}: {name}")
                measured[name].append(_measure(ground, ROWS[name], size, brief=brief))
    _show("")
    figures = [figure for name in chosen for figure in summarise(name, measured[name], brief=brief)]
    report = Report(machine=machine, runs=runs, brief=brief, figures=figures)
    click.echo(text(report))
    if as_json:
        click.echo(as_json_line(report))


def _measure(ground: Ground, row: Row, size: int | None, *, brief: bool) -> Run:
    before, speed_before = taken(ground), speed()
    figures = row.measure(ground, size or (row.brief if brief else row.size))
    others = taken(ground).others_since(before)
    return Run(figures=figures, speed=(speed_before + speed()) / 2, others=others)


def _show(line: str) -> None:
    """Draw the line of progress over the one before, where there is a terminal to draw on."""
    if sys.stdout.isatty():
        click.echo(f"\r{line}\x1b[K", nl=False)
