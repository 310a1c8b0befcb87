"""Serves the dashboard at an address, as a task on somebody's event loop: uvicorn, with nothing that reaches beyond.

No signal handlers, no logging set up, no stream kept open. Its end takes two seconds at most: all tasks of the loop are
cancelled at once, those of requests too, which are answered then.
"""

from __future__ import annotations

from asyncio import CancelledError, sleep
from contextlib import suppress

import uvicorn
from starlette.types import Receive, Scope, Send

from verk_actors.settings.address import Address, listen
from verk_actors.settings.config import Config
from verk_actors.settings.web_address import WebAddress
from verk_actors.web.app import create_app
from verk_actors.web.refusing import refuse

_END_SECONDS = 1  # for answers on their way, and then for threads to finish what was asked for


class Serving:
    """A dashboard that listens from now on, and answers while `run` runs.

    Args:
        config: where Redis is.
        address: where to listen, and who may come in.

    Attributes:
        url: where a browser finds it.

    Raises:
        CannotListen: the address is taken, or of another machine.
    """

    def __init__(self, config: Config, address: WebAddress) -> None:
        self._app = create_app(
            config, read_only=address.read_only, credentials=address.credentials, hosts=address.names
        )
        self._socket = listen(address.address)
        self._has_left_threads = False
        self._server = uvicorn.Server(
            uvicorn.Config(
                self._answer,
                interface="asgi3",
                loop="none",
                lifespan="off",
                ws="none",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=_END_SECONDS,
            )
        )
        self.url = f"http://{Address(*self._socket.getsockname()[:2])}/"

    async def run(self) -> None:
        """Answer until cancelled."""
        try:
            await self._server.serve(sockets=[self._socket])
        except CancelledError:
            if self._server.started:
                await self._server.shutdown(sockets=[self._socket])
            if self._has_left_threads:
                await sleep(_END_SECONDS)
            raise

    def close(self) -> None:
        """Listen no more, and end the connections to Redis, also for threads that wait for a reply."""
        self._socket.close()
        self._app.state.site.cut()
        self._app.state.site.close()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except CancelledError:
            self._has_left_threads = True
            why = "The dashboard is being stopped. What was asked for may have been done."
            with suppress(RuntimeError):  # the answer has begun
                await refuse(scope, receive, send, status=503, why=why)
