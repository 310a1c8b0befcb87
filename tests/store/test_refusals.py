from __future__ import annotations

import pytest
from redis import exceptions

from verk_actors.errors import StoreError, StoreUnavailable
from verk_actors.store.refusals import error_of, plain, refusal_of, trouble_of


@pytest.mark.parametrize(
    "why",
    [
        "ASK 9857 127.0.0.1:7001",
        "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
        "CLUSTERDOWN The cluster is down",
        "LOADING Redis is loading the dataset in memory",
        "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
        "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
        "MOVED 9857 127.0.0.1:7001",
        "NOREPLICAS Not enough good replicas to write.",
        "NOSCRIPT No matching script. Please use EVAL.",
        "READONLY You can't write against a read only replica.",
        "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)",
        "Error running script (call to f_1): @user_script:3: @user_script: 3: -READONLY You can't write",
    ],
)
def test_a_refusal_that_will_pass_is_an_outage_in_which_nothing_was_done(why):
    error = refusal_of(why, "exchange", "queue:default")

    assert isinstance(error, StoreUnavailable)
    assert not error.sent


@pytest.mark.parametrize(
    "why",
    [
        "OOM command not allowed when used memory > 'maxmemory'.",
        "WRONGTYPE queue:BUSY holds a string, not a list",
        "WRONGTYPE Operation against a key holding the wrong kind of value",
        "NOPERM this user has no permissions to run the 'lmove' command",
        "ERR not a score: nan",
    ],
)
def test_any_other_refusal_is_no_outage(why):
    error = refusal_of(why, "exchange", "queue:default")

    assert type(error) is StoreError
    assert (error.operation, error.key, error.why) == ("exchange", "queue:default", why)


@pytest.mark.parametrize(
    "why",
    [
        "ACL failure in script: User node has no permissions to run the 'lpush' command script: on @user_script:11.",
        "The user executing the script can't run this command or subcommand script: 6a4b, on @user_script:11.",
        "ERR ACL failure in script: User node has no permissions to run the 'zadd' command",
        "@user_script: 11: -NOPERM The user executing the script can't run this command or subcommand",
    ],
    ids=["Redis 7.2", "Redis 7.0", "Redis 7.2, to the script", "Redis 6.2"],
)
def test_a_permission_that_a_script_lacks_begins_with_the_word_for_it(why):
    error = refusal_of(why, "enqueue", "queue:q")

    assert error.why.startswith("NOPERM ")
    assert error.why.count("NOPERM") == 1
    assert trouble_of(error) == "denied"


@pytest.mark.parametrize(
    ("why", "trouble"),
    [
        ("NOAUTH Authentication required.", "denied"),
        ("WRONGPASS invalid username-password pair", "denied"),
        ("NOPERM this user", "denied"),
        ("OOM command not allowed", "full"),
        ("READONLY You can't write against a read only replica.", "away"),
        ("WRONGTYPE Operation against a key", "refused"),
        ("ERR unknown command 'LMOVE'", "refused"),
    ],
)
def test_the_kind_of_a_trouble_is_told_by_its_word(why, trouble):
    assert trouble_of(refusal_of(why, "exchange", "queue:q")) == trouble


def test_where_in_a_script_redis_met_the_error_is_left_out():
    """Redis 6.2 says so first, and only then what it was."""
    text = "Error running script (call to f_1): @user_script:9: WRONGTYPE Operation against a key"

    assert refusal_of(text, "move", "retry").why == "WRONGTYPE Operation against a key"
    assert plain("@user_script: 71: -OOM command not allowed\r\n") == "OOM command not allowed"
    assert plain("OOM command not allowed") == "OOM command not allowed"


@pytest.mark.parametrize(
    ("error", "sent"),
    [
        (exceptions.ConnectionError("Connection closed by server."), True),
        (exceptions.TimeoutError("Timeout reading from socket"), True),
        (exceptions.InvalidResponse("Protocol Error"), True),
        (exceptions.BusyLoadingError("Redis is loading the dataset in memory"), False),
        (exceptions.AuthenticationError("invalid username-password pair"), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_lost_reply_leaves_open_whether_the_command_was_done_but_an_answer_does_not(error, sent):
    failure = error_of(error, "LPUSH", "queue:default", sent=True)

    assert isinstance(failure, StoreUnavailable)
    assert failure.sent is sent
    assert error_of(error, "LPUSH", "queue:default", sent=False).sent is False


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (exceptions.OutOfMemoryError("command not allowed"), "OOM command not allowed"),
        (exceptions.ReadOnlyError("You can't write"), "READONLY You can't write"),
        (exceptions.NoPermissionError("this user"), "NOPERM this user"),
        (exceptions.BusyLoadingError("Redis is loading"), "LOADING Redis is loading"),
        (exceptions.AuthenticationError("Authentication required."), "NOAUTH Authentication required."),
        (exceptions.AuthenticationError("invalid password"), "WRONGPASS invalid password"),
        (exceptions.ConnectionError(), "ConnectionError"),
    ],
)
def test_the_reason_begins_with_the_word_that_people_look_for(error, shown):
    assert error_of(error, "LPUSH", "queue:default", sent=True).why == shown


def test_an_argument_that_cannot_be_sent_is_the_callers_mistake():
    assert type(error_of(exceptions.DataError("Invalid input of type"), "SET", "key", sent=True)) is StoreError
