"""Sentinels make the replica the primary while a node works: what was acknowledged runs, and work goes on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.deliveries import Deliveries, settled
from support.nodes import Node, running_node
from support.sentinels import Sentinels
from support.servers import OwnServer

from verk_actors.client import Client
from verk_actors.errors import EnqueueUncertain
from verk_actors.otp import snapshot
from verk_actors.settings.config import Config
from verk_actors.wire.job import Job

pytestmark = pytest.mark.slow  # Sentinels take seconds to agree


@pytest.fixture
def node(sentinels: Sentinels) -> Iterator[Node]:
    """Return a node whose client waits for the replica to have each job."""
    config = Config(redis_url=sentinels.url, wait_replicas=1, wait_replicas_seconds=0.2)
    with running_node(config, queues={"q": 5}, heartbeat_seconds=30.0, block_seconds=0.5) as node:
        yield node


def nobody_works_at(server: OwnServer) -> bool:
    """Return whether those who move jobs have left a server, which would still have them."""
    with server.client() as client:
        names = [connection["name"] for connection in client.client_list()]
    return not any(name.endswith((":client", ":queue:q", ":schedule")) for name in names)


def restarts(node: Node) -> int:
    return sum(info.restarts for info in snapshot(node.system).walk())


@pytest.mark.logs_errors("waiting for questions")  # to the node, which are asked seldom: a wait at the old primary
def test_a_planned_failover_loses_no_acknowledged_job_and_work_goes_on(
    sentinels: Sentinels, node: Node, long: bool
) -> None:
    deliveries, old = Deliveries(node), sentinels.primary
    deliveries.more(200)

    sentinels.start_failover()
    deliveries.until(lambda: sentinels.primary is not old and nobody_works_at(old))
    see_what_is_told_to_those_who_stay(sentinels, old)
    sentinels.demote(old, soon=not long)
    deliveries.more(200)

    deliveries.all_run()
    with sentinels.client() as redis:
        settled(redis)
    assert restarts(node) == 0


def see_what_is_told_to_those_who_stay(sentinels: Sentinels, old: OwnServer) -> None:
    """See that clients of the old primary lose jobs, and know it only if they wait for replicas.

    Such is one that is on the old primary's side of a partition, or knows it by its address.
    """
    with (
        Client(Config(redis_url=old.url)) as trusting,
        Client(Config(redis_url=old.url, wait_replicas=1, wait_replicas_seconds=0.05)) as careful,
        sentinels.client() as redis,
    ):
        trusting.enqueue(Job(queue="s", class_="Good", args=[]))
        with pytest.raises(EnqueueUncertain, match=r"0 of 1 replicas have it after 0\.05 s") as raised:
            careful.enqueue(Job(queue="s", class_="Good", args=[], jid="1"))
        with pytest.raises(EnqueueUncertain):
            careful.schedule(Job(queue="s", class_="Good", args=[]), 60)
        assert raised.value.jid == "1"
        assert trusting.queue("s").count() == 2
        assert redis.exists("queue:s", "schedule") == 0


@pytest.mark.logs_errors("Redis is of no use now")
def test_the_death_of_the_primary_loses_no_acknowledged_job_and_work_goes_on(
    sentinels: Sentinels, node: Node, long: bool
) -> None:
    deliveries, old = Deliveries(node), sentinels.primary
    deliveries.more(200)

    old.kill()
    with sentinels.quick():
        deliveries.until(lambda: sentinels.primary is not old)
    old.start()
    sentinels.demote(old, soon=not long)
    deliveries.more(200)

    deliveries.all_run()
    with sentinels.client() as redis:
        settled(redis)
    assert restarts(node) == 0


@pytest.mark.logs_errors("Redis is of no use now")
def test_a_frozen_primary_that_comes_back_changes_nothing(sentinels: Sentinels, node: Node, long: bool) -> None:
    """What its clients had sent it does then, as a primary that nobody follows, and the Sentinels demote it."""
    deliveries, old = Deliveries(node), sentinels.primary
    deliveries.more(200)

    with old.frozen(), sentinels.quick():
        deliveries.until(lambda: sentinels.primary is not old)
    sentinels.demote(old, soon=not long)
    deliveries.more(200)

    deliveries.all_run()
    with sentinels.client() as redis:
        settled(redis)
    assert restarts(node) == 0
