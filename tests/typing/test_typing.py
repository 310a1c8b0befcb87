"""The files beside this one hold what a user may and may not write, by mypy."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.source import REPOSITORY

SAMPLES = sorted(path for path in Path(__file__).parent.glob("*.py") if path != Path(__file__))
EXAMPLES = sorted((REPOSITORY / "examples").glob("*.py"))
SETTINGS = Path(__file__).with_name("mypy.ini")


@pytest.mark.slow  # mypy reads the package from scratch
def test_mypy_accepts_the_examples_and_accepts_and_refuses_what_the_samples_say(tmp_path: Path) -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", f"--config-file={SETTINGS}", f"--cache-dir={tmp_path}", *SAMPLES, *EXAMPLES],
        env=os.environ | {"MYPYPATH": os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "examples")])},
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr
