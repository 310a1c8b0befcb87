"""A batch goes on by what becomes of its members: its callbacks come once each, and its steps one after the other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.eventually import eventually
from support.nodes import Node, running_node

from verk_actors.client.workflow import chain, group
from verk_actors.events import BatchCompleted, BatchProgressed, BatchSucceeded
from verk_actors.jobs.job_class import worker
from verk_actors.settings.config import Config
from verk_actors.store.batch_status import BatchStatus
from verk_actors.wire.job import Job


@pytest.fixture
def node(config: Config) -> Iterator[Node]:
    with running_node(config, queues={"q": 3}) as node:
        yield node


def good(key: object = None) -> Job:
    return Job(class_="Good", args=[key], queue="q")


def bad(key: object = None) -> Job:
    return Job(class_="Bad", args=[key], queue="q", max_retry_count=0)


def status(node: Node, bid: str) -> BatchStatus:
    found = node.client.batches.get(bid)
    assert found is not None
    return found


def test_when_all_members_have_succeeded_both_callbacks_come_once(node: Node) -> None:
    batch = node.client.batch([good(n) for n in range(5)], on_complete=good("complete"), on_success=good("success"))

    eventually(lambda: node.jobs.runs["Good", "complete"] and node.jobs.runs["Good", "success"], "both callbacks")
    node.log.expect(BatchSucceeded)
    assert node.jobs.order[-2:] in (["complete", "success"], ["success", "complete"])
    found = status(node, batch.bid)
    assert (found.state, found.total, found.done, found.pending, found.failed) == ("succeeded", 5, 5, 0, 0)
    assert len(node.log.of(BatchCompleted)) == len(node.log.of(BatchSucceeded)) == 1


def test_it_is_complete_though_some_have_died_and_succeeds_when_they_do_at_last(node: Node) -> None:
    batch = node.client.batch([good(1), bad(2)], on_complete=good("complete"), on_success=good("success"))

    [completed] = node.log.expect(BatchCompleted)
    assert (completed.batch.done, completed.batch.failed) == (1, 1)
    eventually(lambda: node.jobs.runs["Good", "complete"], "on_complete")
    assert status(node, batch.bid).state == "complete"
    assert not node.jobs.runs["Good", "success"]


def test_a_member_that_fails_and_is_retried_keeps_it_running(node: Node) -> None:
    again = Job(class_="BadAtFirst", args=["again"], queue="q")
    node.client.batch([again], on_success=good("success"))

    eventually(lambda: node.jobs.runs["Good", "success"], "success")
    assert node.jobs.runs["BadAtFirst", "again"] == 2


def test_an_empty_batch_ends_at_once(node: Node) -> None:
    with node.client.batch(on_success=good("success")) as batch:
        pass

    eventually(lambda: node.jobs.runs["Good", "success"], "success")
    assert status(node, batch.bid).percent == 100


def test_the_steps_of_a_chain_run_one_after_the_other(node: Node) -> None:
    batch = node.client.batch(chain(good("a"), group(good("b"), good("c")) | good("d")), on_success=good("e"))

    eventually(lambda: node.jobs.runs["Good", "e"], "success")
    assert node.jobs.order in ([*"abcde"], [*"acbde"])
    assert status(node, batch.bid).stage == status(node, batch.bid).stages == 3


def test_a_chain_within_a_group_goes_on_beside_the_others(node: Node) -> None:
    inner = chain(good("b1"), good("b2"))
    batch = node.client.batch(chain(good("a"), group(inner, good("c")), good("d")), on_success=good("e"))

    eventually(lambda: node.jobs.runs["Good", "e"], "success")
    order = node.jobs.order
    assert order.index("a") < order.index("b1") < order.index("b2") < order.index("d") < order.index("e")
    assert order.index("c") < order.index("d")
    assert status(node, batch.bid).total == 4


def test_a_batch_is_a_member_of_its_parent(node: Node) -> None:
    waiting = Job(class_="Waiting", args=["w"], queue="q")
    parent = node.client.batch([waiting], on_success=good("parent"))
    child = node.client.batch([good(1)], parent=parent, on_success=good("child"))
    eventually(lambda: node.jobs.runs["Good", "child"], "child")
    node.log.expect(BatchSucceeded, 1)
    node.log.expect(BatchProgressed)  # of the parent, by the one member that has ended
    assert status(node, parent.bid).total == 2

    node.jobs.gate.open()
    eventually(lambda: node.jobs.runs["Good", "parent"], "parent")
    assert status(node, child.bid).parent == parent.bid


def test_members_and_callbacks_know_their_batch(node: Node) -> None:
    seen: list[str] = []

    @worker(registry=node.jobs.registry, queue="q")
    def grow(number: int) -> None:
        batch = node.client.current_batch()
        assert batch is not None
        seen.append(batch.bid)
        if number:
            batch.add(grow.job(number - 1))

    node.client.batch([grow.job(3)], bid="grows", on_success=grow.job(0))

    eventually(lambda: len(seen) == 5, "callback")
    assert seen == ["grows"] * 5
    assert status(node, "grows").total == 4
