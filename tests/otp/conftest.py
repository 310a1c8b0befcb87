"""What the kernel's tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.processes import Bench


@pytest.fixture
def bench() -> Iterator[Bench]:
    """Return a runtime in which a test starts processes; they are stopped after it."""
    bench = Bench()
    yield bench
    bench.end()
