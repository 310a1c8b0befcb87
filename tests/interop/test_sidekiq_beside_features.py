"""A real Sidekiq on one Redis with batches, workflows, limits and periodic jobs: neither disturbs the other.

What Verk and Exq read is what Sidekiq reads, and Verk's own keys of nodes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from redis import Redis
from support.eventually import eventually
from support.featured import OURS, Featured, FeaturedKit, add_features, dump_of_ours
from support.nodes import Node, running_node
from support.sidekiq import Console, Web, make_all_due

from verk_actors.events import JobFailed
from verk_actors.settings.config import Config
from verk_actors.tree.messages import Tick
from verk_actors.wire.job import Job

pytestmark = pytest.mark.needs("ruby", "sidekiq")

PAGES = {
    "/": ["1 Dead", "3 Enqueued"],
    "/busy": ["1 Busy", "Narrow 0"],
    "/queues": ["default 0", "waiting 3"],
    "/queues/waiting": ['"waits"'],
    "/retries": [],
    "/scheduled": [],
    "/morgue": ['Bad "<b>" ValueError: bad <b>'],
}
OTHERS = ("queue:", "inprogress:", "stat:", "verk:node:", "verk:process:", "j|", "h|", "verk:reply:", "verk:requests:")
KNOWN = {"queues", "retry", "schedule", "dead", "processes", "verk_nodes", "ran"}


@pytest.fixture
def node(config: Config) -> Iterator[Node]:
    with running_node(config, FeaturedKit(), queues={"default": 2}, node_id="web-1") as node:
        yield node


@pytest.fixture
def features(node: Node, redis: Redis) -> Featured:
    return add_features(node, redis)


def test_sidekiq_shows_what_is_its_and_leaves_our_keys_alone(
    node: Node, features: Featured, ruby: Console, web: Web, redis: Redis
) -> None:
    before = dump_of_ours(redis)
    node.whereis("presence").ask(Tick())
    for path, parts in PAGES.items():
        page = web.get(path)
        assert page.status == 200, path
        assert [part for part in parts if part not in page.text] == [], page.text

    assert ruby("Sidekiq::WorkSet.new.map { |_, _, work| work['payload']['jid'] }") == [features.running]
    assert set(ruby("Sidekiq::Queue.all.map(&:name)")) == {"default", "waiting"}
    assert ruby("Sidekiq::DeadSet.new.map { |job| job['verk_batch'] }") == [features.batch]
    assert dump_of_ours(redis) == before


def test_no_key_of_ours_is_one_that_verk_exq_or_sidekiq_has(node: Node, features: Featured, redis: Redis) -> None:
    names = {name for key in redis.scan_iter() if not re.match(r"\w+:\d+:\w+", name := key.decode())}  # its processes

    assert {name for name in names if not name.startswith((*OURS, *OTHERS))} <= KNOWN
    assert redis.smembers("queues") == {b"default", b"waiting"}
    assert redis.smembers("verk_nodes") == {b"web-1"}


def test_a_member_that_sidekiq_moves_stays_one_and_ends_its_batch(node: Node, web: Web, redis: Redis) -> None:
    batch = node.client.batch(
        [Job(queue="default", class_="FailsOnce", args=["<b>"])],
        on_success=Job(queue="waiting", class_="Good", args=["done"]),
    )
    node.log.expect(JobFailed)

    page = web.get("/retries")
    web.press(page, "retry", keys=page.keys)
    make_all_due(redis)

    eventually(lambda: redis.llen("queue:waiting") == 1, "the callback")
    assert json.loads(redis.lindex("queue:waiting", 0))["args"] == ["done"]
    status = batch.status()
    assert status is not None and status.state == "succeeded"
