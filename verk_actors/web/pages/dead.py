"""`/dead`: jobs that won't run again unless asked to."""

from __future__ import annotations

from verk_actors.web.page import coming

routes = [coming("/dead", "Dead")]
