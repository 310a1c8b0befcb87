"""Running tables, and actors that note what they are told of them."""

from __future__ import annotations

from support.processes import Bench
from verk_actors.otp import Ref, Server, handles
from verk_actors.tree.messages import JobsEnded, JobsMoved, Run
from verk_actors.tree.running_job import RunningJob
from verk_actors.tree.running_jobs import RunningJobs


class Noting(Server):
    """Notes what it is sent, under its name."""

    def __init__(self, name: str, notes: list[str]) -> None:
        super().__init__()
        self.name, self.notes = name, notes

    @handles(Run, JobsEnded, JobsMoved)
    def note(self, message: object) -> None:
        self.notes.append(f"{self.name} {type(message).__name__}")


def start(bench: Bench, name: str) -> Ref:
    return bench.start(Noting(name, bench.notes), name=name)


def job(name: str, **fields: object) -> RunningJob:
    return RunningJob(name.encode(), None, **fields)


def names(jobs: list[RunningJob]) -> list[str]:
    return [running_job.payload.decode() for running_job in jobs]


def put(table: RunningJobs, *jobs: RunningJob) -> None:
    """Enter jobs as a QueueManager does."""
    for one in jobs:
        table.add(one)
    table.wake()
