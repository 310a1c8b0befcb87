"""The benchmarks can't rot: each runs briefly; what they measure is not looked at."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = sorted(path for path in Path(__file__).parent.glob("*.py") if not path.name.startswith("test_"))

BRIEFLY = {"recovery": ["--jobs", "2", "--kills", "1", "--heartbeat", "0.3"]}


@pytest.mark.slow  # a fresh interpreter and a server each
@pytest.mark.parametrize("path", BENCHMARKS, ids=lambda path: path.stem)
def test_a_benchmark_runs_to_its_end_and_prints_a_figure(path: Path) -> None:
    options = BRIEFLY.get(path.stem, ["--jobs", "300", "--runs", "1"])
    ran = subprocess.run([sys.executable, str(path), *options], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert re.search(r"\d (jobs/s|heartbeats)", ran.stdout)
