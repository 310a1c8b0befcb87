"""The benchmarks can't rot: each runs briefly; how fast is not looked at."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.commands import VERK, ended, environment

from verk_actors.cli.bench.rows import ROWS

BENCHMARKS = sorted(path for path in Path(__file__).parent.glob("*.py") if not path.name.startswith("test_"))
BRIEFLY = {"recovery": ["--jobs", "2", "--kills", "1", "--heartbeat", "0.3"]}
AT_ONCE = 2


@pytest.mark.slow  # a fresh interpreter and a server each
@pytest.mark.parametrize("path", BENCHMARKS, ids=lambda path: path.stem)
def test_a_benchmark_runs_to_its_end_and_prints_a_figure(path: Path) -> None:
    options = BRIEFLY.get(path.stem, ["--jobs", "300", "--runs", "1"])
    ran = ended([sys.executable, str(path), *options])
    assert ran.returncode == 0, ran.stderr
    assert re.search(r"\d (jobs/s|heartbeats)", ran.stdout)


@pytest.mark.slow  # nodes start for each row
def test_each_row_of_verk_bench_runs_all_its_jobs_and_has_figures(tmp_path: Path) -> None:
    """A row whose jobs were lost, or ran twice, would end it with exit code 1."""
    rows = list(ROWS)
    started = [
        subprocess.Popen(
            [*VERK, "bench", "--brief", "--json", *rows[part::AT_ONCE]],
            cwd=tmp_path,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for part in range(AT_ONCE)
    ]
    ended = [(*process.communicate(), process.returncode) for process in started]

    assert [(said, code) for _, said, code in ended] == [("", 0)] * AT_ONCE
    figures = [figure for said, *_ in ended for figure in json.loads(said.splitlines()[-1])["figures"]]
    assert {figure["row"] for figure in figures} == set(rows)
    assert all(figure["least"] <= figure["median"] <= figure["most"] for figure in figures)
