"""`/queues/{queue:path}`: one queue, with the jobs that wait and those that run."""

from __future__ import annotations

from verk_actors.web.page import coming

routes = [coming("/queues/{queue:path}", "Queue")]
