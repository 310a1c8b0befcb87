"""The contracts in setup.cfg hold, and each of them notices a breach."""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.source import REPOSITORY

LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"

BREACHES = [  # contract, and an import that it forbids
    ("floors", "verk_actors.wire.keys -> verk_actors.store.queue"),
    ("floors", "verk_actors.store.queue -> verk_actors.tree.names"),
    ("floors", "verk_actors.store.queue -> verk_actors.otp.clock"),
    ("floors", "verk_actors.errors -> verk_actors.settings.config"),
    ("settings", "verk_actors.settings.checks -> verk_actors.settings.config"),
    ("jobs", "verk_actors.jobs.run -> verk_actors.jobs.registry"),
    ("logs", "verk_actors.logs.formats -> verk_actors.logs.handler"),
    ("daemon", "verk_actors.daemon.signals -> verk_actors.daemon.starter"),
    ("web", "verk_actors.web.page -> verk_actors.web.pages.queues"),
    ("web-pages", "verk_actors.web.pages.queue -> verk_actors.web.pages.queues"),
    ("web-api", "verk_actors.web.api.operation -> verk_actors.web.api.routes"),
    ("client-floors", "verk_actors.client.preparing -> verk_actors.client.pushing"),
    ("tree", "verk_actors.tree.outage -> verk_actors.tree.queue_stats"),
    ("manager", "verk_actors.tree.manager.manager -> verk_actors.tree.manager.queue.fate"),
    ("queue", "verk_actors.tree.manager.queue.fate -> verk_actors.tree.manager.queue.queue_supervisor"),
    ("fleet", "verk_actors.fleet.program -> verk_actors.fleet.node_process"),
    ("actors", "verk_actors.tree.manager.queue.workers_manager -> verk_actors.tree.manager.queue.worker"),
    ("kernel", "verk_actors.otp.server -> verk_actors.errors"),
    ("kernel-floors", "verk_actors.otp.clock -> verk_actors.otp.server"),
    ("threads", "verk_actors.tree.queue_stats -> threading"),
    ("threads", "verk_actors.listener -> pykka"),
    ("clocks", "verk_actors.tree.queue_stats -> time"),
    ("processes", "verk_actors.tree.queues_drainer -> signal"),
    ("redis", "verk_actors.tree.queue_stats -> redis"),
    ("client", "verk_actors.client.client -> verk_actors.messages"),
    ("circles", "verk_actors.wire.job -> verk_actors.wire.codec"),
]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a folder with a copy of the package and of its contracts, to plant breaches in."""
    shutil.copy(REPOSITORY / "setup.cfg", tmp_path)
    shutil.copytree(REPOSITORY / "verk_actors", tmp_path / "verk_actors", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_the_package_keeps_all_contracts():
    linted = lint(REPOSITORY)

    assert linted.returncode == 0, linted.stdout + linted.stderr


@pytest.mark.slow  # the package is copied and read many times
@pytest.mark.parametrize(("contract", "breach"), BREACHES)
def test_a_planted_import_is_reported(copy, contract, breach):
    importer, imported = breach.split(" -> ")
    with file_of(copy, importer).open("a") as file:
        file.write(f"\nimport {imported}\n")

    linted = lint(copy)

    assert linted.returncode == 1
    assert f"{title_of(contract)} BROKEN" in linted.stdout
    # Of a circle, any import that would open it is named.
    assert breach in linted.stdout or contract == "circles", linted.stdout


@pytest.mark.parametrize("module", ["verk_actors.new", "verk_actors.tree.new", "verk_actors.otp.new"])
def test_a_new_module_has_to_name_its_floor(copy, module):
    file_of(copy, module).touch()

    linted = lint(copy)

    assert linted.returncode == 1
    assert "not listed as layers" in linted.stdout
    assert f"- {module}\n" in linted.stdout


def test_each_contract_has_a_planted_breach():
    assert {contract for contract, _ in BREACHES} == {
        section.removeprefix("importlinter:contract:")
        for section in settings().sections()
        if section.startswith("importlinter:contract:")
    }


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts of the package in a folder."""
    return subprocess.run(
        [sys.executable, "-c", LINT, "--no-cache"],
        cwd=root,
        env=os.environ | {"COLUMNS": "200"},  # longer lines are folded
        capture_output=True,
        text=True,
        check=False,
    )


def file_of(root: Path, module: str) -> Path:
    """Return the file of a module."""
    return root / f"{module.replace('.', '/')}.py"


def title_of(contract: str) -> str:
    """Return the name under which a contract is reported."""
    return settings()[f"importlinter:contract:{contract}"]["name"]


def settings() -> configparser.ConfigParser:
    """Return what setup.cfg says."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(REPOSITORY / "setup.cfg")
    return parser
