"""What the command is to a shell: completion, versions, colours."""

from __future__ import annotations

import io
import json
import platform
import re
import sys

import pytest
from click.shell_completion import ShellComplete

from verk_actors.cli import main
from verk_actors.wire.job import Job


@pytest.mark.parametrize(("shell", "part"), [("bash", "complete -o"), ("zsh", "#compdef verk"), ("fish", "complete ")])
def test_a_shell_is_told_how_to_complete(verk_here, shell, part):
    said = verk_here("completion", shell)

    assert said.returncode == 0
    assert part in said.stdout
    assert f"_VERK_COMPLETE={shell}_complete" in said.stdout


@pytest.mark.parametrize(
    ("words", "incomplete", "found"),
    [
        ([], "ru", ["run"]),
        (["queues"], "pa", ["pause"]),
        (["jobs", "list"], "", ["retry", "scheduled", "dead", "queue:", "limit:"]),
        (["stats"], "--j", ["--json"]),
    ],
)
def test_commands_places_and_options_are_completed(words, incomplete, found):
    completions = ShellComplete(main, {}, "verk", "_VERK_COMPLETE").get_completions(words, incomplete)

    assert [one.value for one in completions] == found


def test_versions_of_what_matters_are_shown(verk_here):
    versions = json.loads(verk_here("version", "--json").stdout)
    said = verk_here("version").stdout

    assert versions["python"] == platform.python_version()
    assert versions["pykka"]
    assert said.splitlines()[0].split() == ["verk-actors", versions["verk-actors"]]


class Terminal(io.StringIO):
    """What is written on a terminal."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Return a terminal that the command writes on."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(sys, "stderr", terminal)
    return terminal


@pytest.mark.parametrize(("variables", "green"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colours_are_for_terminals_whose_owner_likes_them(verk_here, monkeypatch, redis_url, variables, green):
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal = on_a_terminal(monkeypatch)

    verk_here("doctor", "--redis", redis_url, **variables)

    assert ("\x1b[32m" in terminal.getvalue()) is green
    assert "The version has all commands that are needed." in terminal.getvalue()


def test_what_takes_long_shows_how_far_it_is(verk_here, monkeypatch, redis_url, client):
    client.enqueue_many([Job(class_="Note", args=[key]) for key in range(2000)])
    terminal = on_a_terminal(monkeypatch)

    verk_here("jobs", "delete", "queue:default", "--all", "-y", "--redis", redis_url)

    assert re.search(r"Delete  \[.*100%", terminal.getvalue())
    assert "deleted 2,000 jobs" in terminal.getvalue()
