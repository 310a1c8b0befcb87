"""What goes on while the demo is looked at in a browser: jobs of every fate, batches, a workflow and periodic jobs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import count

from verk_actors.cli.demo.jobs import (
    REGISTRY,
    VIDEO,
    AskStock,
    BreakWorker,
    ChargeCard,
    EncodeVideo,
    WriteReceipt,
)
from verk_actors.client import Client
from verk_actors.client.workflow import chain, group
from verk_actors.jobs.context import current_job
from verk_actors.jobs.endings import Kill
from verk_actors.jobs.job_class import JobClass, worker
from verk_actors.settings.limit import Limit
from verk_actors.wire.job import Job

_ALBUM = 24  # pictures, which take about as long as a hundred jobs
_PICTURE_SECONDS = 1.0


@worker(registry=REGISTRY, queue=VIDEO, limits=Limit("pictures", concurrency=1))
class ResizePicture(JobClass):
    """Is one of a batch, of which the others wait for the limit meanwhile; one of some albums is dead."""

    async def perform(self, album: str, picture: int) -> None:
        """Run the job."""
        await asyncio.sleep(_PICTURE_SECONDS)
        if album.endswith("0") and picture == 1:
            raise Kill(f"picture {picture} of {album} is no picture")


@worker(registry=REGISTRY, queue=VIDEO, limits=Limit("partner", rate=15, period_seconds=60.0))
class TellPartner(JobClass):
    """Tells somebody who wants to be told fifteen times a minute at most."""

    async def perform(self, what: str) -> None:
        """Run the job."""


@worker(registry=REGISTRY, queue=VIDEO)
class CountVotes(JobClass):
    """Is the first step of a workflow: sets a result."""

    async def perform(self, ward: str) -> None:
        """Run the job."""
        await asyncio.sleep(1.0)
        job = current_job()
        if job is not None:
            job.set_result({"ward": ward, "votes": 100 * len(ward)})


@worker(registry=REGISTRY, queue=VIDEO)
class SumUp(JobClass):
    """Is the last step: goes on from the results of the one before."""

    async def perform(self) -> None:
        """Run the job."""
        job = current_job()
        if job is not None:
            job.set_result(sum(result.value["votes"] for result in job.previous_results() if result is not None))


@worker(registry=REGISTRY, queue=VIDEO)
class SweepCache(JobClass):
    """Comes every ten seconds."""

    async def perform(self) -> None:
        """Run the job."""


def begin(client: Client) -> None:
    """Enter the periodic jobs."""
    client.cron.add("sweep-cache", SweepCache.job(), "*/10 * * * * *")
    client.cron.add("nightly-receipts", WriteReceipt.job("everybody", 0), "30 2 * * *", timezone="Europe/Berlin")
    client.cron.add("weekly-stock", AskStock.job("all shelves"), "0 8 * * mon", timezone="Asia/Tokyo")
    client.cron.pause("weekly-stock")


def for_ever(client: Client) -> Iterator[tuple[Job, float]]:
    """Yield jobs without end, each with the seconds until it is due; in each hundred are some of every fate."""
    for number in count(1):
        if number % 100 == 1:
            _make_batches(client, number // 100)
        if number % 10 == 0:
            yield EncodeVideo.job(f"holiday-{number}.mov", 6.0), 0.0
        elif number % 25 == 1:
            yield AskStock.job(f"shelf {number}"), 0.0
        elif number % 25 == 2:
            yield WriteReceipt.job("tomorrow", number), 3600.0
        elif number % 50 == 3:
            yield ChargeCard.job("joe"), 0.0
        elif 10 < number % 100 < 16:
            yield TellPartner.job(f"order {number}"), 0.0
        elif number % 100 == 4:
            yield BreakWorker.job(), 0.0
        else:
            yield WriteReceipt.job("ada", number), 0.0


def _make_batches(client: Client, number: int) -> None:
    album = f"holiday {number}"
    client.batch(
        [ResizePicture.job(album, picture) for picture in range(1, _ALBUM + 1)],
        on_complete=TellPartner.job(album),
        description=f"Pictures of {album}",
    )
    wards = group(*(CountVotes.job(ward) for ward in ("north", "south", "harbour")))
    client.batch(chain(wards, SumUp.job()), description=f"Votes, count {number + 1}")
