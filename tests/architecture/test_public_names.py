"""What a user imports from verk_actors: all of it there, documented, and loaded no sooner than it is used."""

from __future__ import annotations

import ast
import inspect
import os
import re
import subprocess
import sys
import types
import typing

import pytest
from support import reference
from support.source import REPOSITORY, sources

import verk_actors
from verk_actors.otp import Call


@pytest.mark.parametrize(
    ("name", "value", "file"), [pytest.param(*row, id=row[0]) for row in reference.of_modules(verk_actors._HOMES)]
)
def test_each_public_name_is_there_and_says_what_it_is(name, value, file):
    assert getattr(verk_actors, name) is value
    assert reference.docstring(name, value, file)


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


def is_ours(value):
    """Tell whether something is a type of ours, an alias too; the names of `otp` are public there."""
    home = getattr(value, "__module__", "")
    is_alias = typing.get_origin(value) in (typing.Literal, typing.Union, types.UnionType)
    return is_alias or (inspect.isclass(value) and home.startswith("verk_actors.") and ".otp" not in home)


def annotations_of(class_):
    """Yield what the methods of a class return, and the types of its fields, as they are written."""
    for base in class_.__mro__:
        module = sys.modules[base.__module__]
        for member in vars(base).values() if is_ours(base) else ():
            function = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
            if inspect.isfunction(function) and not function.__name__.startswith("_"):
                yield module, function.__annotations__.get("return", "")
        if is_ours(base) and not is_made_by_programs(base):
            yield from ((module, text) for name, text in inspect.get_annotations(base).items() if name[0] != "_")


def is_made_by_programs(class_):
    """Tell whether the fields of a class are for programs to give, rather than to read."""
    return issubclass(class_, Call) or class_.__module__.startswith("verk_actors.settings.")


def test_what_public_methods_return_and_public_classes_carry_is_public():
    classes = [getattr(verk_actors, name) for name in verk_actors.__all__]
    written = {
        (name, module.__name__)
        for class_ in classes
        if inspect.isclass(class_)
        for module, text in annotations_of(class_)
        for name in re.findall(r"\w+", str(text))
        if is_ours(getattr(module, name, None))
    }

    assert len(written) > 10
    internal = {
        ("TypedArguments", "verk_actors.jobs.builder"),  # it is built for them
        ("ArgsKeys", "verk_actors.jobs.builder"),
        ("Argument", "verk_actors.store.job_filter"),  # only our own code asks
    }
    assert {(name, module) for name, module in written if name not in verk_actors.__all__} == internal


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
