"""The names of keys: Verk's and Sidekiq's, apart from each other, and movable under a namespace."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from verk_actors.wire.keys import Keys

NAMES = st.text("abzABZ019_.-", min_size=1, max_size=12)
DAY = date(2026, 11, 22)


def all_keys(keys: Keys, queue: str, node: str) -> list[str]:
    of_the_queue = [keys.queue(queue), keys.in_progress(queue, node)]
    of_the_node = [keys.node(node), keys.node_queues(node), keys.requests(node), keys.reply(node)]
    counters = [keys.processed, keys.failed, keys.processed_of(queue), keys.failed_of(queue)]
    of_the_day = [keys.processed_on(DAY), keys.failed_on(DAY)]
    sets = [keys.queues, keys.retry, keys.schedule, keys.dead, keys.nodes, keys.recovered]
    return of_the_queue + of_the_node + counters + of_the_day + sets


def test_the_keys_are_those_of_verk_and_sidekiq() -> None:
    assert all_keys(Keys(), "default", "n1") == [
        "queue:default",
        "inprogress:default:n1",
        "verk:node:n1",
        "verk:node:n1:queues",
        "verk:node:n1:requests",
        "verk:reply:n1",
        "stat:processed",
        "stat:failed",
        "stat:processed:default",
        "stat:failed:default",
        "stat:processed:2026-11-22",
        "stat:failed:2026-11-22",
        "queues",
        "retry",
        "schedule",
        "dead",
        "verk_nodes",
        "verk:recovered",
    ]


def test_a_namespace_is_put_before_each_key() -> None:
    plain, spaced = all_keys(Keys(), "q", "n"), all_keys(Keys("app"), "q", "n")

    assert spaced == [f"app:{key}" for key in plain]


def test_a_moment_counts_for_its_day() -> None:
    assert Keys().processed_on(datetime(2026, 11, 22, 23, 59, tzinfo=UTC)) == "stat:processed:2026-11-22"


@given(st.lists(NAMES, min_size=1, max_size=3, unique=True), st.lists(NAMES, min_size=1, max_size=3, unique=True))
def test_keys_never_collide(queues: list[str], nodes: list[str]) -> None:
    assume(str(DAY) not in queues)
    keys = Keys()
    shared = {keys.queues, keys.retry, keys.schedule, keys.dead, keys.nodes, keys.recovered}
    shared |= {keys.processed, keys.failed, keys.processed_on(DAY), keys.failed_on(DAY)}
    of_queues = {key for q in queues for key in (keys.queue(q), keys.processed_of(q), keys.failed_of(q))}
    of_nodes = {key for n in nodes for key in (keys.node(n), keys.node_queues(n), keys.requests(n), keys.reply(n))}
    of_both = {keys.in_progress(q, n) for q in queues for n in nodes}

    everything = shared | of_queues | of_nodes | of_both
    assert len(everything) == 10 + 3 * len(queues) + 4 * len(nodes) + len(queues) * len(nodes)


@given(NAMES, NAMES)
def test_a_queue_is_found_from_its_key(queue: str, namespace: str) -> None:
    keys = Keys(namespace)

    assert keys.queue_of(keys.queue(queue)) == queue


@pytest.mark.parametrize("key", ["retry", "queue:default", "other:queue:default"])
def test_a_key_that_is_no_queue_of_the_namespace_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="not the key of a queue"):
        Keys("app").queue_of(key)
