"""Clients in programs that fork after they have used them, as gunicorn does with `preload_app`.

Each script is an interpreter of its own, hence slow: a fork of the tests' own would take pytest along.
"""

from __future__ import annotations

import sys
import textwrap

import pytest
import redis as redis_py
from support.commands import ended

pytestmark = pytest.mark.slow

PREAMBLE = """
import asyncio, os, signal, sys, threading
from verk_actors import AsyncClient, Client, Config, Job

signal.alarm(40)  # of parent and child: whoever hangs is ended
config = Config(redis_url=sys.argv[1])

def job(key): return Job(queue="q", class_="C", args=[key])

def forked(act):
    pid = os.fork()
    if not pid:
        try:
            act()
        except BaseException as error:
            print(type(error).__name__, error, flush=True)
            os._exit(1)
        os._exit(0)
    return pid

def codes(pids): return [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
"""


def run(script: str, redis_url: str) -> str:
    """Run a script in an interpreter of its own and return what it printed; a hang fails the test."""
    done = ended([sys.executable, "-W", "ignore", "-c", PREAMBLE + textwrap.dedent(script), redis_url])
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def keys_of(redis: redis_py.Redis) -> set[str]:
    return {payload.decode().partition('"args":["')[2].partition('"')[0] for payload in redis.lrange("queue:q", 0, -1)}


def test_threads_of_several_children_enqueue_over_connections_of_their_own(
    redis_url: str, redis: redis_py.Redis
) -> None:
    """All at the first moment, while threads of the parent hold connections and wait for one."""
    script = """
    client = Client(config)
    def enqueue(who):
        for number in range(20):
            client.enqueue(job(f"{who}-{number}"))
    def all_at_once(who):
        start = threading.Barrier(16)
        threads = [threading.Thread(target=lambda n=n: (start.wait(), enqueue(f"{who}-{n}"))) for n in range(16)]
        for thread in threads: thread.start()
        return threads
    client.enqueue(job("first"))
    threads = all_at_once("parent")
    def act():
        for thread in all_at_once(os.getpid()): thread.join()
    pids = [forked(act) for _ in range(3)]
    print(codes(pids))
    for thread in threads: thread.join()
    """
    assert run(script, redis_url) == "[0, 0, 0]\n"
    assert redis.llen("queue:q") == len(keys_of(redis)) == 1 + 4 * 16 * 20


def test_an_async_client_of_the_parent_serves_the_loops_of_its_children(redis_url: str, redis: redis_py.Redis) -> None:
    script = """
    client = AsyncClient(config)
    async def enqueue(who):
        await asyncio.gather(*(client.enqueue(job(f"{who}-{number}")) for number in range(20)))
    asyncio.run(enqueue("before"))
    pids = [forked(lambda: asyncio.run(enqueue(os.getpid()))) for _ in range(2)]
    print(codes(pids))
    asyncio.run(enqueue("after"))
    asyncio.run(client.close())
    """
    assert run(script, redis_url) == "[0, 0]\n"
    assert redis.llen("queue:q") == len(keys_of(redis)) == 80
