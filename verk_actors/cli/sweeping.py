"""Does one thing to many jobs of a place: asks first, shows how far it is, and says to how many it was done."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import attrs
import click

from verk_actors.cli.amounts import counted
from verk_actors.cli.options import client_of, confirm
from verk_actors.cli.places import Place
from verk_actors.errors import DoneInPart, StoreError, loggable
from verk_actors.store.job_filter import ALL_JOBS, JobFilter
from verk_actors.store.members import Member
from verk_actors.store.set_steps import SetStep

_WORTH_A_BAR = 1000  # jobs; fewer are done at once


@attrs.frozen(kw_only=True)
class Act:
    """What is done to jobs, and its words.

    Attributes:
        asks: whether it can't be undone.
        some: does it to those that are named; returns to how many.
        fitting: does it to all that fit, step by step.
    """

    verb: str
    done: str
    asks: bool
    some: Callable[[Place, Sequence[Member]], int]
    fitting: Callable[[Place, JobFilter], Iterator[SetStep]]


RETRY = Act(verb="Retry", done="retried", asks=False, some=Place.retry, fitting=Place.retrying)
DELETE = Act(verb="Delete", done="deleted", asks=True, some=Place.delete, fitting=Place.deleting)
KILL = Act(verb="Kill", done="killed", asks=True, some=Place.kill, fitting=Place.killing)


@attrs.frozen(kw_only=True)
class Choice:
    """Which jobs of a place are meant: those with these ids, those that fit, or all."""

    place: str
    jids: Sequence[str]
    where: JobFilter
    takes_all: bool

    def __attrs_post_init__(self) -> None:
        if (bool(self.jids), self.where != ALL_JOBS, self.takes_all).count(True) != 1:
            raise click.UsageError("which jobs? Give either their JIDs, or what is to fit, or --all")


def sweep(act: Act, choice: Choice, *, yes: bool, redis_url: str | None) -> None:
    """Do something to the jobs that were chosen, once it is known how many they are, and say to how many."""
    jids, where = choice.jids, choice.where
    with client_of(redis_url) as client:
        chosen = Place.named(client, choice.place)
        act.some(chosen, [])  # refuses what can't be done there before anybody is asked
        named = _named(chosen, jids)
        if act.asks and not yes and (count := len(named) if jids else chosen.count_fitting(where)):
            confirm(f"{act.verb} {counted(count, 'job')} in {choice.place}?", yes)
        done = act.some(chosen, named) if jids else _all(act, chosen, where)
    click.echo(f"{act.done} {counted(done, 'job')}")


def _named(place: Place, jids: Sequence[str]) -> list[Member]:
    """Return the jobs with these ids, all of them or none."""
    found = [(jid, place.find(jid)) for jid in dict.fromkeys(jids)]
    if missing := [jid for jid, entry in found if entry is None]:
        raise click.ClickException(f"not in {place.name}: {', '.join(map(loggable, missing))}")
    return [entry[0] for _, entry in found if entry is not None]


def _all(act: Act, place: Place, where: JobFilter) -> int:
    """Do it to all that fit; returns to how many."""
    done = 0
    refusal: StoreError | None = None
    with _bar(act.verb, place.count()) as advance:
        for step in act.fitting(place, where):
            done += step.done
            refusal = step.refusal or refusal
            advance(step.passed, step.total)
    if refusal is not None and done:
        raise DoneInPart(refusal.operation, refusal.key, refusal.why, done) from refusal
    if refusal is not None:
        raise refusal
    return done


@contextmanager
def _bar(verb: str, count: int) -> Iterator[Callable[[int, int], None]]:
    """Show how far it is, on standard error, where that takes long and somebody sees it."""
    if count < _WORTH_A_BAR or not sys.stderr.isatty():
        yield lambda _passed, _total: None
        return
    with click.progressbar(length=count, label=verb, file=sys.stderr) as bar:

        def advance(passed: int, total: int) -> None:
            bar.length = total
            bar.update(passed - bar.pos)

        yield advance
