"""Plants one mistake after another in a module, and prints those that its tests don't notice.

    python tests/mutation/mutate.py verk_actors/wire/splice.py tests/wire/test_splice.py [TESTS ...]

`--also TESTS` are slower ones, run for what the others don't notice. `--again FILE` tries only what an earlier run
printed into that file. Works on a copy of the repository, with one server for all; the tests of each mutant run in a
fork of a process that has loaded their tools. By hand, now and then: some seconds for each mutant.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import cattrs  # noqa: F401  loaded once, and not in each fork; as the next are
import hypothesis
import pykka  # noqa: F401
import pytest
import redis  # noqa: F401
import trustme  # noqa: F401
from mutants import Mutant, mutants_of

from verk_actors import embedded

REPOSITORY = Path(__file__).parents[2]
NOT_COPIED = shutil.ignore_patterns(".git", "__pycache__", ".*cache", ".hypothesis", "build")
OPTIONS = [
    "-x", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", "--timeout=30", "--hypothesis-seed=0",
    "-W", "ignore::pytest.PytestAssertRewriteWarning",
]  # fmt: skip


class Bench:
    """A copy of the repository in which tests are run."""

    def __init__(self, directory: Path, redis_url: str) -> None:
        self.copy = directory / "copy"
        shutil.copytree(REPOSITORY, self.copy, ignore=NOT_COPIED)
        self._temporary = directory / "tmp"
        self._redis_url = redis_url

    def passes(self, tests: Sequence[str], timeout_seconds: float) -> bool:
        """Run tests and return whether all pass, in time."""
        pid = os.fork()
        if pid == 0:
            self._run(tests)
        deadline = time.monotonic() + timeout_seconds
        ended = status = 0
        while not ended and time.monotonic() < deadline:
            time.sleep(0.02)  # noqa: TID251  another process runs
            ended, status = os.waitpid(pid, os.WNOHANG)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)  # and servers that it left
        if not ended:
            os.waitpid(pid, 0)
        return bool(ended) and status == 0

    def _run(self, tests: Sequence[str]) -> NoReturn:
        status = 1
        try:
            os.setsid()
            nowhere = os.open(os.devnull, os.O_RDWR)
            for descriptor in (0, 1, 2):
                os.dup2(nowhere, descriptor)
            os.chdir(self.copy)
            os.environ |= {"VERK_TEST_REDIS_URL": self._redis_url, "PYTHONPATH": str(self.copy)}
            sys.dont_write_bytecode = True  # the next mutant may be of the same size and second
            for name in [name for name in sys.modules if name.split(".")[0] == "verk_actors"]:
                del sys.modules[name]
            sys.path[:] = [str(self.copy), *(entry for entry in sys.path if not entry.startswith(str(REPOSITORY)))]
            status = int(pytest.main([*OPTIONS, f"--basetemp={self._temporary}", *tests]))
        finally:
            os._exit(status)


def survivors(bench: Bench, arguments: argparse.Namespace) -> tuple[int, int]:
    """Print the mutants that survive; return how many there were, and how many of them survived."""
    file = bench.copy / arguments.module
    mutants = list(mutants_of(file.read_text()))
    if arguments.again is not None:
        known = {line.partition(": ")[2] for line in arguments.again.read_text().splitlines()}
        mutants = [mutant for mutant in mutants if str(mutant).partition(": ")[2] in known]
    began = time.monotonic()
    if not bench.passes([*arguments.tests, *arguments.also], 300):
        sys.exit("the tests fail without a mistake")
    patience = 15 + 3 * (time.monotonic() - began)

    def survives(mutant: Mutant) -> bool:
        file.write_text(mutant.source)
        return all(bench.passes(tests, patience) for tests in (arguments.tests, arguments.also) if tests)

    found = 0
    for mutant in mutants:
        if survives(mutant):
            found += 1
            print(f"{arguments.module} {mutant}", flush=True)
    return len(mutants), found


def main() -> None:
    """Run the mutants of one module."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("module")
    parser.add_argument("tests", nargs="+")
    parser.add_argument("--also", nargs="*", default=[])
    parser.add_argument("--again", type=Path)
    arguments = parser.parse_args()
    # To make a failing example smaller takes longer than to find it
    phases = [hypothesis.Phase.explicit, hypothesis.Phase.generate]
    hypothesis.settings.register_profile("mutants", phases=phases)
    hypothesis.settings.load_profile("mutants")
    with tempfile.TemporaryDirectory() as scratch:
        server = embedded.ensure(Path(scratch, "redis"), fsync="no")
        try:
            count, survived = survivors(Bench(Path(scratch), server.url), arguments)
        finally:
            embedded.stop(Path(scratch, "redis"))
    print(f"{arguments.module}: {count} mutants, {count - survived} killed, {survived} survive")


if __name__ == "__main__":
    main()
