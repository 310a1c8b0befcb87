"""Lists of jobs whose node is on no list: found twice, they are registered again; what may be another's is left."""

from __future__ import annotations

import pytest

from verk_actors.store.orphans import Orphans

OURS = "web-1-4711-0a1b2c3d"


@pytest.fixture
def orphans(connection, keys) -> Orphans:
    return Orphans(connection, keys)


def test_the_jobs_of_a_node_on_no_list_are_registered_when_they_are_seen_twice(orphans, redis, keys, nodes):
    redis.lpush(keys.in_progress("default", OURS), "job")

    assert orphans.step() == []
    assert nodes.members() == []
    assert orphans.step() == [keys.in_progress("default", OURS)]
    assert nodes.members() == [OURS]
    assert nodes.queues(OURS) == ["default"]
    assert nodes.rescue(OURS, "default").moved == 1


def test_what_is_gone_or_registered_at_the_second_look_is_no_orphan(orphans, redis, keys, nodes):
    redis.lpush(keys.in_progress("default", OURS), "job")
    redis.lpush(keys.in_progress("other", OURS), "job")
    orphans.step()
    redis.delete(keys.in_progress("default", OURS))
    redis.sadd(keys.nodes, OURS)

    assert orphans.step() == orphans.step() == []


@pytest.mark.parametrize("node_id", ["1", "web-1", "3f0e6a1c-22d4-4c8e-9a55-0a1b2c3d4e5f", "verk@host"])
def test_lists_under_ids_that_another_may_have_chosen_are_left_alone(orphans, redis, keys, nodes, node_id):
    redis.lpush(keys.in_progress("default", node_id), "job")

    assert [orphans.step() for _ in range(3)] == [[], [], []]
    assert nodes.members() == []


def test_many_keys_are_looked_at_in_steps(orphans, redis, keys):
    with redis.pipeline() as pipeline:
        for number in range(5000):
            pipeline.set(f"key:{number}", 1)
        pipeline.execute()
    redis.lpush(keys.in_progress("a:b", OURS), "job")
    found = [orphans.step() for _ in range(20)]

    assert [one for one in found if one] == [[keys.in_progress("a:b", OURS)]]
    assert found[0] == found[1] == []
