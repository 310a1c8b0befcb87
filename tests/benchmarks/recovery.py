"""How long the jobs of a killed node wait until another runs them: from kill -9 to the last one's start, in heartbeats.

Run: python tests/benchmarks/recovery.py [--kills N] [--jobs N] [--heartbeat SECONDS] [--seed N]
A lease lasts two heartbeats, so a kill right after one can't be noticed sooner than that.
"""

from __future__ import annotations

import argparse
import logging
import queue
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from verk_actors import ActorSystem, Client, Config, PauseQueue, ResumeQueue, embedded, worker
from verk_actors.jobs.registry import Registry
from verk_actors.store.exchange import InProgress
from verk_actors.store.pool import Pool
from verk_actors.wire.keys import Keys

QUEUE, VICTIM = "default", "victim"
LOOK_SECONDS = 0.002
LONGEST_SECONDS = 60.0  # only a hang takes that long
NEVER = threading.Event()

PEERS, VICTIMS = Registry(), Registry()
STARTS: queue.Queue[float] = queue.Queue()


@worker(registry=VICTIMS, name="Recover")
def stay() -> None:
    """Run until the process is killed."""
    NEVER.wait()


@worker(registry=PEERS, name="Recover")
def note() -> None:
    """Note the start."""
    STARTS.put(time.monotonic())


def settings(url: str, heartbeat_seconds: float, workers: int) -> dict[str, object]:
    """Return what both nodes are told."""
    return {"queues": {QUEUE: workers}, "redis_url": url, "heartbeat_seconds": heartbeat_seconds}


def kill_one(client: Client, held: InProgress, peer, options: argparse.Namespace, chance: random.Random) -> float:
    """Let a node take the jobs, kill it at any moment between two heartbeats; return the seconds until all have run."""
    peer.ask(PauseQueue(QUEUE), timeout=LONGEST_SECONDS)
    for _ in range(options.jobs):
        client.enqueue(note.job())
    with subprocess.Popen([sys.executable, __file__, "--victim", options.url, *sys.argv[1:]]) as victim:
        while held.count() < options.jobs:
            NEVER.wait(LOOK_SECONDS)
        NEVER.wait(chance.uniform(0, options.heartbeat))
        victim.kill()
        killed_at = time.monotonic()
    peer.ask(ResumeQueue(QUEUE), timeout=LONGEST_SECONDS)
    return max(STARTS.get(timeout=LONGEST_SECONDS) for _ in range(options.jobs)) - killed_at


def measure(options: argparse.Namespace) -> list[float]:
    """Kill as many nodes as told; return for each the heartbeats until its jobs had run."""
    config = Config(**settings(options.url, options.heartbeat, options.jobs))
    chance = random.Random(options.seed)
    pool = Pool(config.redis_url, name="recovery")
    held = InProgress(pool, Keys(), QUEUE, VICTIM)
    peer = ActorSystem.start(config, PEERS)
    try:
        with Client(config) as client:
            return [kill_one(client, held, peer, options, chance) / options.heartbeat for _ in range(options.kills)]
    finally:
        peer.stop()
        pool.close()


def main() -> None:
    """Be a victim, or measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--jobs", type=int, default=8)
    parser.add_argument("--heartbeat", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--victim", dest="url", help=argparse.SUPPRESS)
    options = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    if options.url:
        config = Config(node_id=VICTIM, **settings(options.url, options.heartbeat, options.jobs))
        ActorSystem.start(config, VICTIMS)
        NEVER.wait()
    with tempfile.TemporaryDirectory() as directory:
        options.url = embedded.ensure(directory).url
        try:
            heartbeats = measure(options)
        finally:
            embedded.stop(directory)
    times = f"mean {statistics.mean(heartbeats):.2f}, max {max(heartbeats):.2f}, min {min(heartbeats):.2f} heartbeats"
    print(f"{times} of {options.heartbeat:g} s until the {options.jobs} jobs of a killed node ran again")
    print(f"{options.kills} kills")


if __name__ == "__main__":
    main()
