"""`verk jobs`: the jobs of sets and queues, looked at and swept."""

from __future__ import annotations

import json

import pytest

from verk_actors.wire.job import Job

FAILED = {
    "class": "Mail", "args": ["a", {"secret": "\x1b"}], "queue": "mail", "jid": "f1", "retry": 5, "retry_count": 1,
    "created_at": 1.7e9, "failed_at": 1.7e9, "retried_at": 1.71e9, "error_class": "ValueError",
    "error_message": "no such address", "error_backtrace": ["mail.py:3:in send"], "cattr": {"user": 7},
}  # fmt: skip


@pytest.fixture
def filled(redis, client):
    """Fill the sets and a queue."""
    client.retries.add(json.dumps(FAILED).encode(), 1.9e9)
    client.retries.add(json.dumps(FAILED | {"jid": "f2", "class": "Note"}).encode(), 1.8e9)
    client.retries.add(b"no job", 1.95e9)
    client.dead.add(json.dumps(FAILED | {"jid": "d1"}).encode(), 1.72e9)
    client.dead.add(json.dumps(FAILED | {"jid": "d2"}).encode(), 1.73e9)
    for key in range(4):
        client.enqueue(Job(class_="Note" if key % 2 else "Mail", args=[key], jid=f"q{key}"))


def jids(said) -> list[str]:
    return [line.split()[0] for line in said.stdout.splitlines()[1:] if line[0] != " "]


def test_a_set_lists_what_is_due_first_and_the_dead_that_died_last(verk_here, redis_url, filled):
    retry = verk_here("jobs", "list", "retry", "--redis", redis_url)
    dead = verk_here("jobs", "list", "dead", "--limit", "1", "--redis", redis_url)

    heading, first, second, third = retry.stdout.splitlines()
    assert heading.split() == ["JID", "CLASS", "QUEUE", "WHEN", "FAILED", "ERROR"]
    assert first.split()[:3] == ["f2", "Note", "mail"]
    assert second.endswith("2  ValueError: no such address")
    assert "0  no job: " in third
    assert dead.stdout.splitlines()[1].startswith("d2 ")
    assert dead.stdout.endswith("1 of 2 jobs; --limit shows more\n")
    some = verk_here("jobs", "list", "retry", "--class", "Note", "--redis", redis_url)
    assert some.stdout.endswith("\n1 of 3 jobs fit\n")


def test_a_queue_lists_what_runs_next(verk_here, redis_url, filled):
    assert jids(verk_here("jobs", "list", "queue:default", "--redis", redis_url)) == ["q0", "q1", "q2", "q3"]
    assert verk_here("jobs", "list", "scheduled", "--redis", redis_url).stdout == "no jobs in scheduled\n"


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["retry", "--class", "Mail"], ["f1"]),
        (["retry", "--queue", "mail", "--text", "no such"], ["f2", "f1"]),
        (["queue:default", "--class", "Note"], ["q1", "q3"]),
        (["dead", "--error", "address"], ["d2", "d1"]),
        (["dead", "--class", "Other"], []),
    ],
)
def test_jobs_are_chosen_by_what_is_in_them(verk_here, redis_url, filled, options, found):
    said = verk_here("jobs", "list", *options, "--json", "--redis", redis_url)

    assert [job["jid"] for job in json.loads(said.stdout)] == found


def test_a_job_is_shown_wherever_it_is_and_nothing_of_it_reaches_the_terminal_as_it_is(verk_here, redis_url, filled):
    said = verk_here("jobs", "show", "f1", "--redis", redis_url)

    facts = dict(line.split("  ", 1) for line in said.stdout.splitlines() if line[0] != " ")
    facts = {name.strip(): fact.strip() for name, fact in facts.items()}
    assert facts["arguments"] == '["a", {"secret": "\\u001b"}]'
    assert facts["is in"] == "retry"
    assert facts["due"].startswith("2030-03-17 17:46:40 UTC, in ")
    assert facts["failed runs"] == "2; retried 5 times at most"
    assert facts["error"] == "ValueError: no such address"
    assert facts["other keys"] == '{"cattr": {"user": 7}}'
    assert said.stdout.endswith("mail.py:3:in send\n")


def test_a_job_as_json_and_as_it_is_in_redis(verk_here, redis_url, filled):
    shown = json.loads(verk_here("jobs", "show", "q2", "--json", "--redis", redis_url).stdout)
    raw = json.loads(verk_here("jobs", "show", "d1", "--raw", "--redis", redis_url).stdout)

    assert (shown["place"], shown["class"], shown["args"], shown["at"]) == ("queue:default", "Mail", [2], None)
    assert raw == FAILED | {"jid": "d1"}


