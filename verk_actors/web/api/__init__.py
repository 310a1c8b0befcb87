"""The JSON API, below `/api/v1`: what the pages show, and what they do; and what Prometheus reads."""

from verk_actors.web.api import (
    batches,
    busy,
    cron,
    document,
    enqueueing,
    jobs,
    limits,
    metrics,
    prometheus,
    queues,
    sets,
    stats,
)
from verk_actors.web.api.operation import operations_of
from verk_actors.web.api.routes import route_of

OPERATIONS = operations_of(stats, metrics, queues, sets, jobs, enqueueing, cron, batches, limits, busy)
"""All that can be asked, in the order of the document."""

routes = [*map(route_of, OPERATIONS), document.route_of_document(OPERATIONS), *prometheus.routes]
