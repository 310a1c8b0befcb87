"""What is done to the jobs of a set: to some that are named, or, a step at a time, to all that fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

import attrs
from starlette.exceptions import HTTPException
from starlette.requests import Request

from verk_actors.client import Client
from verk_actors.store.job_filter import JobFilter
from verk_actors.store.job_sets import PendingSet
from verk_actors.store.set_steps import SetStep
from verk_actors.web.access import Action
from verk_actors.web.actions import carry_out
from verk_actors.web.job_filters import sentence_of
from verk_actors.web.site import site_of
from verk_actors.web.views.job_sets import SetName, set_of

VerbName: TypeAlias = Literal["retry", "delete", "kill"]


@attrs.frozen(kw_only=True)
class Verb:
    """Something that can be done to jobs of a set.

    Attributes:
        name: as addresses have it.
        action: as access rules and the audit have it.
        label, label_for_all: what a button says.
        done: what was done to them, as in "Deleted 3 jobs".
        is_harsh: whether it can't be undone.
    """

    name: VerbName
    action: Action
    label: str
    label_for_all: str
    done: str
    is_harsh: bool = False


_RETRY = Verb(name="retry", action=Action.RETRY_JOB, label="Retry now", label_for_all="Retry all now", done="Enqueued")
_DELETE = Verb(
    name="delete", action=Action.DELETE_JOB, label="Delete", label_for_all="Delete all", done="Deleted", is_harsh=True
)
_KILL = Verb(name="kill", action=Action.KILL_JOB, label="Kill", label_for_all="Kill all", done="Killed")
VERBS: dict[SetName, tuple[Verb, ...]] = {
    "retries": (_RETRY, _KILL, _DELETE),
    "scheduled": (attrs.evolve(_RETRY, label="Run now", label_for_all="Run all now"), _KILL, _DELETE),
    "dead": (attrs.evolve(_RETRY, label="Retry", label_for_all="Retry all"), _DELETE),
}
"""What can be done in each set; a dead job can't be killed."""


def verb_of(name: SetName, verb: str) -> Verb:
    """Return what is to be done.

    Raises:
        HTTPException: 404, that can't be done there.
    """
    found = next((one for one in VERBS[name] if one.name == verb), None)
    if found is None:
        raise HTTPException(404)
    return found


def act_on_some(request: Request, name: SetName, verb: Verb, handles: Sequence[str]) -> str:
    """Do something to the jobs with these handles; returns what came of it.

    Raises:
        HTTPException: 403, the request may not.
        InvalidHandle: one is none.
        VerkError: it was not done, or in part.
    """
    jobs = set_of(site_of(request).client, name)
    many: dict[VerbName, Callable[[list[bytes]], int]] = {"retry": jobs.requeue_many, "delete": jobs.delete_many}
    if isinstance(jobs, PendingSet):
        many["kill"] = jobs.kill_many

    def do() -> str:
        payloads = jobs.by_handles(handles)
        return _outcome(verb, many[verb.name](payloads), len(handles), len(payloads))

    target = f"{name} {', '.join(handles[:5])}{', …' if len(handles) > 5 else ''}"
    return carry_out(request, verb.action, target, do)


def act_on_all(request: Request, name: SetName, verb: Verb, where: JobFilter, cursor: str | None) -> SetStep:
    """Do something to the next jobs that fit; returns how far that is.

    Raises:
        HTTPException: 403, the request may not.
        InvalidCursor: it is none of this set.
        VerkError: it was not done, or in part.
    """
    steps: list[SetStep] = []

    def do() -> str:
        steps.append(_step_of(site_of(request).client, name, verb)(where, cursor))
        return f"{verb.done} {counted(steps[0].done)}; {steps[0].passed:,} of {steps[0].total:,} looked at"

    carry_out(request, verb.action, f"{name}, all {sentence_of(where)}".rstrip(), do)
    return steps[0]


def counted(count: int) -> str:
    """Return a number of jobs."""
    return "1 job" if count == 1 else f"{count:,} jobs"


def _step_of(client: Client, name: SetName, verb: Verb) -> Callable[[JobFilter, str | None], SetStep]:
    jobs = set_of(client, name)
    if verb.name == "kill" and isinstance(jobs, PendingSet):
        return jobs.kill_step
    return jobs.delete_step if verb.name == "delete" else jobs.requeue_step


def _outcome(verb: Verb, done: int, asked: int, there: int) -> str:
    said = [f"{verb.done} {counted(done)}."]
    if gone := asked - there:
        said.append(f"{counted(gone)} {'was' if gone == 1 else 'were'} not there any more.")
    if there > done:
        said.append(f"{counted(there - done)} could not be moved.")
    return " ".join(said)
