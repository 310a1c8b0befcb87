"""`testing.real`: a node on a server of its own, to which jobs go whatever client enqueues them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
from support.app import Fails, Welcome, client, end, on_loop, ran, registry, sign_up

from verk_actors import embedded, testing
from verk_actors.events import JobDead, JobFailed, JobFinished, JobSnoozed
from verk_actors.settings.config import Config
from verk_actors.testing import RealJobs

CONFIG = Config(queues={"default": 2, "mail": 2})


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    directory = tmp_path_factory.mktemp("real")
    yield directory
    embedded.stop(directory)


@pytest.fixture
def jobs(server: Path) -> Iterator[RealJobs]:
    ran.clear()
    with testing.real(CONFIG, registry, directory=server) as jobs:
        yield jobs


def test_a_job_runs_on_the_node_and_its_end_can_be_waited_for(jobs: RealJobs) -> None:
    jid = client.enqueue(Welcome.job("ann"))
    ended = jobs.wait(jid)
    assert isinstance(ended, JobFinished)
    assert (ended.job.jid, ended.queue, ran) == (jid, "mail", [("ann", None)])
    assert jobs.client.counters.totals().processed == 1


def test_jobs_that_jobs_enqueue_are_waited_for_too(jobs: RealJobs) -> None:
    for jid in client.enqueue_many([sign_up.job("ann"), on_loop.job("bob")]):
        jobs.wait(jid)  # both: they enqueue others, which are not to get lost between the lists
    assert jobs.client.scheduled.count() == 1
    jobs.enqueued = [job for job in jobs.enqueued if job.args != ["ann again"]]
    assert [type(event) for event in jobs.wait_all()] == [JobFinished] * 4
    assert sorted(map(str, ran)) == ["('ann', None)", "('bob', None)", "bob", "sign up ann"]


def test_failures_are_events_and_retries_are_in_redis(jobs: RealJobs) -> None:
    jid = client.enqueue(Fails.with_options(max_retry_count=0).job())
    failed = jobs.wait(jid, JobFailed)
    assert isinstance(failed, JobFailed)
    assert str(failed.exception) == "attempt 1"
    assert isinstance(jobs.wait(jid, JobDead), JobDead)
    assert isinstance(jobs.wait(client.enqueue(end.job("snooze"))), JobSnoozed)
    assert (jobs.client.dead.count(), jobs.client.retries.count(), jobs.client.scheduled.count()) == (1, 0, 1)


def test_a_job_that_does_not_end_is_told_of(jobs: RealJobs) -> None:
    jid = client.enqueue(Welcome.with_options(queue="nobodys").job("ann"))
    with pytest.raises(AssertionError, match=f"{jid} Welcome in nobodys; default, mail run"):
        jobs.wait(jid, seconds=0.05)


def test_tests_one_after_the_other_and_at_once_have_a_redis_each(server: Path) -> None:
    counts: list[int] = []
    barrier = threading.Barrier(2)

    def test() -> None:
        with testing.real(CONFIG, registry, directory=server) as jobs:
            barrier.wait(60)
            client.enqueue(Welcome.job("ann"))
            jobs.wait_all()
            counts.append(jobs.client.counters.totals().processed)
            barrier.wait(60)

    threads = [threading.Thread(target=test) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [1, 1]


def test_a_block_alone_has_a_server_that_ends_with_it() -> None:
    with testing.real(attrs.evolve(CONFIG, namespace="app"), registry) as jobs:
        jobs.wait(client.enqueue(Welcome.job("ann")))
        directory = Path(str(jobs.config.redis_url).removeprefix("unix://")).parent
        assert directory.exists()
    assert not directory.exists()


def test_of_more_at_once_than_the_server_has_databases_there_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verk_actors.testing.real_jobs._free_databases", [])

    with pytest.raises(RuntimeError, match="sixteen nodes of tests run at once already"), testing.real():
        pass
