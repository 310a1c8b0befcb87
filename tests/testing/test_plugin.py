"""The pytest plugin, in a pytest of its own: hence slow."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from support.commands import ended
from support.source import REPOSITORY

TEST = """
import sys
import pytest
from support.app import registry, client, Welcome, ran

@pytest.fixture
def verk_registry(): return registry

@pytest.fixture
def verk_config():
    from verk_actors import Config
    return Config(queues={"mail": 1})

@pytest.mark.parametrize("number", range(3))
def test_fake(verk_fake, number):
    client.enqueue(Welcome.job(str(number)))
    assert [job.args for job in verk_fake.queue("mail")] == [[str(number)]]

def test_inline(verk_inline):
    ran.clear()
    client.enqueue(Welcome.job("inline"))
    assert ran == [("inline", None)]

@pytest.mark.parametrize("number", range(2))
def test_real(verk_real, number):
    verk_real.wait(client.enqueue(Welcome.job("real")))
    assert verk_real.client.counters.totals().processed == 1
"""

EVERYWHERE = """
import threading
import pytest
from support.app import registry, client, Welcome, ran

@pytest.fixture
def verk_registry(): return registry

@pytest.fixture
def verk_everywhere(): return True

def in_a_thread(name):
    thread = threading.Thread(target=lambda: client.enqueue(Welcome.job(name)))
    thread.start()
    thread.join()

def test_fake(verk_fake):
    in_a_thread("ann")
    assert [job.args for job in verk_fake.queue("mail")] == [["ann"]]

def test_inline(verk_inline):
    ran.clear()
    in_a_thread("ann")
    assert ran == [("ann", None)]
"""

LIGHT = """
import sys
def test_light():
    assert "verk_actors.testing.plugin" in sys.modules
    assert not {"redis", "pykka", "attrs", "cattrs", "verk_actors.settings.config"} & set(sys.modules)
"""


def outcome(test: str, directory: Path, *options: str) -> str:
    """Run pytest on a file with that text, and return its last line."""
    (directory / "test_it.py").write_text(test)
    environ = os.environ | {
        "PYTHONPATH": f"{REPOSITORY}{os.pathsep}{REPOSITORY / 'tests'}",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    # A base directory of its own: else pytest, as it ends, removes what other runs on this machine have left.
    here = ["--rootdir=.", f"--basetemp={directory / 'base'}"]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "verk_actors.testing.plugin", *here, *options]
    done = ended(command, environ, directory)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()[-1].split(" in ")[0]


@pytest.mark.slow
def test_each_fixture_gives_each_test_jobs_of_its_own(tmp_path: Path) -> None:
    assert outcome(TEST, tmp_path) == "6 passed"


@pytest.mark.slow
def test_jobs_of_plain_threads_are_the_tests_where_it_says_everywhere(tmp_path: Path) -> None:
    assert outcome(EVERYWHERE, tmp_path) == "2 passed"


@pytest.mark.slow
def test_a_test_that_uses_no_fixture_loads_nothing(tmp_path: Path) -> None:
    assert outcome(LIGHT, tmp_path) == "1 passed"


def test_pytest_finds_the_plugin_by_its_entry_point() -> None:
    assert "pytest11 =\n    verk_actors = verk_actors.testing.plugin\n" in (REPOSITORY / "setup.cfg").read_text()
