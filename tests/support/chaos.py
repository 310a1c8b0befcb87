"""The cluster and the course of `verk chaos`, for tests that choose the faults and look inside."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from verk_actors.cli.chaos.cluster import Cluster
from verk_actors.cli.chaos.faults import FAULTS
from verk_actors.cli.chaos.play import Play
from verk_actors.daemon.signals import Signals


@contextmanager
def playing(
    directory: Path, *, kinds: Collection[str] = tuple(FAULTS), nodes: int = 3, seed: int = 1
) -> Iterator[Play]:
    """Run a cluster in a directory, and lend a play on it."""
    with ExitStack() as stack:
        cluster = stack.enter_context(Cluster(directory, nodes))
        yield Play(cluster, stack.enter_context(Signals()), seed, kinds)


def log_lines(directory: Path) -> list[str]:
    """Return what all nodes have logged."""
    return [line for log in (directory / "logs").iterdir() for line in log.read_text(errors="replace").splitlines()]


def nobody(_: str) -> None:
    """Hear how far a play has come."""
