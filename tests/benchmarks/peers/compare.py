"""Compares us with other job processors: rounds in which each takes its turn, and a table with ratios.

Run: python tests/benchmarks/peers/compare.py PEERS_DIR verk_actors sidekiq repid … --venvs DIR
         [--measures drain,latency,io,fail,enqueue,idle] [--rounds N] [--out FILE] [--server PROGRAM]

PEERS_DIR holds the harness (bench.py, adapters.py and so on); its setup.sh makes the virtual environments. A server of
our own is started on the loopback interface, without persistence. The rows are appended to FILE, a line of JSON each;
`--report` prints the table of a FILE and measures nothing.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
sys.path.insert(1, str(HERE.parents[2]))

import table  # noqa: E402

from verk_actors import embedded  # noqa: E402

CONCURRENCY = 25
DRAIN_SECONDS = 3.0  # a drain is sized to take about so long
MOST_JOBS = 150_000
TOGETHER = ("latency", "idle")  # measured side by side, each in a database of its own: they load nothing


class Harness:
    """The peers' harness, with us and Sidekiq among its adapters.

    Args:
        directory: where it is.
        scratch: for a stand-in of an interpreter.
    """

    def __init__(self, directory: Path, scratch: Path) -> None:
        sys.path.insert(0, str(directory))
        self.bench = importlib.import_module("bench")
        self.adapters = importlib.import_module("adapters")
        self._sizes: dict[str, int] = {}
        self._add_us()
        self._add_sidekiq(scratch / "sidekiq")

    def _add_us(self) -> None:
        command = [sys.executable, str(HERE / "worker_verk_actors.py")]
        path = os.pathsep.join([str(HERE), str(HERE.parents[2])])
        self.adapters.add(
            "verk_actors", sys.prefix, "app_verk_actors", lambda procs, conc, kind, url: [command] * procs,
            packages=("verk-actors", "redis", "hiredis", "msgspec"), env={"PYTHONPATH": path},
            note="25 threads; two processes are two nodes",
        )  # fmt: skip

    def _add_sidekiq(self, home: Path) -> None:
        """Add Sidekiq, whose interpreter is a script that hands what is asked of produce.py to Ruby."""
        program = HERE / "sidekiq.rb"
        (home / "bin").mkdir(parents=True)
        stand_in = home / "bin" / "python"
        stand_in.write_text(f'#!/bin/sh\nshift 2\nexec ruby "{program}" produce "$@"\n')
        stand_in.chmod(0o700)
        self.adapters.add(
            "sidekiq", str(home), "sidekiq",
            lambda procs, conc, kind, url: [["sidekiq", "-r", str(program), "-c", str(conc), "-q", "bench"]] * procs,
            note="25 threads; two processes are two of its own",
        )  # fmt: skip

    def measure(self, name: str, measure: str, save: Callable[..., None]) -> None:
        """Measure one peer once."""
        adapter = self.adapters.ALL[name]
        if measure != "drain":
            self.bench.MEASURES[measure](adapter, 1, CONCURRENCY, 1, save)
            return
        if name not in self._sizes:
            sizing = self.bench.drain(adapter, 1, CONCURRENCY, "noop", adapter.n0)
            self._sizes[name] = min(max(int(sizing["rate"] * DRAIN_SECONDS), 200), MOST_JOBS)
        save("drain", 1, self.bench.drain(adapter, 1, CONCURRENCY, "noop", self._sizes[name]))

    def measure_together(self, names: list[str], measure: str, save_of: Callable[[str], Callable[..., None]]) -> None:
        """Measure all at once what a peer does when it has next to nothing to do."""
        function = getattr(self.bench, measure)

        def one(name: str, database: int) -> None:
            guarded(save_of(name), measure, lambda save: function(self.adapters.ALL[name], CONCURRENCY, database, save))

        threads = [threading.Thread(target=one, args=pair) for pair in zip(names, range(1, 99), strict=False)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def versions(self, name: str) -> str:
        """Return what a peer runs on."""
        if name == "sidekiq":
            return os.popen("sidekiq --version; ruby --version").read().replace("\n", " ").strip()
        return self.bench.versions(self.adapters.ALL[name])


def guarded(save: Callable[..., None], measure: str, run: Callable[[Callable[..., None]], None]) -> None:
    """Run, and save what goes wrong with a peer in place of its figures."""
    try:
        run(save)
    except Exception as error:
        save(measure, 1, {"error": repr(error)[:300]})


def compare(harness: Harness, options: argparse.Namespace) -> None:
    """Measure in rounds, appending each row to the file."""
    versions = {name: harness.versions(name) for name in options.peers}
    mutex = threading.Lock()

    def save_of(name: str) -> Callable[..., None]:
        def save(measure: str, procs: int, row: Mapping[str, Any]) -> None:
            told = {"peer": name, "measure": measure, "round": number, "at": time.strftime("%Y-%m-%d %H:%M:%S")}
            told |= {"load": os.getloadavg()[0], "versions": versions[name], **row}
            with mutex, options.out.open("a") as file:
                file.write(json.dumps(told) + "\n")
            brief = {key: round(row[key], 2) for key in ("rate", "p50", "p95", "cpu_pct", "cmds_s") if row.get(key)}
            print(name, measure, row.get("error", brief), flush=True)

        return save

    for number in range(1, options.rounds + 1):
        for measure in options.measures:
            if measure in TOGETHER:
                harness.measure_together(options.peers, measure, save_of)
                continue
            # Each round begins with another peer: what follows whom is no peer's advantage.
            turn = number % len(options.peers)
            for name in options.peers[turn:] + options.peers[:turn]:
                guarded(save_of(name), measure, lambda save, name=name, m=measure: harness.measure(name, m, save))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path, help="the harness")
    parser.add_argument("peers", nargs="*", default=[])
    parser.add_argument("--venvs", type=Path, default=None)
    parser.add_argument("--measures", type=lambda text: text.split(","), default=["drain", "latency"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("peers.jsonl"))
    parser.add_argument("--server", default=shutil.which("redis-server") or "")
    parser.add_argument("--report", action="store_true")
    options = parser.parse_args()
    if not options.report:
        measure_all(options)
    print(table.markdown([json.loads(line) for line in options.out.read_text().splitlines()]))


def measure_all(options: argparse.Namespace) -> None:
    """Start a server, measure, stop it."""
    if options.venvs:
        os.environ["PEERS_VENVS"] = str(options.venvs.resolve())
    if options.server:
        os.environ["VERK_REDIS_SERVER"] = options.server
    with tempfile.TemporaryDirectory() as name:
        scratch, port = Path(name), free_port()
        os.environ["BENCH_REDIS_URL"] = f"redis://127.0.0.1:{port}/0"
        os.environ["BENCH_LOGS"] = name
        embedded.ensure(scratch / "redis", port=port, fsync="no")
        try:
            harness = Harness(options.directory.resolve(), scratch)
            harness.bench.Redis()("CONFIG", "SET", "appendonly", "no")
            compare(harness, options)
        finally:
            embedded.stop(scratch / "redis")


if __name__ == "__main__":
    main()
