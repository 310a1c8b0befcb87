"""The Ruby in docs/sidekiq.md, run by the real Sidekiq."""

from __future__ import annotations

import pytest
from support.blocks import REPOSITORY, blocks
from support.sidekiq import Console

from verk_actors.client import Client
from verk_actors.settings.config import Config

pytestmark = pytest.mark.needs("ruby", "sidekiq")


def test_the_ruby_of_the_page_enqueues_the_job_that_its_python_runs(ruby: Console, config: Config) -> None:
    [block] = blocks(REPOSITORY / "docs/sidekiq.md", "ruby")

    jid = ruby(block.code)

    with Client(config) as client:
        job = client.queue("billing").find(jid)
    assert job is not None
    assert (job.class_, job.args, job.max_retry_count) == ("Billing::Invoice", [7, "paper"], 5)
