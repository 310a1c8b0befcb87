"""The async client has what the client has, by the same signatures.

A method that is missing there is one line: `name = awaited(Client.name)`, in verk_actors/client/async_client.py.
"""

from __future__ import annotations

import inspect
from functools import cached_property
from typing import Any

import pytest

from verk_actors.client import Client
from verk_actors.client.async_client import AsyncClient, AsyncCounters, AsyncLimits, AsyncQueue
from verk_actors.client.threads import View
from verk_actors.settings.config import Config
from verk_actors.store.counters import Counters
from verk_actors.store.queue import Queue


def public(cls: type) -> dict[str, Any]:
    return {name: value for name, value in inspect.getmembers(cls, callable) if not name.startswith("_")}


def properties(cls: type) -> list[str]:
    found = inspect.getmembers(cls, lambda value: isinstance(value, property | cached_property))
    return [f"{cls.__name__}.{name}" for name, _ in found if not name.startswith("_")]


def signature(function: Any) -> list[inspect.Parameter]:
    return list(inspect.signature(function).parameters.values())[1:]


@pytest.fixture
def pairs() -> list[tuple[type, type]]:
    sync, asynchronous = Client(Config()), AsyncClient(Config())
    parts = [name for name in vars(sync) if not name.startswith("_")]
    assert [name for name in parts if not hasattr(asynchronous, name)] == []
    pairs = [(type(getattr(sync, name)), type(getattr(asynchronous, name))) for name in parts]
    return [(Client, AsyncClient), (Queue, AsyncQueue), (Counters, AsyncCounters), *pairs]


def test_each_public_method_of_a_client_and_its_parts_is_there_with_the_same_signature(
    pairs: list[tuple[type, type]],
) -> None:
    for sync, asynchronous in pairs:
        there = public(asynchronous)
        assert [f"{asynchronous.__name__}.{name}" for name in public(sync) if name not in there] == []
        for name, method in public(sync).items():
            assert signature(there[name]) == signature(method), f"{asynchronous.__name__}.{name}"
            assert issubclass(asynchronous, View)


def test_none_has_a_property_as_that_could_not_be_awaited(pairs: list[tuple[type, type]]) -> None:
    assert [name for sync, asynchronous in pairs for name in properties(sync) + properties(asynchronous)] == []


def test_each_of_them_is_awaited_or_iterated_over(pairs: list[tuple[type, type]]) -> None:
    for sync, asynchronous in pairs:
        for name in public(sync):
            method = getattr(asynchronous, name)
            is_async = inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(method)
            assert is_async or (asynchronous, name) in ((AsyncClient, "queue"), (AsyncLimits, "waiting"))
