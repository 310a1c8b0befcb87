"""`/scheduled`: jobs that run at a later time."""

from __future__ import annotations

from verk_actors.web.page import coming

routes = [coming("/scheduled", "Scheduled")]
