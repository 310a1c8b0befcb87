"""`/dead`: jobs that don't run again unless asked to."""

from __future__ import annotations

from verk_actors.web.set_routes import set_routes

routes = set_routes(
    "dead",
    title="Dead",
    time="Died",
    lead="Jobs that don't run again unless asked to, the last that died at the top.",
    empty=("Nothing is dead", "A job ends here when its retries are used up, when it is killed, or when it is no job."),
)
