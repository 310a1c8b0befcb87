"""Jobs in processes of their own: how they run and how they end. Each test starts some, hence slow."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import attrs
import pytest
from support.eventually import eventually
from support.nodes import Node, running_node
from support.process_jobs import ProcessJobs, pids, signed
from support.program import gone

from verk_actors.events import JobFailed, JobFinished, JobStarted
from verk_actors.jobs.job_class import worker
from verk_actors.jobs.registry import Registry
from verk_actors.settings.config import Config
from verk_actors.settings.queues import QueueConfig
from verk_actors.wire.job import Job
from verk_actors.wire.results import JobResult

pytestmark = pytest.mark.slow


def processes(config: Config, size: int = 1, jobs: ProcessJobs | None = None, **settings: Any) -> Any:
    """Start a node whose queue `q` has its jobs run in processes."""
    queue = QueueConfig(size=size, executor="process", **settings)
    # What has failed does not come back meanwhile, however long the processes take to start.
    return running_node(config, jobs or ProcessJobs(), queues={"q": queue}, poll_interval_seconds=3600.0)  # type: ignore[arg-type]  # alike


def enqueue(node: Node, name: str, *args: object) -> str:
    return node.client.enqueue(Job(class_=name, args=list(args), queue="q"))


def failure(node: Node, name: str, *args: object) -> JobFailed:
    """Run a job that fails, and return the event."""
    jid = enqueue(node, name, *args)
    [failed] = node.log.expect(JobFailed, jid=jid)
    return failed


def test_a_job_runs_in_another_process_which_knows_the_job_and_serves_the_next(config: Config, tmp_path: Path) -> None:
    file = tmp_path / "signed"
    with processes(config) as node:
        jids = [enqueue(node, name, str(file)) for name in ("Sign", "Signature", "SignAsync")]
        node.log.expect(JobFinished, 3)

    lines = signed(file)
    assert len(set(pids(file)) | {os.getpid()}) == 2
    assert [(line["jid"], line["queue"], line["attempt"]) for line in lines] == [(jid, "q", 1) for jid in jids]


def test_what_a_job_returns_comes_back_where_it_is_to_be_kept(config: Config) -> None:
    with processes(config) as node:
        jids = [
            node.client.enqueue(Job(class_="Return", args=["é"], queue="q", result_for=kept)) for kept in (60, None)
        ]
        node.log.expect(JobFinished, 2)

        assert [node.client.result(jid) for jid in jids] == [JobResult(["é"]), None]


def test_a_failure_has_its_class_message_and_frames_and_the_class_is_asked_there_for_the_retry(config: Config) -> None:
    with processes(config) as node:
        failed = failure(node, "Bad", "luck")
        [(retry, due_at)] = node.client.retries.range_with_score()
        unsendable = failure(node, "RaiseUnsendable")

    assert (failed.error_class, failed.error_message, failed.exception) == ("ValueError", "bad luck", None)
    assert [line.rpartition(" ")[2] for line in failed.backtrace] == ["deeper", "Bad.perform"]
    assert retry.error_backtrace == failed.backtrace
    process = round(due_at - failed.failed_at)
    assert process > 1
    assert process != os.getpid()
    assert (unsendable.error_class, unsendable.error_message) == ("Unsendable", "with a lock")


def test_a_job_that_ends_its_process_has_failed_alone_with_how_and_the_next_has_a_new_one(
    config: Config, tmp_path: Path
) -> None:
    file = str(tmp_path / "signed")
    with processes(config) as node:
        for name, args, how in (
            ("Exit", [3], "exited with 3"),
            ("Segfault", [], "killed by SIGSEGV"),
            ("Strike", [signal.SIGKILL], "killed by SIGKILL"),
        ):
            enqueue(node, "Sign", file)
            failed = failure(node, name, *args)
            assert (failed.error_class, failed.error_message) == ("ProcessDied", f"the job's process was ended: {how}")
        assert len(set(pids(Path(file)))) == 3
        assert node.client.retries.count() == 3


def test_a_job_that_takes_too_long_is_killed_and_has_failed(config: Config, tmp_path: Path) -> None:
    file = tmp_path / "signed"
    with processes(config, timeout_seconds=5.0) as node:  # of real time, in which each has to sign on a busy machine
        failed = failure(node, "Hang", str(file))
        enqueue(node, "Sign", str(file))
        node.log.expect(JobFinished)

    assert (failed.error_class, failed.error_message) == ("JobTimeout", "the job ran for longer than 5 s")
    hung, next_one = pids(file)
    assert hung != next_one


def test_a_process_is_recycled_after_its_number_of_jobs_failed_ones_too(config: Config, tmp_path: Path) -> None:
    file = tmp_path / "signed"
    with processes(config, recycle_after_jobs=2) as node:
        enqueue(node, "Sign", str(file))
        failure(node, "Bad", "one")
        for _ in range(2):
            enqueue(node, "Sign", str(file))
        node.log.expect(JobFinished, 3)

    one, two, three = pids(file)
    assert one != two == three


def test_a_process_that_has_grown_too_large_is_recycled(config: Config, tmp_path: Path) -> None:
    file = tmp_path / "signed"
    with processes(config, recycle_above_megabytes=200) as node:
        for name, *args in (("Sign",), ("Grow", 200_000_000), ("Sign",)):
            enqueue(node, name, str(file), *args)
        node.log.expect(JobFinished, 3)

    one, grown, fresh = pids(file)
    assert one == grown != fresh


def test_a_process_that_dies_without_a_job_fails_none(config: Config, tmp_path: Path) -> None:
    file = tmp_path / "signed"
    with processes(config) as node:
        enqueue(node, "Sign", str(file))
        node.log.expect(JobFinished, 1)
        [process] = pids(file)
        os.kill(process, signal.SIGKILL)
        eventually(gone(process), "end of the process")
        enqueue(node, "Sign", str(file))
        node.log.expect(JobFinished, 2)
        assert node.log.of(JobFailed) == []

    assert len(set(pids(file))) == 2


def test_a_job_that_forks_and_comes_back_twice_has_ended_once(config: Config, tmp_path: Path) -> None:
    file = tmp_path / "signed"
    with processes(config) as node:
        for _ in range(2):
            enqueue(node, "ForkAndReturn", str(file))
        node.log.expect(JobFinished, 2)
        assert len(node.log.of(JobStarted)) == 2

    assert len(set(pids(file))) == 1


def test_a_job_class_that_can_not_be_found_there_fails_its_jobs_and_no_others(config: Config, tmp_path: Path) -> None:
    registry = Registry()
    file = tmp_path / "signed"

    @worker(registry=registry)
    class Local:
        __module__ = ProcessJobs.__module__  # which a process can import, wherever these tests are run from

        def perform(self) -> None: ...

    elsewhere = type("Elsewhere", (registry.find("Local").target,), {"__module__": "no_such_module"})
    registry.add(attrs.evolve(registry.find("Local"), name="Elsewhere", target=elsewhere))
    for name in ("Nameless", "Sign"):
        registry.add(ProcessJobs().registry.find(name))
    with processes(config, jobs=ProcessJobs(registry)) as node:
        failures = {name: failure(node, name) for name in ("Local", "Elsewhere", "Nameless", "Unknown")}
        enqueue(node, "Sign", str(file))
        node.log.expect(JobFinished)

    errors = {name: failed.error_class for name, failed in failures.items()}
    assert errors == {
        "Local": "JobClassNotImportable",
        "Elsewhere": "ModuleNotFoundError",
        "Nameless": "JobClassNotImportable",
        "Unknown": "JobClassNotFound",
    }
    assert "isn't at the top of its module" in failures["Local"].error_message


def test_jobs_of_one_queue_run_in_as_many_processes_as_it_has_workers(config: Config, tmp_path: Path) -> None:
    files = [tmp_path / f"signed {number}" for number in range(3)]
    with processes(config, size=3) as node:
        for file in files:
            enqueue(node, "Hang", str(file))
        eventually(lambda: all(map(pids, files)), "run of each")
        for file in files:
            os.kill(pids(file)[0], signal.SIGKILL)
        node.log.expect(JobFailed, 3)

    assert len({pids(file)[0] for file in files}) == 3
