"""`/scheduled`: jobs that run later."""

from __future__ import annotations

from verk_actors.web.set_routes import set_routes

routes = set_routes(
    "scheduled",
    title="Scheduled",
    time="Due",
    lead="Jobs that were enqueued for a later time, those due first at the top.",
    empty=("Nothing is scheduled", "What a program schedules waits here until it is due."),
)
