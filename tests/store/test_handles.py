"""A member of a set has a short name, by which it is found again."""

from __future__ import annotations

import math

import pytest

from verk_actors.store.handles import InvalidHandle, handle_of
from verk_actors.store.job_sets import DeadSet

NOW = 1_700_000_000.5


@pytest.fixture
def dead(connection, keys):
    """Return the dead set, still empty."""
    return DeadSet([connection], keys, lambda: NOW)


def test_members_are_found_again_by_their_handles(dead, redis, keys):
    members = {b"a%d" % number: NOW for number in range(2000)} | {b"b": 1e17, b"c": math.inf, b"d": -1.5}
    redis.zadd(keys.dead, members)
    wanted = [b"a7", b"a1999", b"b", b"c", b"d"]

    handles = [handle_of(payload, members[payload]) for payload in wanted]

    assert sorted(dead.by_handles(handles)) == sorted(wanted)
    redis.zrem(keys.dead, b"a7")
    redis.zadd(keys.dead, {b"b": 5})
    assert sorted(dead.by_handles(handles)) == [b"a1999", b"c", b"d"]
    assert dead.by_handles([]) == []


@pytest.mark.parametrize("handle", ["", "x", "x-1", "nan-1"])
def test_a_text_that_is_no_handle_is_refused(dead, handle):
    with pytest.raises(InvalidHandle, match="is no handle"):
        dead.by_handles([handle])
