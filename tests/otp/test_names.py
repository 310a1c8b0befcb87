"""Names: one table for each runtime."""

from __future__ import annotations

from queue import Queue

import pytest
from support.processes import WAIT, Ask, Bench, Do, Puppet, stuck

from verk_actors.otp import NameTaken, Runtime, start_link


def test_a_name_finds_its_process(bench: Bench) -> None:
    """erlang(3): whereis returns the process registered under a name."""
    ref = bench.puppet("a")

    assert bench.names.find("a") is ref
    assert ref.whereis("a") is ref
    assert ref.call(Ask(lambda me: me.whereis("a"))) is ref


def test_an_unknown_name_finds_nothing(bench: Bench) -> None:
    """erlang(3): whereis returns undefined for a name that is not registered."""
    assert bench.puppet().whereis("nobody") is None


def test_a_cast_to_a_name_reaches_its_process_and_one_to_an_unknown_name_nobody(bench: Bench) -> None:
    """gen_server(3): a cast to a name says nothing of whether there is such a server."""
    sender, seen = bench.puppet("sender"), Queue[str]()
    bench.puppet("a")

    sender.call(Ask(lambda me: me.cast_to("nobody", Do(lambda other: seen.put(str(other.actor_ref))))))
    sender.call(Ask(lambda me: me.cast_to("a", Do(lambda other: seen.put(str(other.actor_ref))))))

    assert seen.get(timeout=WAIT) == "a"
    assert seen.empty()


def test_two_processes_cannot_have_one_name(bench: Bench) -> None:
    """erlang(3): register fails where the name is in use."""
    bench.puppet("a")

    with pytest.raises(NameTaken, match="the name is taken by"):
        bench.puppet("a")


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_name_is_free_again_after_its_process(bench: Bench, end: str) -> None:
    """Processes: a name is unregistered when its process ends."""
    first = bench.puppet("a")

    getattr(first, end)()
    second = bench.puppet("a")

    assert bench.names.find("a") is second


def test_the_late_end_of_a_killed_process_leaves_its_successor_the_name(bench: Bench) -> None:
    """Ours: an abandoned thread that comes back takes nothing from the process that replaced it."""
    first = bench.puppet("a")
    with stuck(first):
        first.kill()
        second = bench.puppet("a")

    assert first.thread is not None
    first.thread.join(WAIT)
    assert bench.names.find("a") is second


def test_the_end_of_a_process_that_was_refused_a_name_leaves_it_to_its_holder(bench: Bench) -> None:
    """erlang(3): register fails where the name is in use, and changes nothing."""
    holder, refused = bench.puppet("a"), Puppet()
    with pytest.raises(NameTaken):
        bench.start(refused, name="a")

    refused.actor_ref.kill()

    assert bench.names.find("a") is holder


def test_runtimes_do_not_see_each_others_names(bench: Bench) -> None:
    """Ours: names belong to a runtime, so that two systems live in one interpreter."""
    other = Runtime("other")
    here, there = bench.puppet("a"), start_link(Puppet(), runtime=other, name="a")

    assert here.whereis("a") is here
    assert there.whereis("a") is there
    there.stop()
    assert bench.names.find("a") is here
    assert other.names.all() == {}


def test_a_process_is_shown_by_its_name_or_else_by_its_number(bench: Bench) -> None:
    """Ours: a process prints as its name, or as its class and a number that no other process has."""
    named, one, two = bench.puppet("a"), bench.start(Puppet()), bench.start(Puppet())

    assert str(named) == "a"
    assert str(one) == f"Puppet<{one.pid}>"
    assert len({named.pid, one.pid, two.pid}) == 3
