"""The nodes of a benchmark: processes of `verk run`, with the jobs that are in `jobs.py`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

import verk_actors
from verk_actors.cli.bench import usage
from verk_actors.cli.bench.ground import Ground
from verk_actors.cli.bench.jobs import marked
from verk_actors.cli.bench.marks import VARIABLE, Mark, read
from verk_actors.cli.bench.stock import payloads, push
from verk_actors.errors import VerkError
from verk_actors.wire.job import Job

QUEUE, WORKERS = "default", 25
_LOOK_SECONDS = 0.05  # a look costs what some jobs cost
_STOP_SECONDS = 1.0
_WARM = -1
"""The number of the jobs that only show that a process is there."""

QueueTable = Mapping[str, str | int | float]
"""The keys of a queue in verk.toml."""


class Nodes:
    """Runs while the context lasts; stopped at its end, or killed.

    Args:
        ground: where.
        count: how many node processes.
        queues: the settings of each queue.
        log_level: from which on lines are written, to a file.
        answering: how many processes run jobs; as many as there are nodes, unless workers have their own.
        warm_with: a job that marks that it ran; one that the queues' executor can run.
        settings: of the node, by the keys of verk.toml.
    """

    def __init__(
        self,
        ground: Ground,
        *,
        count: int = 1,
        queues: Mapping[str, QueueTable] | None = None,
        log_level: str = "warning",
        answering: int | None = None,
        warm_with: Job | None = None,
        **settings: str | int | float,
    ) -> None:
        self._ground = ground
        self._queues = {QUEUE: {"size": WORKERS}} if queues is None else queues
        self._log_level = log_level
        self._answering = count if answering is None else answering
        self._warm_with = marked.job(_WARM, "") if warm_with is None else warm_with
        self._settings = settings
        self._count = count
        self._processes: list[subprocess.Popen[bytes]] = []
        self._directory = Path(tempfile.mkdtemp(dir=ground.directory))

    def __enter__(self) -> Self:
        try:
            self._ground.clear()
            (self._directory / "verk.toml").write_text(self._toml())
            self._processes.extend(self._start(number) for number in range(self._count))
            self._warm_up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.terminate()  # so that it waits for its own children, whose CPU time counts as ours only then
        for process in self._processes:
            with process:  # closes its standard input, and waits for it
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_STOP_SECONDS)
                process.kill()
        self._ground.clear()

    @property
    def pids(self) -> list[int]:
        """The processes of the nodes."""
        return [process.pid for process in self._processes]

    def cpu_seconds(self) -> float:
        """Return the CPU time that the nodes have used."""
        return sum(map(usage.cpu_seconds, self.pids))

    def marks(self) -> list[Mark]:
        """Return the marks that jobs have set."""
        return [mark for mark in read(self._directory / "marks") if mark.number != _WARM]

    def lines(self) -> int:
        """Return how many lines the nodes have logged."""
        return sum(log.read_bytes().count(b"\n") for log in self._directory.glob("log*"))

    def wait_until_marked(self, count: int, watch: Callable[[], object] = lambda: None) -> list[Mark]:
        """Return the marks, once there are so many; calls `watch` each time it looks."""

        def are_there() -> bool:
            watch()
            return self._alive() and len(self.marks()) >= count

        self._ground.wait_until(are_there, f"{count} jobs have run", _LOOK_SECONDS)
        return self.marks()

    def _start(self, number: int) -> subprocess.Popen[bytes]:
        command = [
            *(sys.executable, "-m", "verk_actors", "run", "--log-level", self._log_level),
            *("-r", "verk_actors.fleet.leashed", "-r", "verk_actors.cli.bench.jobs"),
        ]
        kept = {key: value for key, value in os.environ.items() if not key.startswith("VERK_")}
        package = str(Path(verk_actors.__file__).parent.parent)
        variables = {
            "PYTHONPATH": os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")])),
            "VERK_REDIS_URL": self._ground.url,
            VARIABLE: str(self._directory / "marks"),
        }
        with (self._directory / f"log{number}").open("wb") as log:
            return subprocess.Popen(
                command, cwd=self._directory, env=kept | variables,
                stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def _toml(self) -> str:
        lines = [f"{key} = {json.dumps(value)}" for key, value in self._settings.items()]
        for name, table in self._queues.items():
            lines += [f"[queues.{json.dumps(name)}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
        return "\n".join(lines)

    def _warm_up(self) -> None:
        """Have jobs run until each process has shown itself, and has its code warm."""
        queue = next(iter(self._queues))
        seen: set[int] = set()
        path = self._directory / "marks"

        def all_seen() -> bool:
            self._alive()
            seen.update(mark.pid for mark in read(path))
            return len(seen) >= self._answering

        while not all_seen():
            push(self._ground, queue, payloads(self._warm_with, queue, [_WARM] * 4 * self._answering))
            self._ground.pause(0.02)
        self.settled()

    def processed(self) -> int:
        """Return how many runs Redis has counted."""
        return int(self._ground.pool.call("GET", self._ground.keys.processed) or 0)

    def settled(self) -> None:
        """Wait until nothing waits and nothing is in progress."""
        keys, call = self._ground.keys, self._ground.pool.call

        def is_settled() -> bool:
            held = [keys.queue(queue) for queue in self._queues]
            return self._alive() and not any(call("LLEN", key) for key in held) and not self._in_progress()

        self._ground.wait_until(is_settled, "all jobs are settled")

    def _in_progress(self) -> int:
        return len(self._ground.pool.call("KEYS", self._ground.keys.in_progress("*", "*")))

    def _alive(self) -> bool:
        for number, process in enumerate(self._processes):
            if (code := process.poll()) is not None:
                log = (self._directory / f"log{number}").read_text(errors="replace")[-2000:]
                raise VerkError(f"a node ended with exit code {code}: {log}")
        return True
