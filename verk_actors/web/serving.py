"""Serves the dashboard at an address, as a task on somebody's event loop: uvicorn, with nothing that reaches beyond.

No signal handlers, no logging set up, no stream kept open. Its end takes a second at most.
"""

from __future__ import annotations

from asyncio import CancelledError

import uvicorn

from verk_actors.address import Address, listen
from verk_actors.config import Config
from verk_actors.web.app import create_app
from verk_actors.web_address import WebAddress

_END_SECONDS = 1  # for requests that are being answered


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
        self._server = uvicorn.Server(
            uvicorn.Config(
                self._app,
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
            raise

    def close(self) -> None:
        """Listen no more, and close the connections to Redis."""
        self._socket.close()
        self._app.state.site.close()
