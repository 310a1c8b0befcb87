"""Where everybody is in their code."""

from __future__ import annotations

import threading

from support.processes import WAIT, Bench, Overseer, stuck

from verk_actors.otp import Backoff, dump


def test_each_process_has_a_line_with_its_place_in_the_tree_and_in_its_code(bench: Bench) -> None:
    """Ours: one line for each process, whether it is stuck or waits."""
    supervisor = bench.supervisor("one", "two")
    bench.clock.move_to(7)
    with stuck(bench.find("two")):
        bench.find("two").tell("waits")
        root, one, two, *_ = dump(supervisor)

    assert root.startswith("supervisor, 7 s old: ")
    assert one.startswith("  one, 7 s old: ")
    assert two.startswith("  two, 7 s old, 1 in its inbox: ")
    assert ":in stuck.<locals>.wait < " in two
    assert "in Process._actor_loop" in one


def test_a_child_that_does_not_run_has_a_line_too(bench: Bench) -> None:
    """Ours: what is to be restarted is there."""
    supervisor = bench.start(Overseer([bench.spec("flaky", backoff=Backoff())]))
    bench.find("flaky").kill()
    bench.settle()

    assert "  flaky, restarting" in list(dump(supervisor))


def stay(inside: threading.Event, gate: threading.Event) -> None:
    inside.set()
    gate.wait(WAIT)


def test_a_thread_of_no_process_is_shown_by_its_name(bench: Bench) -> None:
    """Ours: the main thread, and those that jobs have left behind, are there."""
    inside, gate = threading.Event(), threading.Event()
    thread = threading.Thread(target=stay, args=[inside, gate], name="left behind")
    thread.start()
    try:
        assert inside.wait(WAIT)
        lines = list(dump(bench.start(Overseer())))
    finally:
        gate.set()
        thread.join()

    assert [line for line in lines if line.startswith("thread left behind: ") and ":in stay < " in line]
    assert [line for line in lines if "test_a_thread_of_no_process_is_shown_by_its_name" in line]
    assert not [line for line in dump(None) if not line.startswith("thread ")]
