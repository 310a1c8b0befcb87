"""`/tree`: the actors of each node, as their supervisors have them."""

from __future__ import annotations

from verk_actors.web.page import coming

routes = [coming("/tree", "Supervision tree")]
