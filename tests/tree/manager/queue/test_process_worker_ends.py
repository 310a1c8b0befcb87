"""How job processes end with their worker, their queue and their node. Each test starts some, hence slow."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
from support.commands import RunningNode, ended, wait_pushed
from support.eventually import eventually
from support.nodes import running_node
from support.process_jobs import ProcessJobs, pids
from support.program import gone

from verk_actors.client import Client
from verk_actors.events import JobFailed, JobFinished, JobStarted
from verk_actors.settings.config import Config
from verk_actors.settings.queues import QueueConfig
from verk_actors.tree.manager.queue import process_worker
from verk_actors.wire.job import Job

pytestmark = pytest.mark.slow

ONE = {"queues": {"q": QueueConfig(size=1, executor="process")}}


def hang(file: Path) -> Job:
    """Return a job whose first run never ends."""
    return Job(class_="Hang", args=[str(file)], queue="q")


def test_a_stop_hands_a_running_job_back_and_ends_its_process(config: Config, tmp_path: Path) -> None:
    file = tmp_path / "signed"
    with running_node(config, ProcessJobs(), **ONE, shutdown_timeout_seconds=0.1) as node:
        jid = node.client.enqueue(hang(file))
        [process] = eventually(lambda: pids(file), "run")
        node.system.stop()

        assert gone(process)()
        [job] = node.client.queue("q").range()
        assert (job.jid, job.retry_count) == (jid, 0)
        assert node.log.of(JobFailed) == []


def test_a_stop_lets_a_running_job_end(config: Config, tmp_path: Path) -> None:
    file = tmp_path / "signed"
    with running_node(config, ProcessJobs(), **ONE, shutdown_timeout_seconds=30.0) as node:
        node.client.enqueue(Job(class_="Sign", args=[str(file)], queue="q"))
        node.log.expect(JobStarted)
        node.system.stop()

    assert len(node.log.of(JobFinished)) == 1
    assert gone(pids(file)[0])()


def test_a_killed_worker_takes_its_process_along_and_the_job_goes_back_without_a_retry(
    config: Config, tmp_path: Path
) -> None:
    file = tmp_path / "signed"
    with running_node(config, ProcessJobs(), **ONE) as node:
        node.client.enqueue(hang(file))
        [process] = eventually(lambda: pids(file), "run")
        node.whereis("q.worker_1").kill()
        eventually(gone(process), "end of the process")
        node.log.expect(JobFinished)

        assert [event.job.attempt for event in node.log.of(JobStarted)] == [1, 1]
        assert node.log.of(JobFailed) == []


@pytest.mark.logs_errors("q.worker_1 crashed", "exited with 7")
def test_a_worker_whose_process_does_not_start_dies_with_its_job_as_failed_and_has_a_successor(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "signed"
    (tmp_path / "broken.py").write_text("import os\ndef main(*_): os._exit(7)")
    with running_node(config, ProcessJobs(), **ONE) as node:
        with monkeypatch.context() as patch:
            patch.setattr(process_worker, "_PROGRAM", "broken")
            patch.syspath_prepend(tmp_path)
            node.client.enqueue(Job(class_="Sign", args=[str(file)], queue="q"))
            [failed] = node.log.expect(JobFailed)
        node.client.enqueue(Job(class_="Sign", args=[str(file)], queue="q"))
        node.log.expect(JobFinished)

    assert failed.error_class == "WorkerDied"
    assert "its process exited with 7" in failed.error_message


COMMAND_JOBS = """
import logging, os, signal, redis
from verk_actors import worker

client = redis.Redis.from_url(os.environ["JOBS_REDIS"])

@worker
def Say(text):
    print("printed", text)
    logging.getLogger("mine").info("logged %s", text)
    client.rpush("ran", os.getpid())

@worker
def Spin(text):
    if os.fork() == 0:
        signal.alarm(30)
        signal.pause()
    client.rpush("ran", os.getpid())
    while True:
        pass
"""


def test_what_a_job_prints_and_logs_is_seen_and_its_process_dies_with_the_node_that_is_killed(
    tmp_path: Path, redis_url: str, redis
) -> None:
    (tmp_path / "more.py").write_text(COMMAND_JOBS)
    with (
        Client(Config(redis_url=redis_url)) as client,
        RunningNode(tmp_path, redis_url, "-r", "more", queue="default:2:process") as node,
    ):
        client.enqueue(Job(class_="Say", args=["this"]))
        [one] = wait_pushed(redis, "ran", 1)
        node.expect("printed this\n")
        node.expect("INFO    logged this [Say ")
        client.enqueue(Job(class_="Spin", args=["x"]))
        [spinning] = wait_pushed(redis, "ran", 1)
        assert not gone(int(spinning))()
        node.send(signal.SIGKILL)
        eventually(gone(int(one)), "end of one")
        eventually(gone(int(spinning)), "end of the other")


PROGRAM = """
import os, sys, threading
from verk_actors import ActorSystem, Config, EventListener, QueueConfig, RegisterListener, Client, worker
from verk_actors.events import Event, JobFailed, JobFinished

@worker
class InMain:
    def perform(self, text):
        print("ran", text, __name__, sys.argv[1:], flush=True)

done = threading.Event()

class Listener(EventListener):
    def handle_event(self, event):
        if isinstance(event, (JobFailed, JobFinished)):
            print(type(event).__name__, getattr(event, "error_message", ""), flush=True)
            done.set()

def main():
    config = Config(redis_url=os.environ["JOBS_REDIS"], queues={"q": QueueConfig(size=1, executor="process")})
    system = ActorSystem.start(config)
    system.ask(RegisterListener(Listener.start(), Event))
    with Client(config) as client:
        client.enqueue(InMain.with_options(queue="q").job("it"))
    done.wait(20)
    system.stop()
    os._exit(0)

GUARD
    main()
"""


@pytest.mark.parametrize("how", ["script", "module"])
def test_job_classes_may_be_defined_in_the_program_itself(tmp_path: Path, redis_url: str, redis, how: str) -> None:
    printed = run_program(tmp_path, redis_url, 'if __name__ == "__main__":', how)

    assert printed == ["ran it __mp_main__ ['argument']", "JobFinished "]


def test_a_program_that_starts_its_node_whenever_it_is_imported_is_told_in_the_failure_of_its_jobs(
    tmp_path: Path, redis_url: str, redis
) -> None:
    [failed] = run_program(tmp_path, redis_url, "if True:", "script")

    assert failed.startswith("JobFailed a node was started while a job process imports")


def run_program(directory: Path, redis_url: str, guard: str, how: str) -> list[str]:
    """Run a program that is a node, and return the lines that it prints."""
    (directory / "program.py").write_text(PROGRAM.replace("GUARD", guard))
    env = {**os.environ, "JOBS_REDIS": redis_url, "PYTHONPATH": os.pathsep.join([str(directory), *sys.path])}
    program = ["program.py"] if how == "script" else ["-m", "program"]
    done = ended([sys.executable, *program, "argument"], env, directory)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
