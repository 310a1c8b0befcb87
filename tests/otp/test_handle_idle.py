"""What a server does when nothing waits for it."""

from __future__ import annotations

import pykka
import pytest
from support.processes import WAIT, Ask, Bench, Do, Oops, Puppet, stuck

from verk_actors.otp import NO_REPLY, Refused, Server, handles


class Idler(Puppet):
    """A puppet that notes when it is idle."""

    def handle_idle(self) -> None:
        self.notes.append("idle")


def test_handle_idle_runs_when_the_inbox_has_become_empty(bench: Bench) -> None:
    """gen_server(3): a timeout of 0 is handled when no message waits."""
    ref = bench.start(Idler(notes=bench.notes))
    bench.noted()

    with stuck(ref):
        for n in range(3):
            ref.tell(Do(lambda me, n=n: me.notes.append(str(n))))

    assert bench.noted() == ["0", "1", "2", "idle"]


def test_handle_idle_runs_after_init_too(bench: Bench) -> None:
    """gen_server(3): init may return a timeout as well."""
    bench.start(Idler(notes=bench.notes))

    assert bench.noted() == ["+puppet", "idle"]


@pytest.mark.logs_errors("Careless", "crashed")
def test_an_error_in_handle_idle_is_not_the_answer_to_the_call_before(bench: Bench) -> None:
    """Ours: handle_idle belongs to no message; a call put off before it is answered with the death."""

    class Careless(Server):
        refuses = True

        def handle_idle(self) -> None:
            raise Refused(Oops()) if self.refuses else Oops

        @handles(Ask)
        def _ask(self, message: Ask) -> object:
            self.refuses = message.action(self)
            self.defer()
            return NO_REPLY

    ref = bench.start(Careless())
    future = ref.ask(Ask(lambda _: True), block=False)
    bench.settle()
    with pytest.raises(pykka.Timeout):
        future.get(timeout=0.001)

    ref.ask(Ask(lambda _: False), block=False)

    with pytest.raises(pykka.ActorDeadError):
        future.get(timeout=WAIT)
