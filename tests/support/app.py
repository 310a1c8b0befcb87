"""A small program as users write it: job classes, and a client of the module's own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from verk_actors.client import Client
from verk_actors.jobs.context import current_job
from verk_actors.jobs.endings import Discard, Kill, Snooze
from verk_actors.jobs.job_class import JobClass, worker
from verk_actors.jobs.registry import Registry
from verk_actors.settings.config import Config

registry = Registry()
client = Client(Config(redis_url="redis://127.0.0.1:1/0"))  # nobody is there: a job that is sent to it is an error
ran: list[object] = []


@worker(queue="mail", registry=registry)
class Welcome(JobClass):
    """Notes whom it welcomes."""

    def perform(self, name: str, at: datetime | None = None) -> None:
        """Run."""
        ran.append((name, at))


@worker(registry=registry)
def sign_up(name: str) -> None:
    """Enqueue another job."""
    ran.append(f"sign up {name}")
    client.enqueue(Welcome.job(name))
    client.schedule(Welcome.job(f"{name} again"), 3600)


@worker(registry=registry, max_retry_count=2)
class Fails(JobClass):
    """Fails each time, and wants the retry a minute later."""

    def perform(self) -> None:
        """Run."""
        job = current_job()
        assert job is not None
        ran.append(job.attempt)
        raise ValueError(f"attempt {job.attempt}")

    def retry_at(self, failed_at: float, attempt: int) -> float:
        """Return when it is to run again."""
        return failed_at + 60


@worker(registry=registry)
def add(a: int, b: int) -> int:
    """Return something."""
    return a + b


@worker(registry=registry)
async def on_loop(name: str) -> None:
    """Run on an event loop."""
    ran.append(name)
    client.enqueue(Welcome.job(name))


@worker(registry=registry)
def end(how: str) -> None:
    """Choose an end."""
    ends: dict[str, Callable[[], Exception]] = {
        "snooze": lambda: Snooze(300),
        "discard": lambda: Discard("enough"),
        "kill": lambda: Kill("no use"),
    }
    raise ends[how]()
