"""Samples a node while it drains, and draws who holds the interpreter: docs/images/drain.svg.

Run: python tests/benchmarks/figures/profile.py [--jobs N] [--folded FILE]
Needs py-spy, and the right to look into another process.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).parents[2]
sys.path.insert(0, str(TESTS))
sys.path.insert(1, str(TESTS.parent))

from benchmarks.figures.document import IMAGES  # noqa: E402
from benchmarks.figures.flame import flame_graph, shares, tree  # noqa: E402

from verk_actors.cli.bench.drains import drain_noops  # noqa: E402
from verk_actors.cli.bench.ground import Ground  # noqa: E402
from verk_actors.cli.bench.nodes import Nodes  # noqa: E402
from verk_actors.daemon.signals import ENDINGS, Signals  # noqa: E402

SAMPLES_PER_SECOND = 400
THREAD = re.compile(r"thread \([^)]*\): ?")
NUMBER = re.compile(r"[_\d]+$")
PLACE = re.compile(r"\((?:[^()]*/)?([^/():]+):\d+\)$")


def sample(jobs: int) -> list[str]:
    """Return the stacks that held the interpreter while so many no-op jobs were drained."""
    with Signals(*ENDINGS) as signals, tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        ground = Ground(None, directory, signals)
        try:
            with Nodes(ground) as nodes:
                folded = directory / "folded"
                spy = [
                    *("py-spy", "record", "--gil", "--threads", "--function", "--format", "raw"),
                    *("--rate", str(SAMPLES_PER_SECOND), "-o", str(folded), "-p", str(nodes.pids[0])),
                ]
                with subprocess.Popen(spy, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as spying:
                    drained = drain_noops(ground, nodes, jobs)
                    spying.send_signal(2)
                    spying.wait(60)
                print(f"{drained.rate:,.0f} jobs/s under the profiler", file=sys.stderr)
                return folded.read_text().splitlines()
        finally:
            ground.close()


def by_actor(line: str) -> str:
    """Return a stack with its thread named by the actor, so that the 25 workers are one, and without lines."""
    stack, _, count = line.rpartition(" ")
    thread, *frames = stack.split(";")
    actor = NUMBER.sub("", THREAD.sub("", thread)) or "main"
    calls = [PLACE.sub(r"(\1)", frame) for frame in frames if "(threading.py" not in frame]
    return f"{';'.join([actor, *calls])} {count}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=400_000)
    parser.add_argument("--folded", type=Path, default=None, help="keep the stacks there")
    options = parser.parse_args()
    lines = sample(options.jobs)
    if options.folded:
        options.folded.write_text("\n".join(lines))
    root = tree(by_actor(line) for line in lines)
    (IMAGES / "drain.svg").write_text(flame_graph("Who holds the interpreter while no-op jobs drain", root))
    for name, share in shares(root).items():
        print(f"{share:6.1%}  {name}")


if __name__ == "__main__":
    main()
