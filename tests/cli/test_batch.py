"""`verk batch`: how far batches are, on a terminal."""

from __future__ import annotations

import json
import re

import pytest

from verk_actors.client.workflow import chain
from verk_actors.store.batch_progress import BatchProgress
from verk_actors.wire.job import Job
from verk_actors.wire.keys import Keys


def job() -> Job:
    return Job(class_="C", args=[], queue="q")


@pytest.fixture
def batch(client):
    made = client.batch([job() for _ in range(4)], description="Import", bid="import-7")
    assert client.queue("q").delete(client.queue("q").range()[0])
    return made


def test_they_are_listed(verk_here, redis_url, client, batch):
    client.batch([job()], bid="later")
    said = verk_here("batch", "--redis", redis_url)

    lines = [re.split(r" {2,}", line) for line in said.stdout.splitlines()]
    assert lines[0] == ["BATCH", "STATE", "DONE", "PENDING", "FAILED", "TOTAL", "MADE", "DESCRIPTION"]
    assert lines[1][0] == "later"
    assert lines[2][:6] == ["import-7", "running", "0%", "3", "1", "4"]
    assert lines[2][7] == "Import"
    listed = json.loads(verk_here("batch", "list", "-n", "1", "--json", "--redis", redis_url).stdout)
    assert [(one["bid"], one["percent"], one["state"]) for one in listed] == [("later", 0.0, "running")]


def test_one_is_shown_by_its_id_alone_with_its_failed_members(verk_here, redis_url, client, batch):
    said = verk_here("batch", "import-7", "--redis", redis_url)

    [failed] = client.batches.members("import-7", "failed")
    assert said.stdout.splitlines()[:2] == ["Import", f"[{'-' * 30}]   0%  0 of 4, 1 failed  running"]
    assert said.stdout.splitlines()[-1] == f"failed     {failed.id}"
    shown = json.loads(verk_here("batch", "show", "import-7", "--json", "--redis", redis_url).stdout)
    assert (shown["bid"], shown["failed"]) == ("import-7", 1)
    unknown = verk_here("batch", "none", "--redis", redis_url)
    assert (unknown.returncode, unknown.stderr) == (1, "Error: there is no batch 'none'\n")


def test_it_is_watched_until_it_is_complete(verk_here, redis_url, client, batch):
    [pool] = client._pools.values()
    client.queue("q").clear()
    BatchProgress(pool, Keys()).advance("import-7", 1e9)

    said = verk_here("batch", "import-7", "--watch", "--redis", redis_url)
    assert (said.returncode, said.stdout) == (1, f"[{'-' * 30}]   0%  0 of 4, 4 failed  complete\n")
    with client.batch(bid="empty"):
        pass
    said = verk_here("batch", "empty", "--watch", "--json", "--redis", redis_url)
    assert (said.returncode, json.loads(said.stdout)["state"]) == (0, "succeeded")


def test_members_that_are_nowhere_are_settled(verk_here, redis_url, client, redis, batch):
    """As Sidekiq leaves them, which runs or deletes a job and tells no batch."""
    redis.lpop("queue:q")
    nested = client.batch(chain(job(), job()), parent="import-7", bid="within")
    redis.lrem("queue:q", 1, next(one.payload for one in client.queue("q").range() if one.jid == nested.jids[0]))

    shown = verk_here("batch", "import-7", "--redis", redis_url).stdout
    assert f"pending    batch within  [{'-' * 30}]   0%  0 of 2, step 1 of 2  running" in shown
    doctor = json.loads(verk_here("doctor", "--json", "--redis", redis_url).stdout)
    found = {one["check"]: one["findings"] for one in doctor}["batches"]
    assert [one["remedy"].split(": ")[1] for one in found[-2:]] == [
        "verk batch settle import-7",
        "verk batch settle within",
    ]
    assert "no node runs" in found[0]["what"]
    refused = verk_here("batch", "settle", "import-7", "--redis", redis_url)
    assert "Count 2 jobs that import-7 waits for as failed?" in refused.stdout + refused.stderr
    assert client.batches.get("import-7").failed == 1
    said = verk_here("batch", "settle", "import-7", "--as", "succeeded", "--yes", "--redis", redis_url)

    assert (said.returncode, said.stdout) == (0, "2 jobs of import-7 settled as succeeded\n")
    assert [client.batches.get(bid).pending for bid in ("import-7", "within")] == [3, 0]
    assert redis.zrangebyscore("verk:batches:due", 0, 0) == [b"import-7", b"within"]
    said = verk_here("batch", "settle", "import-7", "--redis", redis_url)
    assert (said.returncode, said.stdout) == (0, "0 jobs of import-7 settled as failed\n")


def test_one_is_deleted(verk_here, redis_url, client, batch):
    said = verk_here("batch", "delete", "import-7", "--yes", "--redis", redis_url)
    assert (said.returncode, said.stdout) == (0, "import-7 deleted\n")
    assert client.batches.get("import-7") is None
    assert verk_here("batch", "delete", "import-7", "--yes", "--redis", redis_url).returncode == 1
