"""A primary, a replica and three Sentinels that watch them, all real."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Self

import redis as redis_py

from support.eventually import eventually
from support.servers import OwnServer
from verk_actors.errors import StoreError
from verk_actors.settings.redis_url import RedisUrl
from verk_actors.store.connection import Connection

SERVICE = "verk"
_PATIENCE_MS = 20_000


class Sentinel(OwnServer):
    """A Sentinel: it wants a file of its own, which it writes."""

    def watch(self, server: OwnServer, *settings: str, port: int | None = None) -> Self:
        """Have it watch a primary; two Sentinels have to agree that it is down, which takes longer than a stall.

        `port` is where the primary listens to Sentinels and clients, if not at its own.
        """
        monitored = [
            f"sentinel monitor {SERVICE} 127.0.0.1 {port or server.port} 2",
            f"sentinel down-after-milliseconds {SERVICE} {_PATIENCE_MS}",
            f"sentinel failover-timeout {SERVICE} {_PATIENCE_MS}",
        ]
        (self.directory / "sentinel.conf").write_text("\n".join([*monitored, *settings, ""]))
        return self

    def command(self, *extra: str) -> list[str]:
        """Return the command line."""
        settings = {"port": str(self.port), "bind": "127.0.0.1", "dir": str(self.directory)}
        words = [word for name, value in settings.items() for word in (f"--{name}", value)]
        return [self.program, str(self.directory / "sentinel.conf"), "--sentinel", *words, *extra]


class Sentinels:
    """The whole of it.

    Args:
        directory: where their data is.
        options: of the two servers.

    Attributes:
        servers: the first is the primary at the start.
        sentinels: those that watch.
    """

    def __init__(self, directory: Path, **options: str) -> None:
        quick = {"repl_diskless_sync_delay": "0", "repl_ping_replica_period": "1"} | options
        self.servers = [OwnServer(directory / name, **quick) for name in ("first", "second")]
        self.sentinels = [Sentinel(directory / f"sentinel{number}") for number in range(3)]

    def __enter__(self) -> Self:
        first, second = self.servers
        try:
            first.start()
            second.start("--replicaof", "127.0.0.1", str(first.port))
            for sentinel in self.sentinels:
                sentinel.watch(first).start()
            eventually(self._know_each_other, "Sentinels that know each other and the replica")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in (*self.sentinels, *self.servers):
            process.kill()

    @property
    def url(self) -> str:
        """Where the primary can be asked for."""
        seeds = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in self.sentinels)
        return f"redis+sentinel://{seeds}/{SERVICE}"

    @property
    def primary(self) -> OwnServer:
        """The server that most Sentinels take for the primary now."""
        ports = [int(self.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE, of=one)[1]) for one in self.sentinels]
        return next(server for server in self.servers if server.port == max(ports, key=ports.count))

    @contextmanager
    def client(self) -> Iterator[redis_py.Redis]:
        """Lend a plain client of the primary."""
        with self.primary.client() as client:
            yield client

    def ask(self, *command: str, of: Sentinel | None = None) -> Any:
        """Send a command to a Sentinel, the first unless another is named, and return the plain reply."""
        with closing(Connection(RedisUrl((of or self.sentinels[0]).url), name="test")) as connection:
            return connection.call(*command)

    @contextmanager
    def quick(self) -> Iterator[None]:
        """Have them change the servers' places half a second after the primary was heard of, and not only when told."""
        self._set_limits(down_after_ms=500, failover_ms=3_000)
        yield
        self._set_limits(_PATIENCE_MS, _PATIENCE_MS)

    def failover(self) -> None:
        """Have the two servers change places, and wait until most Sentinels say so."""
        old = self.primary
        self.start_failover()
        eventually(lambda: self.primary is not old, "new primary")

    def start_failover(self) -> None:
        """Have the two servers change places."""
        eventually(self._accept_failover, "Sentinel that finds the replica good")

    def demote(self, old: OwnServer, *, soon: bool) -> None:
        """Make the old primary the replica of the new one, as the Sentinels do; `soon`, without their ten seconds."""
        if soon:
            with old.client() as client:
                client.replicaof("127.0.0.1", str(self.primary.port))
                client.client_kill_filter(_type="normal", skipme=True)
        eventually(self._has_replica, "replica of the primary")

    def _set_limits(self, down_after_ms: int, failover_ms: int) -> None:
        limits = {"down-after-milliseconds": down_after_ms, "failover-timeout": failover_ms}
        for sentinel in self.sentinels:
            for name, milliseconds in limits.items():
                self.ask("SENTINEL", "SET", SERVICE, name, str(milliseconds), of=sentinel)

    def _has_replica(self) -> bool:
        with self.client() as client:
            return int(client.info("replication")["connected_slaves"]) == 1

    def _accept_failover(self) -> bool:
        try:
            self.ask("SENTINEL", "FAILOVER", SERVICE)
        except StoreError as refused:
            assert "NOGOODSLAVE" in refused.why, refused
            return False
        return True

    def _know_each_other(self) -> bool:
        wanted = {"num-slaves": b"1", "num-other-sentinels": b"2", "flags": b"master"}
        for sentinel in self.sentinels:
            reply = self.ask("SENTINEL", "MASTER", SERVICE, of=sentinel)
            state = {name.decode(): value for name, value in zip(reply[::2], reply[1::2], strict=True)}
            if any(state[name] != value for name, value in wanted.items()):
                return False
        return self._has_replica()
