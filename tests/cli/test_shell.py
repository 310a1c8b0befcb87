"""What the command is to a shell: completion, versions, colours."""

from __future__ import annotations

import json
import platform
import re
import subprocess
import sys

import pytest
from support.commands import environment, on_a_terminal

from verk_actors.wire.job import Job


@pytest.mark.parametrize(("shell", "part"), [("bash", "complete -o"), ("zsh", "#compdef verk"), ("fish", "complete ")])
def test_a_shell_is_told_how_to_complete(verk_here, shell, part):
    said = verk_here("completion", shell)

    assert said.returncode == 0
    assert part in said.stdout
    assert f"_VERK_COMPLETE={shell}_complete" in said.stdout


@pytest.mark.slow  # an interpreter starts
@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("verk ru", {"plain,run"}),
        ("verk queues pa", {"plain,pause"}),
        ("verk jobs list re", {"plain,retry"}),
        ("verk stats --j", {"plain,--json"}),
    ],
)
def test_commands_and_options_are_completed(tmp_path, words, found):
    variables = {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" ")), "_VERK_COMPLETE": "bash_complete"}

    said = subprocess.run(
        [sys.executable, "-c", "from verk_actors.cli import main; main(prog_name='verk')"],
        cwd=tmp_path,
        env=environment(**variables),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (set(said.stdout.split()), said.stderr) == (found, "")


def test_versions_of_what_matters_are_shown(verk_here):
    versions = json.loads(verk_here("version", "--json").stdout)
    said = verk_here("version").stdout

    assert versions["python"] == platform.python_version()
    assert versions["pykka"]
    assert said.splitlines()[0].split() == ["verk-actors", versions["verk-actors"]]


@pytest.mark.slow  # an interpreter starts
@pytest.mark.parametrize(("variables", "green"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colours_are_for_terminals_whose_owner_likes_them(tmp_path, redis_url, variables, green):
    shown = on_a_terminal("doctor", "--redis", redis_url, cwd=tmp_path, TERM="xterm", **variables)

    assert ("\x1b[32m" in shown) is green
    assert "The version has all commands that are needed." in shown


@pytest.mark.slow  # an interpreter starts
def test_what_takes_long_shows_how_far_it_is(tmp_path, redis_url, client):
    client.enqueue_many([Job(class_="Note", args=[key]) for key in range(2000)])

    shown = on_a_terminal("jobs", "delete", "queue:default", "--all", "-y", "--redis", redis_url, cwd=tmp_path)

    assert re.search(r"Delete  \[.*100%", shown)
    assert "deleted 2,000 jobs" in shown
