"""`/retries`: failed jobs that run again."""

from __future__ import annotations

from verk_actors.web.page import coming

routes = [coming("/retries", "Retries")]
