"""How long the jobs of a killed node wait until another runs them: from kill -9 to the last one's start, in heartbeats.

Run: python tests/benchmarks/recovery.py [--kills N] [--jobs N] [--heartbeat SECONDS] [--seed N]
A lease lasts two heartbeats, so a kill right after one can't be noticed sooner than that.
"""

from __future__ import annotations

import argparse
import logging
import os
import queue
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from verk_actors import ActorSystem, AddQueue, Client, Config, RemoveQueue, embedded, worker
from verk_actors.jobs.registry import Registry

QUEUE = "default"
STARTED = b"started\n"
LONGEST_SECONDS = 60.0  # only a hang takes that long
NEVER = threading.Event()

PEERS, VICTIMS = Registry(), Registry()
STARTS: queue.Queue[float] = queue.Queue()


@worker(registry=VICTIMS, name="Recover")
def stay() -> None:
    """Say that a job has started; run until the process is killed."""
    os.write(sys.stdout.fileno(), STARTED)  # in one piece: its workers do so at once
    NEVER.wait()


@worker(registry=PEERS, name="Recover")
def note() -> None:
    """Note the start."""
    STARTS.put(time.monotonic())


def kill_one(client: Client, peer, options: argparse.Namespace, chance: random.Random) -> float:
    """Let a node start the jobs, kill it at any moment between two heartbeats; return the seconds until all have run.

    That it starts them is its own word: what it holds is taken from it too where it is held up longer than its lease.
    """
    for _ in range(options.jobs):
        client.enqueue(note.job())
    command = [sys.executable, __file__, "--victim", options.url, *sys.argv[1:]]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as victim:
        try:
            for _ in range(options.jobs):
                assert victim.stdout.readline() == STARTED, "the victim ended before it had started all jobs"
            NEVER.wait(chance.uniform(0, options.heartbeat))
        finally:
            victim.kill()
        killed_at = time.monotonic()
    peer.ask(AddQueue(QUEUE, options.jobs), timeout=LONGEST_SECONDS)
    started_at = max(STARTS.get(timeout=LONGEST_SECONDS) for _ in range(options.jobs))
    peer.ask(RemoveQueue(QUEUE), timeout=LONGEST_SECONDS)
    return started_at - killed_at


def measure(options: argparse.Namespace) -> list[float]:
    """Kill as many nodes as told; return for each the heartbeats until its jobs had run."""
    config = Config(redis_url=options.url, heartbeat_seconds=options.heartbeat)
    chance = random.Random(options.seed)
    peer = ActorSystem.start(config, PEERS)
    try:
        with Client(config) as client:
            return [kill_one(client, peer, options, chance) / options.heartbeat for _ in range(options.kills)]
    finally:
        peer.stop()


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
        queues = {QUEUE: options.jobs}
        config = Config(queues=queues, redis_url=options.url, heartbeat_seconds=options.heartbeat)
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
