"""A Redis Cluster of three servers, and a replica of the one that holds the keys of `{verk}`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import redis as redis_py
from redis.crc import key_slot

from support.eventually import eventually
from support.servers import OwnServer, free_port

NAMESPACE = "{verk}"
SLOT = key_slot(b"verk")
_SHARES = (range(5461), range(5461, 10923), range(10923, 16384))


class ClusterServer(OwnServer):
    """A server in cluster mode, with a second port for the others."""

    def __init__(self, directory: Path, *, program: str | None = None) -> None:
        self.bus_port = free_port()
        super().__init__(
            directory,
            program=program,
            cluster_enabled="yes",
            cluster_port=str(self.bus_port),
            cluster_node_timeout="5000",
            cluster_replica_validity_factor="0",
            repl_diskless_sync_delay="0",
        )


class Cluster:
    """The whole of it.

    Args:
        directory: where its data is.
        program: the server program; the embedded one unless given.
        with_replica: whether there is a fourth server, a replica of the owner.

    Attributes:
        servers: all of them; who is a primary and who a replica may change.
    """

    def __init__(self, directory: Path, *, program: str | None = None, with_replica: bool = False) -> None:
        names = [f"node{number}" for number in range(3)] + ["replica"] * with_replica
        self.servers = [ClusterServer(directory / name, program=program) for name in names]

    def __enter__(self) -> Self:
        try:
            for server in self.servers:
                server.start()
            for server, share in zip(self.servers[:3], _SHARES, strict=True):
                self.ask(server, "CLUSTER", "ADDSLOTSRANGE", share[0], share[-1])
            first, *others = self.servers
            for server in others:
                self.ask(server, "CLUSTER", "MEET", "127.0.0.1", first.port, first.bus_port)
            eventually(lambda: all(map(self._knows_all, self.servers)), "cluster of servers that know each other")
            for replica in self.servers[3:]:
                self.ask(replica, "CLUSTER", "REPLICATE", self.id_of(self.owner))
                self.wait_for_replica()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for server in self.servers:
            server.kill()

    @property
    def url(self) -> str:
        """Where any of the servers can be asked."""
        return "redis+cluster://" + ",".join(f"127.0.0.1:{server.port}" for server in self.servers)

    @property
    def owner(self) -> ClusterServer:
        """The server that holds the keys now, as the first that answers has it."""
        return self._by_port(next(found[2][1] for found in self._ranges() if found[0] <= SLOT <= found[1]))

    @property
    def primaries(self) -> list[ClusterServer]:
        """The servers that own slots now, as the first that answers has it."""
        return [self._by_port(port) for port in {found[2][1] for found in self._ranges()}]

    @contextmanager
    def client(self) -> Iterator[redis_py.Redis]:
        """Lend a plain client of the server that holds the keys."""
        with self.owner.client() as client:
            yield client

    def move_slot(self, target: ClusterServer) -> None:
        """Hand the slot of the keys over to another server, key by key, as `redis-cli --cluster reshard` does."""
        source = self.owner
        self.ask(target, "CLUSTER", "SETSLOT", SLOT, "IMPORTING", self.id_of(source))
        self.ask(source, "CLUSTER", "SETSLOT", SLOT, "MIGRATING", self.id_of(target))
        while keys := self.ask(source, "CLUSTER", "GETKEYSINSLOT", SLOT, 10):
            self.ask(source, "MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "KEYS", *keys)
        self.give_slot(target)

    def give_slot(self, target: ClusterServer) -> None:
        """Have all primaries take a server for the owner of the keys' slot, and believe no older word of each other."""
        others = [server for server in self.primaries if server is not target]
        self.ask(target, "CLUSTER", "BUMPEPOCH")
        for server in (target, *others):
            self.ask(server, "CLUSTER", "SETSLOT", SLOT, "NODE", self.id_of(target))

    def fail_over(self) -> None:
        """Make the replica the owner, and wait until it is."""
        old = self.owner
        (replica,) = (server for server in self.servers if server not in self.primaries)
        self.ask(replica, "CLUSTER", "FAILOVER")
        eventually(lambda: self.owner is not old, "new owner")

    def wait_for_replica(self) -> None:
        """Wait until the owner has a replica."""
        eventually(self._has_replica, "replica that follows")

    def id_of(self, server: ClusterServer) -> str:
        """Return the name of a server in the cluster."""
        return str(self.ask(server, "CLUSTER", "MYID").decode())

    def ask(self, server: ClusterServer, *command: Any) -> Any:
        """Send a command to one server and return the plain reply."""
        with redis_py.Redis(port=server.port, protocol=2) as client:
            client.response_callbacks.clear()
            return client.execute_command(*command)

    def _by_port(self, port: int) -> ClusterServer:
        return next(server for server in self.servers if server.port == port)

    def _ranges(self) -> Any:
        for server in self.servers:
            try:
                return self.ask(server, "CLUSTER", "SLOTS")
            except redis_py.ConnectionError:
                continue
        raise AssertionError("no server of the cluster answers")

    def _knows_all(self, server: ClusterServer) -> bool:
        info = self.ask(server, "CLUSTER", "INFO").decode()
        return "cluster_state:ok" in info and f"cluster_known_nodes:{len(self.servers)}\r" in info

    def _has_replica(self) -> bool:
        with self.client() as client:
            return bool(client.info("replication")["connected_slaves"])
