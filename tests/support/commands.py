"""The command `verk` as a process of its own, and the jobs that its nodes run in tests."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import pytest
import redis as redis_py

from support.eventually import DEADLINE_SECONDS

VERK = [sys.executable, "-m", "verk_actors"]

JOBS = '''
import os
import redis
from verk_actors import worker
from verk_actors.otp import current

client = redis.Redis.from_url(os.environ["JOBS_REDIS"], socket_timeout=None)

@worker
def Note(key):
    """Runs, and is done."""
    client.rpush("ran", key)

@worker
def Wait(key):
    """Runs until the test opens the gate for one."""
    client.rpush("started", key)
    client.blpop("gate")
    client.rpush("ran", key)

@worker
def Kill(name):
    """Kills a process of its own node."""
    current().whereis(name).kill()
'''


def environment(**variables: str) -> dict[str, str]:
    """Return this process's variables without those that would configure the command, and these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VERK_")}
    server = {name: value for name, value in os.environ.items() if name == "VERK_REDIS_SERVER"}
    # PYTHONSAFEPATH as for a console script: the current directory is not on the path by itself.
    return kept | server | {"PYTHONSAFEPATH": "1", "PYTHONUTF8": "1"} | variables


def verk(
    *arguments: str, cwd: Path, deadline_seconds: float = DEADLINE_SECONDS, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return ended([*VERK, *arguments], environment(**variables), cwd, deadline_seconds)


def ended(
    command: Sequence[str],
    env: Mapping[str, str] = os.environ,
    cwd: Path | None = None,
    deadline_seconds: float = DEADLINE_SECONDS,
) -> subprocess.CompletedProcess[str]:
    """Run a Python program to its end; one that hangs fails the test, with where each of its threads is."""
    env = {**env, "PYTHONFAULTHANDLER": "1"}
    pipes: dict[str, Any] = dict.fromkeys(("stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, text=True, **pipes) as process:
        try:
            stdout, stderr = process.communicate(timeout=deadline_seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGABRT)
            pytest.fail("{} hangs\n{}\n{}".format(command, *process.communicate()), pytrace=False)
    return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)


def on_a_terminal(*arguments: str, cwd: Path, **variables: str) -> str:
    """Run the command on a terminal of its own and return all that it wrote there."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*VERK, *arguments], cwd=cwd, env=environment(**variables), stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 65536):
                shown += piece
        except OSError:  # Linux says so when the other end is closed
            pass
        os.close(ours)
    assert process.returncode == 0, shown.decode()
    return shown.decode()


class Command:
    """The command as it runs; killed at the end of the context if it still does.

    Attributes:
        output: what has been read so far, standard error included.
        program: what is run.
    """

    program = VERK

    def __init__(self, *arguments: str, cwd: Path, **variables: str) -> None:
        self.output = ""
        self._process = subprocess.Popen(
            [*self.program, *arguments],
            cwd=cwd,
            env=environment(**variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def expect(self, part: str, count: int = 1) -> None:
        """Read until the output has this part so often."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while self.output.count(part) < count:
            assert self._read(deadline), f"no {part!r} in:\n{self.output}"

    def send(self, signal: int) -> None:
        """Send a signal."""
        self._process.send_signal(signal)

    def freeze(self) -> None:
        """Stop it, and wait until it stands still: threads run on until one of them has heard of the signal."""
        self.send(signal.SIGSTOP)
        os.waitid(os.P_PID, self._process.pid, os.WSTOPPED)

    def exit_code(self) -> int:
        """Wait for the end, and return its exit code."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while self._read(deadline):
            pass
        return self._process.wait(max(0.0, deadline - time.monotonic()))

    def _read(self, deadline: float) -> bool:
        """Read a piece; False at the end of the output, or when it is too late."""
        stdout = self._process.stdout
        assert stdout is not None
        if not select.select([stdout], [], [], max(0.0, deadline - time.monotonic()))[0]:
            return False
        piece = os.read(stdout.fileno(), 65536)
        self.output += piece.decode(errors="replace")
        return bool(piece)


class RunningNode(Command):
    """`verk run` with the test jobs; `expect_up` waits until it runs."""

    def __init__(self, cwd: Path, redis_url: str, *arguments: str, queue: str = "default:25", **variables: str) -> None:
        (cwd / "jobs.py").write_text(JOBS)
        options = ["run", "-r", "jobs", "--redis", redis_url, "-q", queue, *arguments]
        super().__init__(*options, cwd=cwd, **{"JOBS_REDIS": redis_url} | variables)

    def expect_up(self) -> Self:
        """Wait until it says so."""
        try:
            self.expect(" runs; queues: ")
        except AssertionError:
            self.__exit__()
            raise
        return self


def wait_pushed(redis: redis_py.Redis, key: str, count: int) -> list[str]:
    """Wait until jobs have pushed that many values, and take them."""
    values = []
    for _ in range(count):
        found = redis.blpop([key], timeout=int(DEADLINE_SECONDS))
        assert found is not None, f"{key} has only {values}"
        values.append(found[1].decode())
    return values
