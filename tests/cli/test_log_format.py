"""`verk run --log-format`: what jobs log says which job it is, whatever runs them."""

from __future__ import annotations

import json
import signal

import pytest
from support.commands import RunningNode

from verk_actors.wire.job import Job

pytestmark = pytest.mark.slow  # an interpreter starts, and one for a job

SAY = """
import logging
from verk_actors import worker

@worker
def Say(text):
    logging.getLogger("app").info("said %s", text)
    if text == "no":
        raise ValueError("never")

@worker
async def SayAsync(text):
    logging.getLogger("app").info("said %s", text)
"""
QUEUES = ("-q", "processes:1:process", "-q", "loop:1:async")


def test_each_line_is_a_json_object_and_those_of_a_job_name_it(tmp_path, redis_url, redis, client) -> None:
    (tmp_path / "say.py").write_text(SAY)
    with RunningNode(tmp_path, redis_url, "-r", "say", *QUEUES, "--log-format", "json", "--node-id", "n1") as node:
        jids = []
        for queue in ("default", "processes", "loop"):
            class_ = "SayAsync" if queue == "loop" else "Say"
            jids.append(client.enqueue(Job(class_=class_, args=[f"to {queue}\n"], queue=queue)))
            node.expect(" done: ", len(jids))  # one after the other: so their lines are in the order of their times
        node.send(signal.SIGTERM)
        assert node.exit_code() == 0

    lines = [json.loads(line) for line in node.output.splitlines()]
    assert {line["node"] for line in lines} == {"n1"}
    said = {line["queue"]: line for line in lines if line["logger"] == "app"}
    assert list(map(said.get, said)) == sorted(said.values(), key=lambda line: line["time"])
    for jid, queue in zip(jids, ("default", "processes", "loop"), strict=True):
        line = said[queue]
        assert (line["message"], line["level"], line["jid"], line["attempt"]) == (f"said to {queue}\n", "info", jid, 1)
        assert line["class"].startswith("Say")
        of_job = [line["message"] for line in lines if line.get("jid") == jid]
        assert of_job.count(f"{line['class']} {jid} start") == 1


def test_text_has_the_job_in_brackets_behind_what_it_logs(tmp_path, redis_url, client) -> None:
    (tmp_path / "say.py").write_text(SAY)
    with RunningNode(tmp_path, redis_url, "-r", "say", queue="default:1:process", VERK_LOG_FORMAT="text") as node:
        jid = client.enqueue(Job(class_="Say", args=["hello"]))
        node.expect(f"INFO    said hello [Say {jid}, attempt 1 in queue default]\n")
        node.expect(f"INFO    Say {jid} done: ")
