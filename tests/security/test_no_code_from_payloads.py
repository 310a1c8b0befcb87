"""Who can write to Redis chooses among the registered job classes, and gets no other code run."""

from __future__ import annotations

import ast
import random
import sys
from collections.abc import Iterator

import attrs
import pytest
from support.nodes import running_node
from support.source import Source, sources

from verk_actors.errors import JobClassNotFound, MalformedJob
from verk_actors.events import JobFailed
from verk_actors.jobs.job_class import worker
from verk_actors.jobs.registry import Registry
from verk_actors.wire.codec import decode, encode
from verk_actors.wire.job import Job
from verk_actors.wire.strict_json import dump

NAMES = 10_000

# What turns data into code, or into objects of any class. Looked for as a name of its own and as an attribute.
BANNED = {
    "eval", "exec", "compile", "__import__", "import_module", "find_spec", "pickle", "cPickle", "marshal", "shelve",
    "dill", "cloudpickle", "jsonpickle", "yaml", "runpy", "ctypes", "attrgetter", "__globals__", "__builtins__",
}  # fmt: skip
# Each with what decides on the name: never a payload.
ALLOWED = {
    ("verk_actors/__init__.py", "import_module"): "the table of our own public names",
    ("verk_actors/jobs/arguments.py", "import_module"): "a constant",
    ("verk_actors/cli/__init__.py", "import_module"): "the table of our own commands",
    ("verk_actors/cli/modules.py", "import_module"): "the operator's `-r MODULE`",
    ("verk_actors/contrib/django/management/commands/verk.py", "import_module"): "a constant",
    ("verk_actors/embedded.py", "find_spec"): "a constant",
    ("verk_actors/extras.py", "import_module"): "constants",
    ("verk_actors/settings/references.py", "import_module"): "the functions that the operator's settings name",
    ("verk_actors/store/exchange.py", "attrgetter"): "a constant",
    ("verk_actors/testing/__init__.py", "import_module"): "the table of our own public names",
    ("verk_actors/tree/manager/queue/job_code.py", "import_module"): "the modules of the registered classes",
    ("verk_actors/tree/manager/queue/job_code.py", "runpy"): "the program that the node is",
}
MODULES = sorted(sys.stdlib_module_names)
PARTS = [
    *MODULES,
    "__class__",
    "__globals__",
    "__init__",
    "__builtins__",
    "system",
    "eval",
    "Popen",
    "JobClass",
    "Good",
]
SEPARATORS = [".", "::", ":", "/", " ", ""]
NOTORIOUS = ["os.system", "builtins.eval", "a.b.__globals__", "subprocess.Popen", "Good.perform", "__import__('os')"]


def class_names(rng: random.Random) -> Iterator[str]:
    """Yield names of modules, attributes and noise, put together in the ways that other systems resolve."""
    yield from NOTORIOUS
    for _ in range(NAMES):
        noise = "".join(chr(rng.randrange(0x20, 0x2FF)) for _ in range(rng.randrange(8)))
        yield rng.choice(SEPARATORS).join(
            rng.choice([*rng.choices(PARTS, k=9), noise]) for _ in range(rng.randint(1, 4))
        )


def test_ten_thousand_names_of_classes_import_nothing() -> None:
    registry, loaded, refused = Registry(), set(sys.modules), 0

    for name in class_names(random.Random(20260101)):
        try:
            job = decode(dump({"class": name, "args": ["true"]}).encode())
        except MalformedJob:  # a name that can't be printed
            continue
        with pytest.raises(JobClassNotFound):
            registry.find(job.class_)
        refused += 1

    assert refused > NAMES / 2
    assert set(sys.modules) == loaded


def test_a_class_that_is_not_registered_fails_its_job_and_nothing_runs(config) -> None:
    with running_node(config, queues={"q": 2}) as node:
        loaded = set(sys.modules)
        for name in NOTORIOUS:
            node.client.enqueue(Job(class_=name, args=["touch /tmp/owned"], queue="q", max_retry_count=0))
        failed = node.log.expect(JobFailed, len(NOTORIOUS))

    assert {event.error_class for event in failed} == {"JobClassNotFound"}
    assert node.jobs.runs.total() == 0
    assert set(sys.modules) == loaded


def test_a_name_is_taken_as_a_whole_and_leads_nowhere_else() -> None:
    registry = Registry()

    @worker(registry=registry)
    class Report:
        def perform(self) -> None: ...

        class Inner:
            def perform(self) -> None: ...

    assert registry.find("Report").target is Report
    for name in ("Report.Inner", "Report.perform", f"{__name__}.Report", "report", " Report", "Report\0"):
        with pytest.raises(JobClassNotFound):
            registry.find(name)


def test_what_is_read_of_an_error_stays_text() -> None:
    """A peer's `error_class` is shown and never raised: Celery made an exception of one, CVE-2021-23727."""
    payload = encode(Job(class_="Good", args=[], queue="q", jid="j", error_class="os.system", error_message="reboot"))

    job = decode(payload)

    assert (type(job.error_class), job.error_class) == (str, "os.system")
    assert all(type(value) in (str, int, bool, float, list, dict, bytes, type(None)) for value in vars(job).values())
    assert attrs.evolve(job, error_class="builtins.eval").error_class == "builtins.eval"


def test_no_source_turns_data_into_code_but_where_its_name_is_given_by_us_or_the_operator() -> None:
    found = {(file.path, name) for file in sources("verk_actors") for name in dangers(file)}

    assert found - ALLOWED.keys() == set()
    assert ALLOWED.keys() - found == set(), "an exception that is not needed"


def dangers(file: Source) -> set[str]:
    """Return the banned names that a file uses, but for `re.compile`."""
    used: set[str] = {part for name in file.imports() for part in name.split(".")}
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Name):
            used.add(node.id)
        elif isinstance(node, ast.Attribute) and ast.unparse(node) != "re.compile":
            used.add(node.attr)
    return used & BANNED
