"""Enqueues two jobs and runs them, on a node in the same process.

Shows: @worker on a class and on a function, Client, ActorSystem.
Run: python examples/01_enqueue_and_work.py
"""

from __future__ import annotations

from queue import SimpleQueue

from a_redis import a_redis

from verk_actors import ActorSystem, Client, Config, JobClass, worker

results: SimpleQueue[str] = SimpleQueue()


@worker
class Add(JobClass):
    def perform(self, a: int, b: int) -> None:
        results.put(f"{a} + {b} = {a + b}")


@worker(queue="priority")
def greet(name: str) -> None:
    results.put(f"hello {name}")


def main(redis_url: str) -> None:
    config = Config(queues={"default": 25, "priority": 10}, redis_url=redis_url)

    with Client(config) as client:  # needs no node: jobs wait in Redis
        client.enqueue(Add.job(2, 3))  # mypy knows the types of perform
        print("jobs that wait:", client.queue("default").count())

        system = ActorSystem.start(config)
        print(results.get(timeout=10))
        client.enqueue(greet.job("Verk"))
        print(results.get(timeout=10))

        system.stop()  # waits for running jobs
        print("jobs processed:", client.counters.totals().processed)


if __name__ == "__main__":
    with a_redis() as url:
        main(url)

# Output:
#   jobs that wait: 1
#   2 + 3 = 5
#   hello Verk
#   jobs processed: 2
