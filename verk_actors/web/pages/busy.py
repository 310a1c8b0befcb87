"""`/busy`: the nodes, and the jobs that run."""

from __future__ import annotations

from verk_actors.web.page import coming

routes = [coming("/busy", "Busy")]
