"""`/metrics`: how often the jobs of each class have run, and for how long."""

from __future__ import annotations

from verk_actors.web.page import coming

routes = [coming("/metrics", "Metrics")]
