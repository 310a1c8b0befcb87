"""The jobs of the demo: a class for each fate, and the programme of what is enqueued."""

from __future__ import annotations

import asyncio
import os
import random
import re
from collections.abc import Sequence
from email.message import EmailMessage
from pathlib import Path

import attrs

from verk_actors.jobs.context import current_job
from verk_actors.jobs.job_class import JobClass, worker
from verk_actors.jobs.registry import Registry
from verk_actors.otp import Cast, current
from verk_actors.wire.job import Job

DEFAULT, MAIL, VIDEO = "default", "mail", "video"
"""The queues; the last is there only where the demo is looked at in a browser."""
REGISTRY = Registry()
"""The demo's own: the node knows these classes and no others."""

_RETRY_SECONDS = 0.4  # the usual curve starts at 15 seconds and more
_FILES = 100
_FRAMES, _FRAMES_PER_STEP = 1440, 24


@worker(registry=REGISTRY, queue=DEFAULT)
class CountWords(JobClass):
    """Finishes: counts the different words in a file."""

    def perform(self, path: str) -> int:
        """Run the job."""
        return len(set(re.findall(rb"\w+", Path(path).read_bytes())))


@worker(registry=REGISTRY, queue=MAIL)
class WriteReceipt(JobClass):
    """Finishes, at once or when it is due: writes a message, and sends it nowhere."""

    def perform(self, customer: str, number: int) -> bytes:
        """Run the job."""
        message = EmailMessage()
        message["To"], message["Subject"] = f"{customer}@example.org", f"Receipt {number}"
        message.set_content(f"Thank you, {customer}!")
        return message.as_bytes()


@worker(registry=REGISTRY, queue=MAIL)
class CallWebhook(JobClass):
    """Fails twice, then finishes."""

    def perform(self, host: str) -> None:
        """Run the job."""
        run = current_job()
        if run is not None and run.attempt < 3:
            raise ConnectionError(f"{host} does not answer")

    def retry_at(self, failed_at: float, attempt: int) -> float:
        """Be retried soon."""
        return failed_at + _RETRY_SECONDS


@worker(registry=REGISTRY, queue=DEFAULT, max_retry_count=1)
class ChargeCard(JobClass):
    """Fails, fails again, and is dead."""

    def perform(self, customer: str) -> None:
        """Run the job."""
        raise ValueError(f"the card of {customer} has expired")

    def retry_at(self, failed_at: float, attempt: int) -> float:
        """Be retried soon."""
        return failed_at + _RETRY_SECONDS


@attrs.frozen
class Nonsense(Cast):
    """What no worker knows how to handle."""


@worker(registry=REGISTRY, queue=DEFAULT)
class BreakWorker(JobClass):
    """Finishes, and crashes the worker that ran it."""

    def perform(self) -> None:
        """Run the job."""
        process = current()
        if process is not None:
            process.cast(Nonsense())


@worker(registry=REGISTRY, queue=VIDEO)
class EncodeVideo(JobClass):
    """Takes its time and says how far it is, so that it is seen while it runs, and can be cancelled."""

    async def perform(self, name: str, seconds: float) -> None:
        """Run the job."""
        run = current_job()
        for frame in range(0, _FRAMES, _FRAMES_PER_STEP):
            if run is not None:
                run.progress(frame, _FRAMES, f"encoding {name}")
            await asyncio.sleep(seconds * _FRAMES_PER_STEP / _FRAMES)


@worker(registry=REGISTRY, queue=DEFAULT)
class AskStock(JobClass):
    """Fails as long as anybody looks, and waits for its retry by the usual curve."""

    def perform(self, product: str) -> None:
        """Run the job."""
        raise TimeoutError(f"the warehouse did not say how many of {product} it has")


def at_once() -> Sequence[Job]:
    """Return the jobs to enqueue now, in an order that is mixed and always the same."""
    customers = ("ada", "grace", "joe")
    jobs = [
        *(CountWords.job(path) for path in _files()),
        *(WriteReceipt.job(customers[number % 3], number) for number in range(30)),
        *(CallWebhook.job(f"shop-{number}.example.org") for number in range(4)),
        *(ChargeCard.job(customer) for customer in customers),
        *(BreakWorker.job() for _ in range(2)),
    ]
    random.Random(1).shuffle(jobs)
    return jobs


def later() -> Sequence[tuple[Job, float]]:
    """Return the jobs to schedule, each with the seconds until it is due."""
    return [(WriteReceipt.job("tomorrow", number), float(number)) for number in (1, 2, 3)]


def _files() -> Sequence[str]:
    """Return modules of the standard library: real input, wherever Python is."""
    library = Path(os.__file__).parent
    return [str(path) for path in sorted(library.glob("*.py"))[:_FILES]]
