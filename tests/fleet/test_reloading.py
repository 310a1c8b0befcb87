"""A node that is started anew when files change: here a shell's script stands for it."""

from __future__ import annotations

import os
import signal
from collections.abc import Collection, Iterator
from pathlib import Path

from support.eventually import eventually

from verk_actors.fleet.program import Program
from verk_actors.fleet.reloading import run_reloading


class Script:
    """A script that does something first, notes each start, and goes on."""

    def __init__(self, tmp_path: Path, then: str, *, first: str = ":") -> None:
        self._starts = tmp_path / "starts"
        self._starts.touch()
        self.command = ["sh", "-c", f"{first}; echo x >> '{self._starts}'; {then}"]

    def wait_started(self, count: int) -> None:
        """Wait until it was started so often."""
        eventually(lambda: self._starts.read_text().count("x") == count, f"{count} starts")


def changes(script: Script, *files: Collection[str]) -> Iterator[Collection[str]]:
    """Yield changes, each once the script has started anew; then the signal comes."""
    for count, one in enumerate(files, 1):
        script.wait_started(count)
        yield one
    script.wait_started(len(files) + 1)
    os.kill(os.getpid(), signal.SIGTERM)
    while True:
        yield ()


def test_a_change_starts_it_anew_and_a_signal_ends_it(tmp_path):
    script = Script(tmp_path, "exec sleep 100")

    assert run_reloading(script.command, changes(script, {"a.py"}, {"a.py", "b.py"})) == 0


def test_one_that_has_ended_waits_for_a_change(tmp_path, caplog):
    script = Script(tmp_path, "exit 3")

    def until_told() -> Iterator[Collection[str]]:
        while "exited with 3" not in caplog.text:
            yield ()
        yield from changes(script)

    assert run_reloading(script.command, until_told()) == 0
    script.wait_started(1)


def test_it_fails_where_the_node_fails_in_its_stop(tmp_path):
    script = Script(tmp_path, "while :; do sleep 0.01; done", first="trap 'exit 4' TERM")

    assert run_reloading(script.command, changes(script)) == 1


def test_one_that_does_not_end_is_told_again_when_patience_is_over(tmp_path, monkeypatch):
    told = tmp_path / "told"

    class Heard(Program):
        """Is told once more only when it has heard the first time: two signals that wait are one."""

        def send(self, number: int) -> None:
            super().send(number)
            eventually(told.exists, "a signal that the script has heard")

    monkeypatch.setattr("verk_actors.fleet.reloading.Program", Heard)
    monkeypatch.setattr("verk_actors.fleet.reloading._DRAIN_SECONDS", 0.1)
    first = f"[ -e '{told}' ] || trap 'trap - TERM; touch {told}' TERM"
    script = Script(tmp_path, "while :; do sleep 0.01; done", first=first)

    assert run_reloading(script.command, changes(script, {"a.py"})) == 0
