"""`/retries`: failed jobs that run again."""

from __future__ import annotations

from verk_actors.web.set_routes import set_routes

routes = set_routes(
    "retries",
    title="Retries",
    time="Next run",
    lead="Jobs that have failed and run again, those due first at the top.",
    empty=("Nothing is to be retried", "A job that fails waits here for its next run."),
)
