"""The files beside this one hold what a user may and may not write, by mypy."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SAMPLES = sorted(path for path in Path(__file__).parent.glob("*.py") if path != Path(__file__))


@pytest.mark.slow  # mypy reads the package from scratch
def test_mypy_accepts_and_refuses_what_the_samples_say(tmp_path: Path) -> None:
    repository = Path(__file__).parents[2]

    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={tmp_path}", *SAMPLES],
        env=os.environ | {"MYPYPATH": str(repository)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr
