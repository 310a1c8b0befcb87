"""`verk chaos`: under all faults at once nothing is lost, and the command leaves nothing behind."""

from __future__ import annotations

import json
import re
import signal
import sys

import pytest
from support.commands import Command, on_a_terminal, verk
from support.eventually import eventually
from support.leftovers import nothing_is_left, processes_below

from verk_actors import embedded

pytestmark = pytest.mark.slow  # nodes are started, killed and taken for dead


@pytest.fixture
def home(tmp_path):
    """Return the directory for the command's temporary files."""
    home = tmp_path / "t"
    home.mkdir()
    return home


@pytest.mark.timeout(900)
def test_nothing_is_lost_or_doubled_and_none_runs_again_but_what_a_fault_found_in_progress(tmp_path, home, long):
    jobs, faults = (20_000, 200) if long else (1_000, 12)

    said = verk(
        *("chaos", "--jobs", str(jobs), "--faults", str(faults), "--json"),
        cwd=tmp_path, deadline_seconds=800, TMPDIR=str(home),
    )  # fmt: skip

    assert said.returncode == 0, said.stdout + said.stderr
    found = json.loads(said.stdout.splitlines()[-1])
    assert (found["lost"], found["copies"], found["left"], found["kept"]) == (0, 0, 0, True)
    assert found["unexplained"] == 0
    assert found["ran_again"] <= found["bound"]
    assert sum(found["jobs"].values()) == jobs
    assert sum(found["faults"].values()) == faults
    assert sum(found["as_wanted"].values()) + found["buried"] == jobs
    assert "The promise was kept." in said.stdout
    assert "\x1b" not in said.stdout
    assert nothing_is_left(home)


def test_on_a_terminal_it_says_how_far_it_has_come(tmp_path, home):
    options = ("--jobs", "20", "--faults", "2", "--only", "cut", "--nodes", "2", "--seed", "7")

    shown = on_a_terminal("chaos", *options, cwd=tmp_path, TMPDIR=str(home), TERM="xterm", COLUMNS="100")

    assert "\r20 of 20 jobs enqueued, fault 2 of 2: all connections cut\x1b[K" in shown
    assert "--seed 7" in shown


def test_a_signal_ends_it_early_and_leaves_no_process(tmp_path):
    directory = tmp_path / "chaos"
    with Command("chaos", "--directory", str(directory), cwd=tmp_path) as chaos:
        ledgers = directory / "ledgers"
        eventually(lambda: ledgers.is_dir() and list(ledgers.iterdir()), "a job that has run")
        chaos.send(signal.SIGINT)

        assert chaos.exit_code() == 128 + signal.SIGINT

    assert not re.search("Traceback|promise", chaos.output)
    assert not processes_below(directory)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel does not tell of a pipe's end by a signal")
def test_killed_at_once_it_takes_its_nodes_and_its_proxy_with_it(tmp_path):
    directory = tmp_path / "chaos"
    with Command("chaos", "--directory", str(directory), "--only", "freeze", cwd=tmp_path) as chaos:
        ledgers = directory / "ledgers"
        eventually(lambda: ledgers.is_dir() and list(ledgers.iterdir()), "a job that has run")
        chaos.send(signal.SIGKILL)
        chaos.exit_code()
    eventually(lambda: all("server" in command for command in processes_below(directory)), "the end of its processes")

    embedded.stop(directory)  # the server outlives whoever started it
    assert not processes_below(directory)


def test_a_directory_that_is_in_use_is_refused(tmp_path):
    (tmp_path / "chaos").mkdir()
    (tmp_path / "chaos" / "mine").touch()

    said = verk("chaos", "--directory", "chaos", cwd=tmp_path)

    assert (said.returncode, said.stderr) == (2, "Error: --directory chaos: it is not empty\n")
