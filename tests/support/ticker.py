"""A node in a process of its own that enqueues periodic jobs and runs none, until its standard input ends."""

from __future__ import annotations

import sys

from verk_actors.settings.config import Config
from verk_actors.tree.actor_system import ActorSystem


def main() -> None:
    """Run the node on the Redis that the first argument names."""
    system = ActorSystem.start(Config(redis_url=sys.argv[1], presence=False))
    print("up", flush=True)
    sys.stdin.read()
    system.stop()


if __name__ == "__main__":
    main()
