"""Adds a queue to a running node and removes it again.

Shows: AddQueue, RemoveQueue, Status, the errors for a queue that runs already or doesn't.
Run: python examples/04_add_and_remove_queues.py
"""

from __future__ import annotations

from queue import SimpleQueue

from a_redis import a_redis

from verk_actors import ActorSystem, AddQueue, Client, Config, RemoveQueue, Status, VerkError, worker

sent: SimpleQueue[str] = SimpleQueue()


@worker(queue="mail")
def send(to: str) -> None:
    sent.put(f"sent to {to}")


def main(redis_url: str) -> None:
    config = Config(redis_url=redis_url)  # no queues yet
    system = ActorSystem.start(config)
    client = Client(config)

    system.ask(AddQueue("mail", 5))
    client.enqueue(send.job("ann"))
    print(sent.get(timeout=10))
    print({name: queue.size for name, queue in system.ask(Status()).queues.items()})

    for message in (AddQueue("mail"), RemoveQueue("post")):
        try:
            system.ask(message)
        except VerkError as error:
            print(f"{type(error).__name__}: {error}")

    system.ask(RemoveQueue("mail"))  # running jobs may end; those that wait stay in Redis
    client.enqueue(send.job("bob"))
    print("jobs that wait:", client.queue("mail").count())

    system.ask(AddQueue("mail", 5))
    print(sent.get(timeout=10))
    system.stop()
    client.close()


if __name__ == "__main__":
    with a_redis() as url:
        main(url)

# Output:
#   sent to ann
#   {'mail': 5}
#   QueueAlreadyAdded: this node runs the queue 'mail' already
#   QueueNotFound: this node runs no queue 'post'
#   jobs that wait: 1
#   sent to bob
