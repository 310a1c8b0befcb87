"""The interpreter's exit never hangs, whatever is still running.

Each test is an interpreter of its own, hence slow.
"""

from __future__ import annotations

import sys
import textwrap

import pytest
from support.commands import ended

pytestmark = pytest.mark.slow

PREAMBLE = """
import atexit, logging, sys, threading
from verk_actors.otp import *

class Worker(Server):
    def on_receive(self, message):
        message(self)

    def terminate(self, reason):
        print("terminated", flush=True)

def tree(**fields):
    return Supervisor.start([ChildSpec(id=name, name=name, start=Worker, **fields) for name in "ab"])

def find(root, name):
    return root.whereis(name)

def stick(ref):
    inside = threading.Event()
    ref.tell(lambda me: (inside.set(), threading.Event().wait()))
    inside.wait(10)
"""


def run(script: str) -> tuple[int, str]:
    """Run a script in an interpreter of its own; a hang fails the test."""
    done = ended([sys.executable, "-c", PREAMBLE + textwrap.dedent(script)])
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_main_may_return_with_a_tree_running() -> None:
    """Python: the interpreter waits for threads that are no daemons; ours are daemons, and stop must be called."""
    assert run("root = tree()") == (0, "")


def test_a_tree_that_is_stopped_before_main_returns_ends_in_order() -> None:
    """Python: stop the root before leaving main."""
    assert run("tree().stop()") == (0, "terminated\nterminated\n")


def test_a_process_stuck_in_user_code_does_not_keep_the_interpreter() -> None:
    """Python: no thread can be ended; a stuck daemon thread does not hold up the exit."""
    assert run("stick(find(tree(), 'a'))") == (0, "")


def test_an_abandoned_thread_does_not_keep_the_interpreter() -> None:
    """Python: no thread can be ended; an abandoned one does not hold up the exit."""
    script = """
    logging.disable()
    root = tree(shutdown=BRUTAL_KILL)
    stick(find(root, 'b'))
    root.stop()
    print("b" in root.runtime.abandoned())
    """
    assert run(script) == (0, "True\n")


def test_the_exit_code_of_main_stands() -> None:
    """Python: sys.exit in the main thread ends the interpreter with its code, a tree running or not."""
    assert run("root = tree(); sys.exit(7)") == (7, "")


def test_sys_exit_in_a_process_does_not_end_the_interpreter() -> None:
    """Pykka: sys.exit in one actor stops all actors."""
    script = """
    logging.disable()
    root = tree()
    a = find(root, 'a')
    a.tell(lambda me: sys.exit(7))
    a.join(10)
    print(root.is_alive(), flush=True)
    root.stop()
    """
    assert run(script) == (0, "terminated\nTrue\nterminated\nterminated\n")


def test_a_tree_can_be_stopped_at_exit() -> None:
    """Python: from 3.12 on no thread is started any more in atexit; a stop needs none."""
    assert run("atexit.register(tree().stop)") == (0, "terminated\nterminated\n")


def test_a_restart_while_the_interpreter_ends_is_a_failed_start() -> None:
    """Python: from 3.12 on no thread is started any more in atexit; a restart fails, and the tree stops in order."""
    script = """
    logging.disable()
    root = tree()

    @atexit.register
    def late():
        a = find(root, 'a')
        a.kill()
        root.stop()
        print("done", flush=True)
    """
    code, output = run(script)

    assert code == 0
    assert output.endswith("done\n")


def test_ctrl_c_in_main_ends_the_interpreter() -> None:
    """Python: KeyboardInterrupt is raised in the main thread alone, and does not wait for the others."""
    script = """
    import signal
    signal.signal(signal.SIGINT, signal.default_int_handler)
    root = tree()
    stick(find(root, 'a'))
    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt:
        sys.exit(130)
    """
    assert run(script) == (130, "")
