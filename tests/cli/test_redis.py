"""`verk redis`: the embedded server, and a look into any."""

from __future__ import annotations

import io
import json
import sys

import pytest

from verk_actors import embedded


def test_a_server_is_started_found_and_stopped(tmp_path, verk_here):
    try:
        started = verk_here("redis", "start")
        again = verk_here("redis", "start", ".verk")
        status = verk_here("redis", "status", "--json", "--redis", "embedded:.verk")

        assert started.stdout == again.stdout == f"unix://{tmp_path}/.verk/redis.sock?db=0\n"
        assert started.stderr.startswith("started: process ")
        assert again.stderr.startswith("runs already: process ")
        assert json.loads(status.stdout)["maxmemory_policy"] == "noeviction"
        assert verk_here("redis", "stop").stdout == "stopped, in .verk\n"
        assert verk_here("redis", "stop").stdout == "no server runs in .verk\n"
        assert not embedded.is_running(".verk")
    finally:
        embedded.stop(tmp_path / ".verk")


@pytest.mark.parametrize("command", [["redis", "start", "taken/here"], ["stats", "--redis", "embedded:taken/here"]])
def test_a_directory_that_can_not_be_is_told_in_one_line(tmp_path, verk_here, command):
    (tmp_path / "taken").write_text("")  # a file

    failed = verk_here(*command)

    assert failed.returncode == 1
    assert f"server is not available: the directory {tmp_path}/taken/here can't be made: " in failed.stderr
    assert failed.stderr.count("\n") == 1


def test_status_starts_no_server(verk_here):
    failed = verk_here("redis", "status", VERK_REDIS_URL="embedded:nothing")

    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr == "Error: no server runs in nothing; verk redis start starts one\n"
    assert not embedded.is_running("nothing")


def test_status_of_any_redis_is_shown_without_its_password(verk_here, redis_url):
    said = verk_here("redis", "status", "--redis", redis_url)

    facts = dict(line.split(None, 1) for line in said.stdout.splitlines())
    assert facts["url"] == redis_url
    assert facts["role"] == "master"


def test_a_command_is_sent_and_its_reply_shown_as_text(verk_here, redis_url, redis):
    redis.rpush("list", "one", b"\xff\x1b[2J")
    redis.sadd("queues", "default")

    def reply(*words: str) -> str:
        return verk_here("redis", "cli", "--redis", redis_url, *words).stdout

    assert reply("LRANGE", "list", "0", "-1") == "1) one\n2) \\xff\\x1b[2J\n"
    assert reply("GET", "nothing") == "(nil)\n"
    assert reply("LLEN", "list") == "2\n"
    assert reply("SCAN", "0", "MATCH", "queues") == "1) 0\n2) 1) queues\n"


def test_lines_that_are_typed_are_commands_until_the_end(verk_here, redis_url, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO('SET a "b c"\n\nNONSENSE\nGET "a\nSMEMBERS nothing\nGET a'))

    said = verk_here("redis", "cli", "--redis", redis_url)

    assert said.returncode == 0
    assert said.stdout == "OK\n(empty)\nb c\n"
    assert said.stderr.startswith("(error) unknown command 'NONSENSE'")
    assert said.stderr.endswith("(error) No closing quotation\n")


def test_a_command_that_redis_refuses_fails(verk_here, redis_url):
    failed = verk_here("redis", "cli", "--redis", redis_url, "GET")

    assert failed.returncode == 1
    assert "wrong number of arguments" in failed.stderr


@pytest.mark.slow  # a server starts
def test_a_server_that_others_use_is_stopped_by_who_says_yes(tmp_path, verk_here):
    from redis import Redis

    try:
        with Redis.from_url(embedded.ensure(tmp_path / "used").url) as other:
            other.ping()
            refused = verk_here("redis", "stop", "used")
            assert refused.returncode == 2
            assert "1 connection of other programs. Stop the server in used? Add --yes to do it" in refused.stderr
            assert verk_here("redis", "stop", "used", "--yes").stdout == "stopped, in used\n"
    finally:
        embedded.stop(tmp_path / "used")
