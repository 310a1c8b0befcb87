"""What a node costs that has nothing to do."""

from __future__ import annotations

import re
from collections import Counter

from verk_actors.cli.bench.drains import Figures
from verk_actors.cli.bench.ground import Ground
from verk_actors.cli.bench.marks import monotonic
from verk_actors.cli.bench.nodes import QUEUE, WORKERS, Nodes

_SETTLE_SECONDS = 1.0


def four_queues(ground: Ground, seconds: int) -> Figures:
    """Watch a node with four idle queues for so many seconds."""
    with Nodes(ground, queues={name: {"size": WORKERS} for name in (QUEUE, "mail", "images", "reports")}) as nodes:
        ground.pause(min(_SETTLE_SECONDS, seconds / 4))
        commands, cpu, began = _commands(ground), nodes.cpu_seconds(), monotonic()
        ground.pause(seconds)
        elapsed, used = monotonic() - began, nodes.cpu_seconds() - cpu
        sent = _commands(ground) - commands - Counter(info=1)  # the question itself
    return {"% of a core": used / elapsed * 100, "commands/s": sent.total() / elapsed}


def _commands(ground: Ground) -> Counter[str]:
    """Return how often each command has been called, those within scripts included."""
    stats = ground.info("commandstats")
    return Counter({name.removeprefix("cmdstat_"): _calls(text) for name, text in stats.items() if "cmdstat" in name})


def _calls(text: str) -> int:
    found = re.match(r"calls=(\d+)", text)
    return int(found[1]) if found else 0
