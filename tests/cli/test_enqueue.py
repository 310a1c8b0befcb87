"""`verk enqueue`: a job from the shell."""

from __future__ import annotations

import pytest
from support.commands import verk


@pytest.mark.slow  # an interpreter starts
def test_a_job_goes_into_the_default_queue_and_its_jid_is_printed(tmp_path, redis_url, client):
    said = verk("enqueue", "Billing::Invoice", '[1, "zwei", {"three": null}]', "--redis", redis_url, cwd=tmp_path)

    [job] = client.queue("default").range()
    assert (said.returncode, said.stdout, said.stderr) == (0, f"{job.jid}\n", "")
    assert (job.class_, job.args) == ("Billing::Invoice", [1, "zwei", {"three": None}])


def test_arguments_may_be_left_out(verk_here, redis_url, client):
    verk_here("enqueue", "Note", "--queue", "mail", "--redis", redis_url)

    [job] = client.queue("mail").range()
    assert job.args == []


def test_a_job_may_run_later(verk_here, redis_url, redis, client):
    said = verk_here("enqueue", "Note", "[]", "--in", "3600", "--redis", redis_url)

    [(job, due_at)] = client.scheduled.range_with_score()
    assert said.stdout == f"{job.jid}\n"
    assert due_at - job.created_at == pytest.approx(3600, abs=0.01)


def test_redis_may_be_named_by_a_variable(verk_here, redis_url, client):
    verk_here("enqueue", "Note", VERK_REDIS_URL=redis_url)

    assert client.queue("default").count() == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Missing argument 'CLASS'"),
        (["Note", "[1"], "'[1' is no JSON: "),
        (["Note", '{"a": 1}'], "is no JSON list, such as '[1, \"two\"]'"),
        (["Note", "[NaN]"], "the job's args[0] "),
        (["Note", "--queue", "a b"], "the job's queue "),
        (["Note", "--in", "nan"], "'--in': it takes a number of seconds, 0 or more"),
        (["Note", "--in", "-1"], "'--in': it takes a number of seconds, 0 or more"),
    ],
)
def test_what_can_not_be_enqueued_is_refused_in_one_line(verk_here, redis_url, redis, arguments, said):
    refused = verk_here("enqueue", *arguments, VERK_REDIS_URL=redis_url)

    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith("Error: ")
    assert said in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert redis.dbsize() == 0


def test_without_redis_it_fails_and_says_so(tmp_path, verk_here):
    failed = verk_here("enqueue", "Note", "--redis", f"unix://{tmp_path}/nothing")

    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr.startswith("Error: connect unix://")
    assert failed.stderr.count("\n") == 1
