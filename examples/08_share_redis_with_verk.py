"""Writes jobs as Elixir's Verk writes them, and runs jobs of Verk, Sidekiq and Resque.

Shows: wire_format; what is in Redis.
Run: python examples/08_share_redis_with_verk.py
"""

from __future__ import annotations

import json
from queue import SimpleQueue

from a_redis import a_redis

from verk_actors import ActorSystem, Client, Config, Job, worker

said: SimpleQueue[str] = SimpleQueue()

FROM_VERK = rb"""{"args":"[\"Verk\"]","class":"Greeter","enqueued_at":1700000000,"jid":"1","max_retry_count":25,
    "queue":"default","retry_count":0}"""
FROM_SIDEKIQ = rb"""{"retry":true,"queue":"default","class":"Greeter","args":["Sidekiq"],"jid":"2",
    "created_at":1700000000.5,"enqueued_at":1700000000.5}"""
FROM_RESQUE = rb'{"class":"Greeter","args":["Resque"]}'


@worker(name="Greeter")  # the name that the others use
def greet(who: str) -> None:
    said.put(f"hello {who}")


def main(redis_url: str) -> None:
    config = Config(queues={"default": 1}, redis_url=redis_url, wire_format="verk")
    with Client(config) as client:
        client.enqueue(greet.job("you"))
        [job] = client.queue("default").range()
        assert isinstance(job, Job) and job.payload is not None
        written = json.loads(job.payload)
        print("keys:", ", ".join(written)[:52], "...")
        print("args:", repr(written["args"]))

        client.queue("default").push(FROM_VERK, FROM_SIDEKIQ, FROM_RESQUE)
        system = ActorSystem.start(config)
        for _ in range(4):
            print(said.get(timeout=10))
        system.stop()


if __name__ == "__main__":
    with a_redis() as url:
        main(url)

# Output:
#   keys: args, class, created_at, enqueued_at, error_backtrac ...
#   args: '["you"]'
#   hello you
#   hello Verk
#   hello Sidekiq
#   hello Resque
