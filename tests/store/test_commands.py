from __future__ import annotations

from verk_actors.settings.redis_url import RedisUrl
from verk_actors.store.commands import Commands
from verk_actors.store.connection import Connection
from verk_actors.store.pool import Pool
from verk_actors.store.scripts import ENQUEUE


def test_a_connection_and_a_pool_do_the_same_commands(redis_url, redis):
    connection, pool = Connection(RedisUrl(redis_url), name="test"), Pool(RedisUrl(redis_url), name="test")

    def use(commands: Commands) -> list[object]:
        redis.flushall()
        return [
            commands.script(ENQUEUE, ("queue:q", "queues"), ("q", b"1", b"2")),
            commands.call("LRANGE", "queue:q", 0, -1),
        ]

    assert use(connection) == use(pool) == [2, [b"2", b"1"]]
    connection.close()
    pool.close()
