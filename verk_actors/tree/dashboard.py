"""Serves the dashboard, where one was asked for (`Config.web`), on an event loop of its own.

Supervised by the ActorSystem, permanent, and restarted after growing pauses: its death costs the answers that it was
giving, and no job. It reads Redis as any other client does, and knows nothing of this node's actors. Alone, outside of
any tree, it is what `verk web` runs.

No counterpart in Verk, whose dashboard is a project of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from verk_actors.errors import ConfigError
from verk_actors.otp import LoopServer
from verk_actors.settings.config import Config
from verk_actors.tree.node_log import NodeLog

log = NodeLog(__name__)


class Dashboard(LoopServer):
    """The web server of a node.

    Args:
        config: where Redis is, and where to listen.
        told: is told where a browser finds it.
    """

    cancel_seconds: ClassVar[float] = 3.0  # for requests that wait for Redis, and uvicorn's own second

    def __init__(self, config: Config, told: Callable[[str], object]) -> None:
        super().__init__()
        self._config = config
        self._told = told

    def init(self) -> None:
        """Listen; raises where that can't be, so that a node does not start without what it was asked for."""
        from verk_actors.web.serving import Serving  # who does without it need not have installed it

        if self._config.web is None:
            raise ConfigError("web", None, "where to listen")
        serving = self.own(Serving(self._config, self._config.web))
        self.spawn(serving.run(), self._ended)
        log.info("the dashboard is at %s", serving.url)
        self._told(serving.url)

    def _ended(self, _: object) -> None:
        if self.ending is None:
            raise RuntimeError("the server of the dashboard ended by itself")
