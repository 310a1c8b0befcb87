"""What some tests need beyond Python and the embedded server: `@pytest.mark.needs("redis-server")`.

On a bare machine they are skipped, with the reason. With `VERK_TEST_ALL=1`, as the gate sets it, they fail instead:
there nothing may be missing.
"""

from __future__ import annotations

import os
import shutil

import pytest


def see_to_needs(item: pytest.Item) -> None:
    """Skip or fail a test whose programs are not all here."""
    for marker in item.iter_markers("needs"):
        missing = [program for program in marker.args if shutil.which(program) is None]
        if not missing:
            continue
        reason = f"needs {', '.join(missing)} on the PATH"
        if os.environ.get("VERK_TEST_ALL") == "1":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
