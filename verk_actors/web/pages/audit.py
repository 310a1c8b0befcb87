"""`/audit`: what has been done by the dashboard."""

from __future__ import annotations

from verk_actors.web.page import coming

routes = [coming("/audit", "Audit")]
