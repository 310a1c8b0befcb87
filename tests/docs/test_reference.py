"""The page of public names is up to date, and what can be called is called in an example."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import pytest
from support import reference

import verk_actors
from verk_actors import (
    AllLimits,
    AllNodes,
    Batch,
    Batches,
    Client,
    Config,
    Counters,
    CronJobs,
    CurrentJob,
    DeadSet,
    JobClass,
    Queue,
    RecentClasses,
    RetrySet,
    ScheduleSet,
    testing,
)
from verk_actors.integrations.prometheus import ClusterCollector, NodeCollector
from verk_actors.integrations.sentry import SentryListener
from verk_actors.integrations.statsd import StatsD
from verk_actors.integrations.verk_stats import LoggerSink, VerkStats
from verk_actors.otp.message import Call

SETS = r"\.(?:retries|scheduled|dead)"
CLASSES = {
    Config: r"\bConfig",
    Client: r"\b(?:client|verk|Client\([^\n]*\))",
    Queue: r"\bqueue(?:\([^)\n]*\))?",
    **dict.fromkeys((RetrySet, ScheduleSet, DeadSet), SETS),  # one implementation
    AllNodes: r"\.nodes",
    AllLimits: r"\.limits",
    Counters: r"\.counters",
    RecentClasses: r"\.recent_classes",
    Batch: r"\bbatch(?:\([^)\n]*\))?",
    Batches: r"\.batches",
    CronJobs: r"\.cron",
    JobClass: r"\b[A-Z]\w+",
    CurrentJob: r"\b(?:current_job\(\)|job|current)",
    testing.FakeJobs: r"\bjobs",
    testing.RealJobs: r"\bjobs",
}
"""What can be called, and how examples name one of it."""

INTEGRATIONS = (StatsD, LoggerSink, VerkStats, SentryListener, NodeCollector, ClusterCollector)

# What only our own code calls.
INTERNAL = {
    Config: {  # what follows from the settings, for nodes and clients
        *("all_queues", "lease_seconds", "node_id_fixed", "redis_url_by", "redis_url_of", "redis_urls"),
        "worker_middleware_references",
    },
    Queue: {"push"},  # `Client.enqueue`, which checks the job and writes it
    RetrySet: {"add"},  # as `push`
    ScheduleSet: {"add"},
    DeadSet: {"add"},
    RecentClasses: {"add"},  # nodes tell of their runs
    CurrentJob: {"cancel", "heeded"},  # the worker asks the run to end, and looks whether it has heard
    testing.FakeJobs: {"store", "take", "time"},  # clients ask it where jobs go, and the time
    testing.RealJobs: {"store", "take", "time", "stop"},  # as above; its block stops it
    LoggerSink: {"collect"},  # by VerkStats, as any sink's
    VerkStats: {"handle_event", "handle_idle", "terminate"},  # by the listener's process
    SentryListener: {"handle_event"},
    NodeCollector: {"describe", "collect"},  # by a registry
    ClusterCollector: {"describe", "collect"},
}


def code_of_examples() -> str:
    """Return all code in the documents and examples; tests run all of it."""
    documents = (reference.REPOSITORY / "README.md", *(reference.REPOSITORY / "docs").glob("*.md"))
    blocks = [
        block for path in documents for block in re.findall(r"^```python\n(.*?)^```", path.read_text(), re.M | re.S)
    ]
    examples = [path.read_text() for path in (reference.REPOSITORY / "examples").glob("*.py")]
    return "\n".join(blocks + examples)


def public_members(of: type) -> Iterator[str]:
    for name, member in inspect.getmembers(of):
        if not name.startswith("_") and (callable(member) or isinstance(member, property)):
            yield name


def test_the_page_of_public_names_is_as_the_docstrings_have_it() -> None:
    assert reference.PAGE.read_text() == reference.page(), "run: python tests/support/reference.py"


@pytest.mark.parametrize("class_", [*CLASSES, *INTEGRATIONS])
def test_each_public_method_is_called_in_an_example(class_: type) -> None:
    called = set(re.findall(rf"{CLASSES.get(class_, '')}\.(\w+)\b", code_of_examples()))
    # What integrations inherit is that of any listener.
    own = set(public_members(class_)) & (set(vars(class_)) if class_ in INTEGRATIONS else set(dir(class_)))

    assert own - called - INTERNAL.get(class_, set()) == set()


def test_what_is_internal_is_still_there() -> None:
    assert {class_: names - set(public_members(class_)) for class_, names in INTERNAL.items()} == {
        class_: set() for class_ in INTERNAL
    }


def test_each_public_function_message_and_client_is_used_in_an_example() -> None:
    public = {name: getattr(verk_actors, name) for name in verk_actors.__all__}
    used = {name for name, value in public.items() if inspect.isfunction(value)}
    used |= {name for name, value in public.items() if isinstance(value, type) and issubclass(value, Call)}
    used |= {"ActorSystem", "AsyncClient", "JobFilter", "QueueGroup", "Scheduled"}
    of_testing = {f"testing.{name}" for name in testing.__all__ if inspect.isfunction(getattr(testing, name))}

    code = code_of_examples()
    assert {name for name in used | of_testing if not re.search(rf"\b{re.escape(name)}\b", code)} == set()
