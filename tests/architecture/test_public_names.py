"""What a user imports from verk_actors: all of it there, documented, and loaded no sooner than it is used."""

from __future__ import annotations

import ast
import inspect
import os
import subprocess
import sys

import pytest
from support.source import REPOSITORY, sources

import verk_actors


@pytest.mark.parametrize("name", verk_actors.__all__)
def test_each_public_name_is_there_and_says_what_it_is(name):
    assert inspect.getdoc(getattr(verk_actors, name))


def test_the_lazy_names_are_those_that_type_checkers_see():
    [init] = sources("verk_actors/__init__.py")
    seen = {
        alias.name: node.module
        for node in ast.walk(init.tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("verk_actors.")
        for alias in node.names
    }

    assert seen == {name: f"verk_actors.{home}" for name, home in verk_actors._HOME_OF.items()}
    assert sorted(seen) == sorted(verk_actors.__all__)


def test_an_unknown_name_is_refused_as_by_any_module():
    with pytest.raises(AttributeError, match="module 'verk_actors' has no attribute 'Jobb'"):
        verk_actors.Jobb  # noqa: B018


@pytest.mark.parametrize(
    ("statement", "unneeded"),
    [
        ("import verk_actors", {"pykka", "redis", "attrs", "click"}),
        ("from verk_actors import Config, Job, JobClass, current_job, worker", {"pykka", "redis", "click"}),
        ("from verk_actors import Client", {"pykka", "click"}),
        ("import verk_actors.cli", {"pykka", "redis"}),
    ],
)
def test_a_program_loads_only_what_it_uses(statement, unneeded):
    loaded = subprocess.run(
        [sys.executable, "-c", f"{statement}; import sys; print(*sys.modules)"],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert unneeded & set(loaded) == set()
