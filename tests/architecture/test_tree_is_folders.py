"""`ls -R verk_actors/tree` prints the supervision tree: a folder is a supervisor, a file in it a child."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest
from support.async_jobs import async_queue
from support.nodes import running_node

import verk_actors.tree
from verk_actors.otp import Ref, Server
from verk_actors.settings.groups import QueueGroup
from verk_actors.settings.queues import QueueConfig

TREE = "verk_actors.tree"


@pytest.fixture
def lines_of_descent(config) -> Iterator[list[list[type]]]:
    """Return each process of a live tree, as the classes from the root down to it."""
    process_queue = QueueConfig(size=1, executor="process")
    queues = {"default": 2, "priority": 1, "async": async_queue(), "process": process_queue}
    groups = {"web": QueueGroup(queues=["critical", "low"], size=1)}
    with running_node(config, queues=queues, groups=groups, health=0, web="127.0.0.1:0") as node:
        yield list(below(node.system, []))


def test_the_path_of_a_file_is_the_chain_of_supervisors_above_its_process(lines_of_descent):
    for line in lines_of_descent:
        files = [file_name(cls) for cls in line]
        folders = [name.removesuffix("_supervisor") for name in files if name.endswith("_supervisor")]

        assert line[-1].__module__ == ".".join([TREE, *folders, files[-1]])


def test_every_actor_defined_in_the_tree_lives_in_it(lines_of_descent):
    assert {line[-1] for line in lines_of_descent} == actors_defined()


def below(ref: Ref, ancestors: list[type]) -> Iterator[list[type]]:
    """Yield the line of a process, and those of all below it."""
    line = [*ancestors, ref.actor_class]
    yield line
    for row in ref.children:
        assert row.ref is not None
        yield from below(row.ref, line)


def actors_defined() -> set[type]:
    """Return the classes of actors that have their home in the tree."""
    names = [module.name for module in pkgutil.walk_packages(verk_actors.tree.__path__, f"{TREE}.")]
    modules = [importlib.import_module(name) for name in names]
    classes = [(module, cls) for module in modules for cls in vars(module).values() if isinstance(cls, type)]
    return {cls for module, cls in classes if issubclass(cls, Server) and cls.__module__ == module.__name__}


def file_name(cls: type) -> str:
    """Return `queue_manager` for `QueueManager`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()
