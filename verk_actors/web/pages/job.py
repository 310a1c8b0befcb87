"""`/jobs/{jid:path}`: one job, wherever it is."""

from __future__ import annotations

from verk_actors.web.page import coming

routes = [coming("/jobs/{jid:path}", "Job")]