def test_a_job_that_runs_is_shown_with_its_node(verk_here, redis_url, redis):
    work = {"queue": "low", "payload": '{"class":"Note","args":[1],"jid":"r1"}', "run_at": 1_700_000_000}
    redis.sadd("processes", "host:1:abc")
    redis.hset("host:1:abc:work", "w1", json.dumps(work))

    said = verk_here("jobs", "show", "r1", "--redis", redis_url)

    assert "is in        node:host:1:abc\nruns since   2023-11-14 22:13:20 UTC, " in said.stdout


@pytest.mark.parametrize("command", [["show"], ["cancel", "--yes"]])
def test_a_job_that_is_nowhere_is_named(verk_here, redis_url, filled, command):
    failed = verk_here("jobs", *command, "x1", "--redis", redis_url)

    assert failed.returncode == 1
    assert failed.stderr.startswith("Error: no job x1 waits")


def test_some_jobs_are_retried_those_that_fit_killed_and_all_deleted(verk_here, redis_url, client, filled):
    assert verk_here("jobs", "retry", "dead", "d1", "d2", "--redis", redis_url).stdout == "retried 2 jobs\n"
    killed = verk_here("jobs", "kill", "retry", "--class", "Note", "--yes", "--redis", redis_url)
    assert killed.stdout == "killed 1 job\n"
    deleted = verk_here("jobs", "delete", "retry", "--all", "--yes", "--redis", redis_url)
    assert deleted.stdout == "deleted 2 jobs\n"

    assert client.queue("mail").count() == 2
    assert client.retries.count() == 0
    assert [job.jid for job in client.dead.range()] == ["f2"]


def test_jobs_of_a_queue_are_deleted_though_each_moves_the_rest(verk_here, redis_url, client, filled):
    said = verk_here("jobs", "delete", "queue:default", "--class", "Note", "-y", "--redis", redis_url)

    assert said.stdout == "deleted 2 jobs\n"
    assert [job.jid for job in client.queue("default").range()] == ["q2", "q0"]
    assert verk_here("jobs", "clear", "queue:default", "-y", "--redis", redis_url).stdout == "deleted 2 jobs\n"


def test_who_deletes_is_asked_first_with_the_number_of_jobs(verk_here, redis_url, client, filled, answers):
    answers("y")

    said = verk_here("jobs", "delete", "dead", "--text", "secret", "--redis", redis_url)

    assert said.stderr.strip() == "Delete 2 jobs in dead? [y/N]:"
    assert said.stdout.strip() == "deleted 2 jobs"
    assert client.dead.count() == 0


def test_a_job_is_cancelled_where_it_waits_by_who_says_yes(verk_here, redis_url, client, filled, answers):
    answers("n")
    assert verk_here("jobs", "cancel", "q1", "--redis", redis_url).returncode == 1
    assert client.queue("default").find("q1") is not None

    assert verk_here("jobs", "cancel", "q1", "--yes", "--redis", redis_url).stdout == "cancelled, in queue\n"

    assert client.queue("default").find("q1") is None
    assert client.dead.find("q1") is not None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["list", "graveyard"], "'graveyard' is none of retry, scheduled, dead, queue:NAME and limit:ID"),
        (["list", "queue:"], "'queue:' is none of "),
        (["delete", "dead"], "which jobs? Give either their JIDs, or what is to fit, or --all"),
        (["delete", "dead", "d1", "--all"], "which jobs? "),
        (["kill", "dead", "--all"], "jobs can be killed in retry, scheduled and limits alone"),
        (["retry", "queue:default", "--all"], "jobs of a queue run anyway"),
        (["delete", "dead", "--all"], "nobody is there to answer: Delete 2 jobs in dead? Add --yes to do it"),
    ],
)
def test_what_can_not_be_done_is_refused_in_one_line(verk_here, redis_url, client, filled, arguments, said):
    refused = verk_here("jobs", *arguments, "--redis", redis_url)

    assert refused.returncode == 2
    assert said in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert client.dead.count() == 2


def test_of_jobs_that_are_named_all_must_be_there(verk_here, redis_url, client, filled):
    failed = verk_here("jobs", "retry", "dead", "d1", "x1", "--redis", redis_url)

    assert (failed.returncode, failed.stderr) == (1, "Error: not in dead: x1\n")
    assert client.dead.count() == 2


def test_what_redis_refuses_for_one_queue_is_told_and_the_rest_is_done(verk_here, redis_url, redis, client, filled):
    redis.set("queue:mail", "a text")
    client.dead.add(b'{"class":"Note","args":[],"jid":"d3","queue":"low"}', 1.0)

    failed = verk_here("jobs", "retry", "dead", "--all", "--redis", redis_url)

    assert failed.returncode == 1
    assert failed.stderr.startswith("Error: it was done to 1 jobs, and not to all: ")
    assert client.dead.count() == 2
    assert client.queue("low").count() == 1
