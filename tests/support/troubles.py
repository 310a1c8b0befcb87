"""What can be wrong with a Redis server, each injected for real for as long as a context lasts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import redis as redis_py

from support.eventually import eventually
from support.nodes import Node
from support.servers import OwnServer
from verk_actors.otp import snapshot

Trouble = Callable[[OwnServer], AbstractContextManager[None]]

_KEYS_TO_LOAD = 20_000  # ten seconds, unless it is ended; the server looks up every 1024 of them


@contextmanager
def gone(server: OwnServer) -> Iterator[None]:
    """Kill it, and start it again with its data."""
    server.kill()
    yield
    server.start()


@contextmanager
def loading(server: OwnServer) -> Iterator[None]:
    """Restart it, such that it loads its data for a long time."""
    with server.client() as client:
        pipe = client.pipeline(transaction=False)
        for number in range(_KEYS_TO_LOAD):
            pipe.set("to load", number)
        pipe.execute()
    server.kill()
    server.start("--key-load-delay", "500")
    yield
    with server.client() as client:
        client.config_set("key-load-delay", 0)
        eventually(lambda: not client.info("persistence")["loading"], "end of the loading")


@contextmanager
def busy(server: OwnServer) -> Iterator[None]:
    """Have it run somebody's endless script."""
    with server.client() as client, server.client() as other:
        client.config_set("lua-time-limit", 20)
        thread = threading.Thread(target=_run_for_ever, args=(other,))
        thread.start()
        eventually(lambda: _says(client, "BUSY"), "busy server")
        yield
        client.script_kill()
        thread.join()


@contextmanager
def a_replica(server: OwnServer) -> Iterator[None]:
    """Make it a replica of a server that is away; it answers what is only read (READONLY)."""
    with server.client() as client:
        client.replicaof("127.0.0.1", 1)
        yield
        client.replicaof("NO", "ONE")


@contextmanager
def a_replica_that_does_not_answer(server: OwnServer) -> Iterator[None]:
    """Make it a replica of a server that is away; it answers nothing (MASTERDOWN)."""
    with server.client() as client:
        client.config_set("replica-serve-stale-data", "no")
        with a_replica(server):
            yield


@contextmanager
def without_replicas(server: OwnServer) -> Iterator[None]:
    """Have it refuse writes for want of replicas (NOREPLICAS)."""
    with server.client() as client:
        client.config_set("min-replicas-to-write", 1)
        yield
        client.config_set("min-replicas-to-write", 0)


@contextmanager
def unable_to_save(server: OwnServer) -> Iterator[None]:
    """Have its snapshots fail, upon which it refuses writes (MISCONF)."""
    in_the_way = server.directory / "dump.rdb"
    in_the_way.mkdir()
    (in_the_way / "file").touch()  # an empty directory would be replaced
    with server.client() as client:
        client.config_set("save", "3600 1")
        client.bgsave()
        eventually(lambda: client.info("persistence")["rdb_last_bgsave_status"] == "err", "failed snapshot")
        yield
        client.config_set("save", "")


@contextmanager
def with_too_many_clients(server: OwnServer) -> Iterator[None]:
    """Throw its clients out, and let nobody in."""
    with server.client() as client:
        limit = client.config_get("maxclients")["maxclients"]
        client.config_set("maxclients", 1)
        client.client_kill_filter(_type="normal", skipme=True)
        yield
        client.config_set("maxclients", limit)


@contextmanager
def asking_for_a_password(server: OwnServer) -> Iterator[None]:
    """Throw its clients out, and ask them for a password that they don't have (NOAUTH)."""
    with server.client() as client:
        client.config_set("requirepass", "secret")
        client.client_kill_filter(_type="normal", skipme=True)
        yield
        client.config_set("requirepass", "")


@contextmanager
def with_another_password(server: OwnServer) -> Iterator[None]:
    """Throw the clients of the user `node` out, whose password is no longer `secret` (WRONGPASS)."""
    with server.client() as client:
        client.execute_command("ACL", "SETUSER", "node", "resetpass", ">another")
        client.execute_command("CLIENT", "KILL", "USER", "node")
        yield
        client.execute_command("ACL", "SETUSER", "node", "resetpass", ">secret")


@contextmanager
def without_a_permission(server: OwnServer) -> Iterator[None]:
    """Take the permission to run scripts away from the user `node` (NOPERM)."""
    with server.client() as client:
        client.execute_command("ACL", "SETUSER", "node", "-evalsha")
        yield
        client.execute_command("ACL", "SETUSER", "node", "+evalsha")


@contextmanager
def without_slots(server: OwnServer) -> Iterator[None]:
    """Have a cluster of one miss some slots, upon which it answers for none (CLUSTERDOWN)."""
    with server.client() as client:
        client.execute_command("CLUSTER", "DELSLOTS", 1)
        yield
        client.execute_command("CLUSTER", "ADDSLOTS", 1)


@contextmanager
def full(server: OwnServer) -> Iterator[None]:
    """Leave it no memory (OOM)."""
    with server.client() as client:
        client.config_set("maxmemory", 1)
        yield
        client.config_set("maxmemory", 0)


@contextmanager
def holding_something_else(server: OwnServer, key: str) -> Iterator[None]:
    """Have a key hold a text, whatever it should hold (WRONGTYPE); what it held is gone."""
    with server.client() as client:
        client.set(key, "something else")
        yield
        client.delete(key)


def refusals(server: OwnServer, word: str) -> int:
    """Return how often it has answered with an error that begins with this word."""
    with server.client() as client:
        return int(client.info("errorstats").get(f"errorstat_{word}", {"count": 0})["count"])


def restarts(node: Node) -> int:
    """Return how many restarts of its actors a node has used."""
    return sum(info.restarts for info in snapshot(node.system).walk())


def url_of_user(server: OwnServer) -> str:
    """Return the URL for the user `node` with the password `secret`, who may do anything until it is taken away."""
    with server.client() as client:
        client.execute_command("ACL", "SETUSER", "node", "on", ">secret", "~*", "&*", "+@all")
    return server.url.replace("redis://", "redis://node:secret@")


def _run_for_ever(client: redis_py.Redis) -> None:
    try:
        client.eval("while true do end", 0)
    except redis_py.ResponseError:
        return  # killed


def _says(client: redis_py.Redis, word: str) -> bool:
    try:
        client.get("anything")
    except redis_py.ResponseError as error:
        return str(error).startswith(word)
    return False
