"""`verk` without a command: what it says, and how little it loads for that."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest
from support.commands import environment, verk

from verk_actors.cli import main

pytestmark = pytest.mark.slow  # an interpreter starts
COMMANDS = main.list_commands(click.Context(main))


def test_help_names_all_commands_and_the_exit_codes(tmp_path):
    said = verk("--help", cwd=tmp_path)

    assert said.returncode == 0
    lines = said.stdout.partition("Commands:\n")[2].partition("\n\n")[0].splitlines()
    assert [line.split()[0] for line in lines if line[2] != " "] == COMMANDS
    assert "Exit codes: 0 done, 1 it failed, 2 " in said.stdout


def test_help_loads_neither_redis_nor_actors(tmp_path):
    script = (
        "import sys\nfrom verk_actors.cli import main\n"
        "main(['--help'], standalone_mode=False)\nprint(*sys.modules, sep='\\n')"
    )

    said = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=True
    )

    loaded = set(said.stdout.splitlines())
    assert {"click", "verk_actors.cli"} <= loaded
    assert not {"redis", "pykka", "cattrs", "attrs", "starlette", "textual"} & loaded


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help(verk_here, command):
    said = verk_here(command, "--help")

    assert said.returncode == 0
    assert said.stdout.startswith(f"Usage: verk {command} [OPTIONS]")


def test_an_unknown_command_is_refused_in_one_line(tmp_path):
    said = verk("walk", cwd=tmp_path)

    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr == "Error: No such command 'walk'.\n"
