"""The tables for whoever comes from elsewhere: what they say that is ours is there, as it is spelled."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import attrs
import pytest
from docs.test_commands import parse
from support.blocks import REPOSITORY

import verk_actors
from verk_actors import Client, Config, Job, QueueConfig, testing, worker
from verk_actors.integrations.statsd import StatsD
from verk_actors.integrations.verk_stats import VerkStats

PAGES = sorted((REPOSITORY / "docs").glob("moving-from-*.md"))
# What an expression in a table may name that is the reader's own.
OF_THE_READER: dict[str, Any] = {
    "URL": "redis://127.0.0.1:6379/0",
    "client": Client(Config()),  # it connects when it is used
    "function": worker(lambda attempt, failure=None: 60.0, name="of a table"),
    "middleware": lambda job, call_next: call_next(job),
    "why": "no such user",
}
PUBLIC = {name: getattr(verk_actors, name) for name in verk_actors.__all__}
NAMES = PUBLIC | OF_THE_READER | {"StatsD": StatsD, "VerkStats": VerkStats, "testing": testing}
WORDS = {"perform", "retry_at", "async def", "verk.toml", "VERK_*", "VERK_REDIS_URL", "size", "Failed"}
FIELDS = {field.name for class_ in (Config, Job, QueueConfig) for field in attrs.fields(class_)}


def rows() -> Iterator[tuple[str, str, str]]:
    """Yield each row: the page, what is theirs, what is ours."""
    for page in PAGES:
        for line in page.read_text().splitlines():
            cells = [cell.strip() for cell in line.strip("|").split(" | ")]
            if line.startswith("| ") and cells[1] != "here":
                yield page.stem, cells[0], cells[1]


def test_there_are_tables_for_each_of_the_five() -> None:
    tables = {page: sum(row[0] == page for row in rows()) for page in (page.stem for page in PAGES)}

    assert {page.removeprefix("moving-from-") for page in tables} == {"celery", "dramatiq", "rq", "sidekiq", "verk"}
    assert min(tables.values()) >= 15


@pytest.mark.parametrize("row", list(rows()), ids=lambda row: f"{row[0]}: {row[1]}")
def test_what_is_ours_is_there(row: tuple[str, str, str]) -> None:
    for code in re.findall(r"`([^`]+)`", row[2]):
        if code.startswith("verk "):
            parse(code.split()[1:])
        elif code not in WORDS | FIELDS:
            eval(code.removeprefix("@").removeprefix("raise "), dict(NAMES))
