"""A node in a process of its own that runs members of batches, until its standard input ends."""

from __future__ import annotations

import sys

from verk_actors.jobs.context import current_job
from verk_actors.jobs.job_class import worker
from verk_actors.settings.config import Config
from verk_actors.tree.actor_system import ActorSystem


@worker(backoff=lambda attempt, failure: 0.0)
def member(number: int) -> None:
    """Succeed; each third one at its second run."""
    current = current_job()
    if number % 3 == 0 and current is not None and current.attempt == 1:
        raise ValueError(number)


def main() -> None:
    """Run the node on the Redis that the first argument names."""
    settings = {"heartbeat_seconds": 0.2, "poll_interval_seconds": 0.05, "max_recoveries": 1000, "presence": False}
    system = ActorSystem.start(Config(redis_url=sys.argv[1], queues={"q": 4}, **settings))
    print("up", flush=True)
    sys.stdin.read()
    system.stop()


if __name__ == "__main__":
    main()
