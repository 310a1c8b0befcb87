"""A program that enqueues what it is told: a line of JSON with operations is answered by a line with the jids."""

from __future__ import annotations

import json
import sys

from verk_actors.client import Client, Scheduled
from verk_actors.settings.config import Config
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.wire.job import Job


def unique(token: str) -> Job:
    """Return a job of that token."""
    return Job(class_="C", args=[], queue=f"q{len(token)}", unique_for=60, unique_token=token)


def main(url: str) -> None:
    """Serve until there are no more lines."""
    with Client(Config(redis_url=RedisUrl(url))) as client:
        for line in sys.stdin:
            jids: list[str] = []
            for operation, tokens in json.loads(line):
                jobs = [unique(token) for token in tokens]
                if operation == "enqueue":
                    jids += [client.enqueue(job, on_conflict="return") for job in jobs]
                elif operation == "schedule":
                    jids += [client.schedule(job, 3600, on_conflict="return") for job in jobs]
                else:
                    halves: list[Job | Scheduled] = [
                        Scheduled(job, 3600) if at % 2 else job for at, job in enumerate(jobs)
                    ]
                    jids += client.enqueue_many(halves)
            print(json.dumps(jids), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
