"""The pages: a module each, with its `routes`. None knows another."""

from verk_actors.web.pages import (
    audit,
    batches,
    busy,
    cron,
    dead,
    job,
    limits,
    metrics,
    overview,
    queue,
    queues,
    retries,
    scheduled,
    tree,
)

MODULES = (overview, queues, queue, busy, retries, scheduled, cron, batches, limits, dead, job, metrics, tree, audit)
"""In this order a path is looked for."""
