"""`verk batch`: how far batches are, on a terminal."""

from __future__ import annotations

import json
import re

import pytest

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


def test_one_is_deleted(verk_here, redis_url, client, batch):
    said = verk_here("batch", "delete", "import-7", "--yes", "--redis", redis_url)
    assert (said.returncode, said.stdout) == (0, "import-7 deleted\n")
    assert client.batches.get("import-7") is None
    assert verk_here("batch", "delete", "import-7", "--yes", "--redis", redis_url).returncode == 1
