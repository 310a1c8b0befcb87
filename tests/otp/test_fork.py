"""A forked child has none of its parent's processes, and the parent does not notice.

Each test is an interpreter of its own, hence slow: a fork of the tests' own would take pytest along.
"""

from __future__ import annotations

import sys
import textwrap

import pytest
from support.commands import ended

pytestmark = pytest.mark.slow

PREAMBLE = """
import os, signal, sys, threading
from verk_actors.otp import *

signal.alarm(30)  # of parent and child: whoever hangs is ended

class Echo(Server):
    def on_receive(self, message):
        return message(self) if callable(message) else message

def forked(act):
    '''Fork; the child acts and exits. Return its exit code.'''
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        signal.alarm(20)
        try:
            act()
        except BaseException as error:
            print(type(error).__name__, str(error).replace(str(os.getppid()), "PARENT"), flush=True)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

echo = Echo.start()
"""


def run(script: str) -> str:
    """Run a script in an interpreter of its own and return what it printed; a hang fails the test."""
    done = ended([sys.executable, "-W", "ignore", "-c", PREAMBLE + textwrap.dedent(script)])
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_call_in_a_forked_child_fails_at_once_and_says_why() -> None:
    """Python: a fork takes one thread along; a call to a thread that is not there would wait for ever."""
    script = """
    forked(lambda: echo.ask("hello"))
    print(echo.ask("hello"))
    echo.stop()
    """
    assert run(script) == (
        "ActorDeadError Echo<1> is dead: a fork takes no threads along; it lives in process PARENT\nhello\n"
    )


def test_in_a_forked_child_a_process_of_the_parent_is_dead_in_every_way() -> None:
    """Python: a fork takes one thread along; whoever waits for the end of another thread need not wait."""
    script = """
    def act():
        print(echo.is_alive(), echo.cast("hello"), echo.stop(), echo.join(), type(echo.reason).__name__)
        watcher = Echo.start()
        watcher.ask(lambda me: me.monitor(echo))
        print(watcher.stop())
    forked(act)
    print(echo.is_alive(), echo.stop())
    """
    assert run(script) == "False False False True LeftInParent\nTrue\nTrue True\n"


def test_a_forked_child_may_start_processes_of_its_own() -> None:
    """Ours: a forked child starts anew; web servers load a program once and fork their workers."""
    script = """
    def act():
        mine = Supervisor.start([ChildSpec(id="a", name="a", start=Echo)])
        print(mine.whereis("a").ask("mine"))
        mine.stop()
    print(forked(act), echo.ask("parent's"))
    echo.stop()
    """
    assert run(script) == "mine\n0 parent's\n"


def test_a_child_of_a_child_has_neither_its_parents_processes_nor_those_before() -> None:
    """Python: a fork takes one thread along; so does the next one."""
    script = """
    def act():
        mine = Echo.start()
        def act_again():
            print(mine.is_alive(), echo.is_alive(), mine.reason.pid == os.getppid() != echo.reason.pid)
        forked(act_again)
        print(mine.ask("alive"))
    forked(act)
    echo.stop()
    """
    assert run(script) == "False False True\nalive\n"


@pytest.mark.parametrize(
    ("act", "code"),
    [("return", 0), ("sys.exit()", 0), ("sys.exit(7)", 7), ("sys.exit('why')", 1), ("1 / 0", 1)],
)
def test_a_child_that_a_server_has_forked_ends_with_the_handler(act: str, code: int) -> None:
    """Python: the forking thread goes on in the child; it must not take the server's next message there."""
    script = f"""
    import logging
    logging.disable()

    def fork(me):
        pid = os.fork()
        if pid:
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        me.actor_ref.cast(lambda me: print("handled in the child", flush=True))
        {act}

    print(echo.ask(fork), echo.ask("goes on"))
    echo.stop()
    """
    assert run(script) == f"{code} goes on\n"


def test_a_fork_in_the_middle_of_everything_leaves_a_child_that_does_not_hang() -> None:
    """Python: a lock that another thread holds at the fork is never given back in the child."""
    script = """
    stop = threading.Event()
    def churn():
        while not stop.is_set():
            one, two = Echo.start(), Echo.start()
            one.link(two)
            one.monitor(echo)
            one.ask("hello")
            one.kill()
            two.stop()
    import logging
    logging.disable()
    threads = [threading.Thread(target=churn) for _ in range(4)]
    for thread in threads: thread.start()
    def act():
        echo.stop()
        mine = Echo.start()
        mine.ask(lambda me: me.monitor(echo))
        mine.ask("hello")
        mine.stop()
        os._exit(3)
    print({forked(act) for _ in range(100)})
    stop.set()
    for thread in threads: thread.join()
    echo.stop()
    """
    assert run(script) == "{3}\n"


@pytest.mark.parametrize("rest", ["pass", "await asyncio.sleep(0); print('never')"])
def test_a_child_that_a_task_forked_ends_with_the_task_or_at_its_next_await(rest: str) -> None:
    """Ours: a child that a LoopServer forks runs no task of the parent, nor takes its descriptors along."""
    script = f"""
    import asyncio

    async def fork():
        pid = os.fork()
        if pid == 0:
            signal.alarm(20)
            {rest}
            return
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)

    async def wait():
        try:
            await door.wait()
        finally:
            print("went on", os.getpid() == parent, flush=True)

    async def say():
        print("once", flush=True)

    class Forks(LoopServer):
        def init(self):
            self.spawn(wait(), lambda _: ended.set())
            self.spawn(fork(), lambda _: door.set())
            self.spawn(say(), bool)

    parent, door, ended = os.getpid(), asyncio.Event(), threading.Event()
    forks = Forks.start()
    ended.wait(20)
    print(forks.stop())
    echo.stop()
    """
    assert run(script) == "0\nonce\nwent on True\nTrue\n"
