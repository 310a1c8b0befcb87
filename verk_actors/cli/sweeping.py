"""Does one thing to many jobs of a place: asks first, shows how far it is, and says to how many it was done."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence

import attrs
import click

from verk_actors.cli.amounts import counted
from verk_actors.cli.options import client_of, confirm
from verk_actors.cli.places import Place
from verk_actors.errors import loggable
from verk_actors.store.job_filter import ALL_JOBS, JobFilter
from verk_actors.store.members import Member
from verk_actors.store.queue import Queue

_WORTH_A_BAR = 1000  # jobs; fewer are done at once


@attrs.frozen(kw_only=True)
class Act:
    """What is done to jobs, and its words."""

    verb: str
    done: str
    asks: bool
    to: Callable[[Place, Sequence[Member]], int]


RETRY = Act(verb="Retry", done="retried", asks=False, to=Place.retry)
DELETE = Act(verb="Delete", done="deleted", asks=True, to=Place.delete)
KILL = Act(verb="Kill", done="killed", asks=True, to=Place.kill)


def sweep(
    act: Act,
    place: str,
    jids: Sequence[str],
    where: JobFilter,
    *,
    takes_all: bool,
    yes: bool,
    redis_url: str | None,
) -> None:
    """Do something to the jobs that were chosen, once it is known how many they are, and say to how many."""
    if (bool(jids), where != ALL_JOBS, takes_all).count(True) != 1:
        raise click.UsageError("which jobs? Give either their JIDs, or what is to fit, or --all")
    with client_of(redis_url) as client:
        chosen = Place.named(client, place)
        act.to(chosen, [])  # refuses what can't be done there before anybody is asked
        pages = _named(chosen, jids) if jids else None
        count = len(jids) if jids else chosen.count() if takes_all else sum(map(len, chosen.pages(where)))
        if act.asks and count:
            confirm(f"{act.verb} {counted(count, 'job')} in {place}?", yes)
        done = 0
        with _bar(act.verb, count) as advance:
            for page in pages or _pages(chosen, where):
                done += act.to(chosen, page)
                advance(len(page))
    click.echo(f"{act.done} {counted(done, 'job')}")


def _named(place: Place, jids: Sequence[str]) -> list[list[Member]]:
    """Return the jobs with these ids, all of them or none."""
    found = [(jid, place.find(jid)) for jid in dict.fromkeys(jids)]
    if missing := [jid for jid, entry in found if entry is None]:
        raise click.ClickException(f"not in {place.name}: {', '.join(map(loggable, missing))}")
    return [[entry[0] for _, entry in found if entry is not None]]


def _pages(place: Place, where: JobFilter) -> Iterator[list[Member]]:
    pages = ([member for member, _ in page] for page in place.pages(where))
    yield from list(pages) if isinstance(place.jobs, Queue) else pages  # what is taken from a list moves the rest


class _Quiet:
    """Stands where a progress bar is not worth it, or nobody would see it."""

    def __enter__(self) -> Callable[[int], None]:
        return lambda _: None

    def __exit__(self, *_: object) -> None:
        """Nothing is left to do."""


class _Bar(_Quiet):
    """A progress bar on standard error."""

    def __init__(self, verb: str, count: int) -> None:
        self._bar = click.progressbar(length=count, label=verb, file=sys.stderr)

    def __enter__(self) -> Callable[[int], None]:
        return self._bar.__enter__().update

    def __exit__(self, *_: object) -> None:
        self._bar.__exit__(None, None, None)


def _bar(verb: str, count: int) -> _Quiet:
    return _Bar(verb, count) if count >= _WORTH_A_BAR and sys.stderr.isatty() else _Quiet()
