"""What comes with the package: six dependencies at run time, and nothing from the network on import."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import requires

import pytest
from support.source import REPOSITORY

NO_NETWORK = """
import socket, sys
def refuse(*_, **__): raise AssertionError("an import opened a socket")
socket.socket.connect = refuse
socket.getaddrinfo = refuse
import pkgutil, importlib, verk_actors
for module in pkgutil.walk_packages(verk_actors.__path__, "verk_actors."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
"""


def test_the_dependencies_at_run_time_are_six() -> None:
    needed = {re.match(r"[\w.-]+", line)[0] for line in requires("verk-actors") if "extra ==" not in line}

    assert needed == {"attrs", "cattrs", "click", "cronsim", "pykka", "redis"}


@pytest.mark.slow  # an interpreter loads every module
def test_no_import_opens_a_connection() -> None:
    subprocess.run([sys.executable, "-c", NO_NETWORK], check=True)


def test_the_gate_audits_the_dependencies() -> None:
    assert re.search(r"^audit\b", (REPOSITORY / ".ci/run").read_text(), re.MULTILINE)
