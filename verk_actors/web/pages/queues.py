"""`/queues`: all queues, with what waits in them and how they are worked."""

from __future__ import annotations

from verk_actors.web.page import coming

routes = [coming("/queues", "Queues")]
