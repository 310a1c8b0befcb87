"""`/metrics.prom`: what Prometheus scrapes of the dashboard."""

from __future__ import annotations

import sys

import pytest

from verk_actors.wire.job import Job


def test_all_that_is_in_redis_is_scraped_here(web, client):
    client.enqueue(Job(queue="mails", class_="Mail", args=[]))

    answer = web.get("/metrics.prom")

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert 'verk_queue_size{queue="mails"} 1.0\n' in answer.text
    assert "verk_job_duration_seconds" not in answer.text  # a node's own


def test_without_the_extra_it_says_what_to_install(web, monkeypatch: pytest.MonkeyPatch):
    for name in [name for name in sys.modules if name.startswith("verk_actors.integrations.prometheus")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "prometheus_client", None)

    answer = web.get("/metrics.prom")

    assert answer.status_code == 501
    assert "pip install &#39;verk-actors[metrics]&#39;" in answer.text
