"""What is said of an outage, how often, and how long an actor pauses."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from verk_actors.errors import StoreError, StoreUnavailable
from verk_actors.tree.outage import Outage, ServerTrouble

AWAY = StoreUnavailable("connect", "redis://here", "Connection refused")
FULL = StoreError("exchange", "queue:q", "OOM command not allowed when used memory > 'maxmemory'.")
WRONG_TYPE = StoreError("exchange", "queue:q", "WRONGTYPE Operation against a key")
NO_PASSWORD = StoreUnavailable("connect", "redis://here", "NOAUTH Authentication required.")
WRONG_PASSWORD = StoreUnavailable("connect", "redis://here", "WRONGPASS invalid username-password pair")


def not_permitted(command: str) -> StoreError:
    return StoreError("exchange", "queue:q", f"NOPERM User node has no permissions to run the '{command}' command")


@pytest.fixture
def server() -> ServerTrouble:
    return ServerTrouble()


@pytest.fixture
def lines(caplog) -> Callable[[], list[logging.LogRecord]]:
    caplog.set_level(logging.INFO, "verk_actors")
    return lambda: caplog.records


def longest_pause(error: StoreError) -> float:
    outage = Outage("queue q", ServerTrouble())
    return max(outage.goes_on(error, 0.0) for _ in range(200))


@pytest.mark.logs_errors("Redis is of no use now")
def test_an_outage_is_said_once_by_all_actors_together_at_its_two_ends(server, lines):
    actors = [Outage(f"queue {name}", server) for name in "abc"]
    for second in range(100):
        for actor in actors:
            actor.goes_on(AWAY, float(second))
    for actor in actors:
        actor.over(112.5)
        actor.over(113.0)

    assert [(line.levelname, line.getMessage()) for line in lines()] == [
        ("ERROR", f"queue a: Redis is of no use now: {AWAY}"),
        ("WARNING", "queue a: Redis is back after 112.5 s and 300 failed attempts"),
    ]


@pytest.mark.logs_errors("Redis is of no use now")
def test_who_was_in_the_midst_of_a_command_when_the_outage_ended_does_not_tell_of_another(server, lines):
    first, late, idle = (Outage(f"queue {name}", server) for name in ("first", "late", "idle"))
    for outage in (first, late):
        outage.goes_on(AWAY, 0.0)
    first.over(10.0)
    for outage in (late, idle):
        outage.goes_on(AWAY, 10.1)
        outage.over(10.2)
    assert [line.levelname for line in lines()] == ["ERROR", "WARNING"]

    for outage in (idle, late):
        outage.goes_on(AWAY, 20.0)
    assert [line.getMessage() for line in lines()[2:]] == [f"queue idle: Redis is of no use now: {AWAY}"]


@pytest.mark.logs_errors("Redis is of no use now")
def test_an_outage_that_goes_on_after_it_seemed_to_have_ended_is_told_of_by_the_second_failure(server, lines):
    first, late = Outage("queue first", server), Outage("queue late", server)
    first.goes_on(AWAY, 0.0)
    first.over(10.0)
    late.goes_on(AWAY, 10.1)
    late.goes_on(AWAY, 10.2)
    late.over(12.2)

    assert [line.getMessage() for line in lines()[2:]] == [
        f"queue late: Redis is of no use now: {AWAY}",
        "queue late: Redis is back after 2.0 s and 1 failed attempts",
    ]


@pytest.mark.logs_errors("Redis is of no use now")
def test_each_outage_and_each_server_is_told_of(lines):
    here, there = Outage("node", ServerTrouble()), Outage("node", ServerTrouble())
    for second, outage in enumerate((here, there, here)):
        outage.goes_on(AWAY, float(second))
        outage.over(second + 0.5)

    assert [line.levelname for line in lines()] == ["ERROR", "WARNING"] * 3


@pytest.mark.logs_errors("Redis refuses this: ")
def test_what_is_refused_to_one_actor_is_said_by_each(server, lines):
    one, other = Outage("queue a", server), Outage("queue b", server)
    for _ in range(10):
        one.goes_on(WRONG_TYPE, 0.0)
        other.goes_on(WRONG_TYPE, 0.0)
    other.over(2.0)

    assert [line.getMessage().partition(":")[0] for line in lines()] == ["queue a", "queue b", "queue b"]


@pytest.mark.logs_errors("Redis refuses this node")
@pytest.mark.parametrize(
    ("errors", "remedies"),
    [
        ([NO_PASSWORD] * 5, ["it asks for a password"]),
        ([WRONG_PASSWORD] * 5, ["it does not know the user or the password"]),
        ([not_permitted("lmove"), not_permitted("blmove")] * 5, ["the 'lmove' command", "the 'blmove' command"]),
    ],
    ids=["no password", "a wrong password", "missing permissions"],
)
def test_a_refused_user_is_critical_and_said_once_with_the_remedy(server, lines, errors, remedies):
    actors = [Outage("queue a", server), Outage("queue b", server)]
    for error in errors:
        for actor in actors:
            actor.goes_on(error, 0.0)

    assert [line.levelname for line in lines()] == ["CRITICAL"] * len(remedies)
    assert all(remedy in line.getMessage() for line, remedy in zip(lines(), remedies, strict=True))


@pytest.mark.logs_errors("Redis is full")
def test_a_full_server_is_said_once_a_minute_however_often_it_is_full_and_not_full(server, lines):
    outage = Outage("queue q", server)
    for second in range(121):
        outage.goes_on(FULL, float(second))
        outage.over(second + 0.5)

    assert [line.levelname for line in lines()] == ["ERROR"] * 3


@pytest.mark.logs_errors("Redis is of no use now", "Redis refuses this node")
def test_an_outage_that_becomes_another_is_told_of_as_both(server, lines):
    outage = Outage("node", server)
    for error in (AWAY, WRONG_PASSWORD, AWAY):
        outage.goes_on(error, 0.0)
    outage.over(1.0)

    assert sorted(line.levelname for line in lines()) == ["CRITICAL", "ERROR", "WARNING", "WARNING"]


@pytest.mark.logs_errors("Redis")
@pytest.mark.parametrize(
    ("error", "longest"), [(AWAY, 5.0), (FULL, 5.0), (WRONG_TYPE, 5.0), (WRONG_PASSWORD, 30.0), (NO_PASSWORD, 30.0)]
)
def test_pauses_grow_from_50_ms_with_jitter_and_have_an_end(error, longest):
    first = [Outage("node", ServerTrouble()).goes_on(error, 0.0) for _ in range(200)]

    assert 0.025 <= min(first) < max(first) <= 0.05
    assert longest * 0.9 < longest_pause(error) <= longest


@pytest.mark.logs_errors("Redis is of no use now")
def test_after_a_success_the_pauses_are_short_again():
    outage = Outage("node", ServerTrouble())
    for _ in range(20):
        outage.goes_on(AWAY, 0.0)
    outage.over(1.0)

    assert outage.goes_on(AWAY, 2.0) <= 0.05


def test_of_connections_that_the_node_itself_has_ended_nothing_is_said(server, lines):
    server.is_told = False
    for error in (AWAY, WRONG_PASSWORD, FULL):
        Outage("node", server).goes_on(error, 0.0)

    assert lines() == []
