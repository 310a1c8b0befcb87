"""Tests code that makes jobs, and the jobs, without Redis.

Shows: testing.fake, its assertions, drain, its clock, typed arguments.
Run: python examples/12_test_your_jobs.py
"""

from __future__ import annotations

import attrs

from verk_actors import Client, Config, testing, worker

client = Client(Config())  # as a program has it; no Redis is there, and none is asked


@attrs.frozen
class Order:
    number: int
    items: list[str]


@worker(queue="shop")
def ship(order: Order) -> None:
    print(f"ship {len(order.items)} items of order {order.number}")
    client.schedule(ask_how_it_was.job(order.number), 7 * 86_400)


@worker(max_retry_count=1)
def ask_how_it_was(number: int) -> None:
    raise ConnectionError(f"no mail to {number} today")


def test_a_customer_is_asked_a_week_after_the_order_was_shipped() -> None:
    with testing.fake() as jobs:
        order = Order(7, ["tea", "cup"])
        client.enqueue(ship.job(order))
        jobs.assert_enqueued(ship.job(order), times=1)
        jobs.assert_not_enqueued(ask_how_it_was)

        jobs.drain()
        jobs.assert_enqueued(ask_how_it_was.job(7))
        print("waits:", [job.class_ for job in jobs.scheduled])

        for run in jobs.drain(with_later=True, raises=False):
            print(run.job.class_, "attempt", run.job.attempt, run.fate, run.error)
        print("dead:", [job.error_message for job in jobs.dead])


if __name__ == "__main__":
    test_a_customer_is_asked_a_week_after_the_order_was_shipped()

# Output:
#   ship 2 items of order 7
#   waits: ['ask_how_it_was']
#   ask_how_it_was attempt 1 retry no mail to 7 today
#   ask_how_it_was attempt 2 dead no mail to 7 today
#   dead: ['no mail to 7 today']
