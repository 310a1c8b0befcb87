"""`verk cron`: the periodic jobs on a terminal."""

from __future__ import annotations

import json
import re

import pytest

from verk_actors.wire.job import Job


@pytest.fixture
def entries(client, redis):
    client.cron.add("nightly", Job(class_="Report", args=[1], queue="reports"), "0 3 * * *", timezone="Europe/Berlin")
    client.cron.add("often", Job(class_="Ping", args=[]), "*/5 * * * *")
    redis.hset("verk:cron:results", "often", json.dumps({"jid": "j", "outcome": "failed", "ended_at": 1, "error": "E"}))
    redis.hset("verk:cron:runs", "often", json.dumps({"jid": "j", "enqueued_at": 1}))


def test_they_are_listed_with_when_they_come_and_how_they_went(verk_here, redis_url, client, entries):
    client.cron.pause("nightly")
    said = verk_here("cron", "--redis", redis_url)

    lines = [re.split(r"  +", line) for line in said.stdout.splitlines()]
    assert lines[0] == ["NAME", "WHEN", "CLASS", "QUEUE", "NEXT", "LAST", "RESULT"]
    assert lines[1] == ["nightly", "0 3 * * * Europe/Berlin", "Report", "reports", "paused"]
    assert lines[2][:4] == ["often", "*/5 * * * *", "Ping", "default"]
    assert lines[2][4].startswith("in ")
    assert lines[2][5].endswith(" ago")
    assert lines[2][6] == "failed"

    nightly, often = json.loads(verk_here("cron", "list", "--json", "--redis", redis_url).stdout)
    assert (nightly["class"], nightly["is_paused"], nightly["next_at"]) == ("Report", True, None)
    assert often["last_result"] == {"jid": "j", "outcome": "failed", "ended_at": 1.0, "error": "E"}


def test_the_next_times_are_in_the_time_zone_of_each(verk_here, redis_url, entries):
    said = verk_here("cron", "next", "nightly", "-n", "2", "--redis", redis_url)
    assert re.fullmatch(r"nightly\n(  \d{4}-\d\d-\d\d 03:00:00\+0[12]:00\n){2}", said.stdout)

    both = json.loads(verk_here("cron", "next", "-n", "1", "--json", "--redis", redis_url).stdout)
    assert {name: len(times) for name, times in both.items()} == {"nightly": 1, "often": 1}
    unknown = verk_here("cron", "next", "none", "--redis", redis_url)
    assert (unknown.returncode, unknown.stderr) == (1, "Error: there is no periodic job 'none'\n")


def test_one_is_added_run_paused_resumed_and_removed(verk_here, redis_url, client, redis):
    def cron(*words: str) -> str:
        return verk_here("cron", *words, "--redis", redis_url).stdout

    added = cron("add", "a", "Report", '["all"]', "--cron", "@daily", "--queue", "q", "--catch-up", "all")
    assert re.fullmatch(r"a comes next at \d{4}-\d\d-\d\d 00:00:00\+00:00\n", added)
    (status,) = client.cron.list()
    assert (status.class_, status.args, status.queue, status.catch_up) == ("Report", ["all"], "q", "all")

    jid = cron("run", "a").strip()
    assert json.loads(redis.lindex("queue:q", 0))["jid"] == jid
    assert cron("pause", "a") == "a paused\n"
    assert client.cron.list()[0].is_paused
    assert cron("resume", "a") == "a resumed\n"
    assert not client.cron.list()[0].is_paused
    assert cron("remove", "a", "--yes") == "a removed\n"
    assert verk_here("cron", "pause", "a", "--redis", redis_url).returncode == 1


def test_what_can_not_be_is_told_in_one_line(verk_here, redis_url):
    said = verk_here("cron", "add", "a", "Report", "--cron", "often", "--redis", redis_url)
    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr == "Error: cron='often' is no cron expression: wrong number of fields\n"


def test_an_expression_is_explained(verk_here):
    said = verk_here("cron", "check", "0 3 * * 1-5", "--timezone", "Europe/Berlin", "-n", "2")
    assert re.fullmatch(r"At 03:00 on Monday through Friday\n(\d{4}-\d\d-\d\d 03:00:00\+0[12]:00\n){2}", said.stdout)
    assert verk_here("cron", "check", "often").returncode == 2


def test_the_settings_and_the_modules_are_checked(verk_here, tmp_path):
    assert verk_here("cron", "check").stdout == "there are none in the settings, nor in the modules named by -r\n"
    (tmp_path / "verk.toml").write_text('[cron.weekly]\nclass = "Digest"\ncron = "30 8 * * 1"\nqueue = "mail"\n')
    said = verk_here("cron", "check")
    assert re.split(r"  +", said.stdout.splitlines()[1])[:5] == ["weekly", "30 8 * * 1", "Digest", "mail", "config"]
    shown = verk_here("config", "show")
    assert "weekly" in shown.stdout

    (tmp_path / "verk.toml").write_text('[cron.weekly]\nclass = "Digest"\ncron = "30 8 * *"\n')
    said = verk_here("cron", "check")
    assert said.returncode == 2
    assert "cron.weekly.cron" in said.stderr
