"""Kills a node that runs a job, as `kill -9` does: another node takes the job over.

Shows: heartbeats and leases; a job may run twice where its node dies.
Run: python examples/07_two_nodes_rescue.py
"""

from __future__ import annotations

import multiprocessing
from multiprocessing.synchronize import Event as Flag
from queue import SimpleQueue
from threading import Event

from a_redis import a_redis

from verk_actors import ActorSystem, Client, Config, worker

ended: SimpleQueue[str] = SimpleQueue()
started: list[Flag] = []  # filled in the process of the first node


@worker
def work() -> None:
    if started:
        started[0].set()
        Event().wait()  # for ever
    ended.put("the job ends on the second node")


def config(redis_url: str, node_id: str) -> Config:
    return Config(queues={"default": 1}, redis_url=redis_url, node_id=node_id, heartbeat_seconds=0.3)


def first_node(redis_url: str, job_has_started: Flag) -> None:
    started.append(job_has_started)
    ActorSystem.start(config(redis_url, "first"))
    Event().wait()


def main(redis_url: str) -> None:
    Client(config(redis_url, "second")).enqueue(work.job())
    spawn = multiprocessing.get_context("spawn")
    job_has_started = spawn.Event()
    node = spawn.Process(target=first_node, args=(redis_url, job_has_started))
    node.start()
    print("the job starts on the first node:", job_has_started.wait(timeout=20))
    node.kill()
    node.join()
    system = ActorSystem.start(config(redis_url, "second"))  # takes over when the lease of the first has run out
    print(ended.get(timeout=20))
    system.stop()


if __name__ == "__main__":
    with a_redis() as url:
        main(url)

# Output:
#   the job starts on the first node: True
#   the job ends on the second node
