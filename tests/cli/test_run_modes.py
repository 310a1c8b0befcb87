"""`verk run` in its other modes: to the end of the work, with reloads, and not at all."""

from __future__ import annotations

import signal

import pytest
from support.commands import RunningNode, wait_pushed

from verk_actors.cli.dev import changes
from verk_actors.wire.job import Job

pytestmark = pytest.mark.slow  # an interpreter starts

APP = """
from verk_actors import worker

@worker
def Planned(): ...
"""
TELLS = """
import os
import redis
redis.Redis.from_url(os.environ["JOBS_REDIS"]).rpush("loaded", "app")
"""


def test_a_node_that_drains_ends_when_nothing_waits_is_due_or_runs(tmp_path, redis_url, redis, client):
    client.enqueue_many([Job(class_="Note", args=[key]) for key in range(3)])
    client.enqueue(Job(class_="Wait", args=["running"]))
    client.schedule(Job(class_="Note", args=["later"]), 3600)
    redis.zadd("schedule", {b'{"class":"Note","args":["due"],"jid":"due","queue":"default"}': 1.0})

    with RunningNode(tmp_path, redis_url, "--drain", VERK_POLL_INTERVAL_SECONDS="0.2") as node:
        assert wait_pushed(redis, "started", 1) == ["running"]
        ran = wait_pushed(redis, "ran", 4)
        assert "nothing is left to do" not in node.output
        redis.rpush("gate", "open")

        assert node.exit_code() == 0

    assert sorted(ran) == ["0", "1", "2", "due"]
    assert wait_pushed(redis, "ran", 1) == ["running"]
    assert "nothing is left to do: the node stops" in node.output
    assert client.scheduled.count() == 1


def test_under_dev_a_node_runs_as_a_process_that_ends_with_the_command(tmp_path, redis_url, redis):
    """That it starts anew when files change is told by tests/fleet/test_reloading.py."""
    (tmp_path / "app.py").write_text(TELLS)
    with RunningNode(tmp_path, redis_url, "--dev", "-r", "app", queue="default:1") as node:
        assert wait_pushed(redis, "loaded", 1) == ["app"]
        node.send(signal.SIGINT)

        assert node.exit_code() == 0


def test_the_python_files_that_change_are_told(tmp_path):
    found = changes(tmp_path)
    assert next(found) == set()
    (tmp_path / "notes.txt").write_text("no code")
    (tmp_path / "app.py").write_text("pass")

    assert next(filter(None, found)) == {"app.py"}


def test_a_dry_run_shows_what_would_run_and_needs_no_redis(tmp_path, verk_here):
    (tmp_path / "dryapp.py").write_text(APP)
    (tmp_path / "verk.toml").write_text("[groups.web]\nqueues = {critical = 3, low = 1}\nsize = 4\n")

    said = verk_here(
        "run", "--dry-run", "-r", "dryapp", "-q", "mail:2:process", "--node-id", "n1", VERK_REDIS_URL="unix:///nothing"
    )

    assert said.returncode == 0, said.stderr
    facts, table = said.stdout.split("\n\n")
    assert [line.split(None, 1)[1].strip() for line in facts.splitlines() if not line.startswith("job")] == [
        "n1", "1", "unix:///nothing", "from  verk.toml, VERK_REDIS_URL",
    ]  # fmt: skip
    assert "Planned" in facts.partition("job classes")[2]
    assert [line.split() for line in table.splitlines()] == [
        ["QUEUE", "WORKERS", "EXECUTOR", "GROUP", "REDIS"],
        ["mail", "2", "process", "unix:///nothing"],
        ["critical", "4", "thread", "web", "unix:///nothing"],
        ["low", "4", "thread", "web", "unix:///nothing"],
    ]


@pytest.mark.parametrize(
    "modes", [["--drain", "--dev"], ["--drain", "--processes", "2"], ["--dev", "--processes", "2"]]
)
def test_modes_that_exclude_each_other_are_refused(verk_here, modes):
    refused = verk_here("run", "-q", "default:1", *modes)

    assert refused.returncode == 2
    assert refused.stderr == "Error: of --drain, --dev and several --processes only one can be had\n"
