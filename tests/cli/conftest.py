"""What the tests of the command share: a client of the empty server, and a node that runs."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.commands import RunningNode

from verk_actors.cli import main
from verk_actors.client import Client
from verk_actors.settings.config import Config


@pytest.fixture
def client(redis_url: str) -> Iterator[Client]:
    """Return a client of the empty server."""
    with Client(Config(redis_url=redis_url)) as client:
        yield client


@pytest.fixture
def node(tmp_path: Path, redis_url: str) -> Iterator[RunningNode]:
    """Return a node n1 with three workers of the queue default, in a process of its own."""
    with RunningNode(tmp_path, redis_url, "--node-id", "n1", queue="default:3") as node:
        yield node.expect_up()


@pytest.fixture
def verk_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return the command without a process of its own, which is quicker where none is needed."""
    for name in [name for name in os.environ if name.startswith("VERK_") and name != "VERK_REDIS_SERVER"]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as end:
            main(list(arguments), prog_name="verk")
        said = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, int(end.value.code or 0), said.out, said.err)

    return run


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return a function that has somebody at a terminal answer the next question."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    return lambda answer: monkeypatch.setattr(sys, "stdin", Terminal(f"{answer}\n"))
