"""The page of public names is up to date, and what can be called is called in an example."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import pytest
from support import reference

import verk_actors
from verk_actors import Client, JobClass
from verk_actors.otp.message import Call
from verk_actors.store.job_sets import DeadSet, RetrySet, ScheduleSet
from verk_actors.store.queue import Queue

CLASSES = (Client, Queue, RetrySet, ScheduleSet, DeadSet, JobClass)


def words_of_examples() -> set[str]:
    """Return the words of all code in the documents and examples; tests run all of it."""
    documents = (reference.REPOSITORY / "README.md", *(reference.REPOSITORY / "docs").glob("*.md"))
    blocks = [
        block for path in documents for block in re.findall(r"^```python\n(.*?)^```", path.read_text(), re.M | re.S)
    ]
    examples = [path.read_text() for path in (reference.REPOSITORY / "examples").glob("*.py")]
    return set(re.findall(r"\w+", "\n".join(blocks + examples)))


def public_members(of: type) -> Iterator[str]:
    for name, member in inspect.getmembers(of):
        if not name.startswith("_") and (callable(member) or isinstance(member, property)):
            yield name


def test_the_page_of_public_names_is_as_the_docstrings_have_it() -> None:
    assert reference.PAGE.read_text() == reference.page(), "run: python tests/support/reference.py"


@pytest.mark.parametrize("class_", CLASSES)
def test_each_public_method_is_called_in_an_example(class_: type) -> None:
    assert set(public_members(class_)) - words_of_examples() == set()


def test_each_public_function_message_and_client_is_used_in_an_example() -> None:
    public = {name: getattr(verk_actors, name) for name in verk_actors.__all__}
    used = {name for name, value in public.items() if inspect.isfunction(value)}
    used |= {name for name, value in public.items() if isinstance(value, type) and issubclass(value, Call)}
    assert used | {"ActorSystem", "AsyncClient", "JobFilter", "QueueGroup", "Scheduled"} <= words_of_examples()
