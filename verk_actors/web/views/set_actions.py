"""What can be done to the jobs of a set: to some that are named, or, a step at a time, to all that fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

import attrs

from verk_actors.client import Client
from verk_actors.store.job_filter import JobFilter
from verk_actors.store.job_sets import PendingSet
from verk_actors.store.set_steps import SetStep
from verk_actors.web.access import Action
from verk_actors.web.views.job_sets import SetName, set_of
from verk_actors.web.views.outcomes import Outcome, counted

VerbName: TypeAlias = Literal["retry", "delete", "kill"]


@attrs.frozen(kw_only=True)
class Verb:
    """Something that can be done to jobs of a set.

    Attributes:
        name: as addresses have it.
        action: as access rules and the audit have it.
        label, label_for_all: what a button says.
        done: what was done to them, as in "Deleted 3 jobs".
        warning: what is said when it is asked whether to do it; nobody is asked where it is empty.
    """

    name: VerbName
    action: Action
    label: str
    label_for_all: str
    done: str
    warning: str = ""

    @property
    def is_harsh(self) -> bool:
        """Whether it can't be undone."""
        return self.name == "delete"


_RETRY = Verb(name="retry", action=Action.RETRY_JOB, label="Retry now", label_for_all="Retry all now", done="Enqueued")
_DELETE = Verb(
    name="delete",
    action=Action.DELETE_JOB,
    label="Delete",
    label_for_all="Delete all",
    done="Deleted",
    warning="This can't be undone.",
)
_KILL = Verb(
    name="kill",
    action=Action.KILL_JOB,
    label="Kill",
    label_for_all="Kill all",
    done="Killed",
    warning="What is dead stays so until it is retried.",
)
VERBS: dict[SetName, tuple[Verb, ...]] = {
    "retries": (_RETRY, _KILL, _DELETE),
    "scheduled": (attrs.evolve(_RETRY, label="Run now", label_for_all="Run all now"), _KILL, _DELETE),
    "dead": (attrs.evolve(_RETRY, label="Retry", label_for_all="Retry all"), _DELETE),
}
"""What can be done in each set; a dead job can't be killed."""


def act_on_some(client: Client, name: SetName, verb: Verb, handles: Sequence[str]) -> Outcome:
    """Do something to the jobs with these handles.

    Raises:
        InvalidHandle: one is none.
        VerkError: it was not done, or in part.
    """
    jobs = set_of(client, name)
    many: dict[VerbName, Callable[[list[bytes]], int]] = {"retry": jobs.requeue_many, "delete": jobs.delete_many}
    if isinstance(jobs, PendingSet):
        many["kill"] = jobs.kill_many
    payloads = jobs.by_handles(handles)
    done = many[verb.name](payloads)
    said = [f"{verb.done} {counted(done)}."]
    if gone := len(set(handles)) - len(payloads):
        said.append(f"{counted(gone)} {'was' if gone == 1 else 'were'} not there any more.")
    if len(payloads) > done:
        said.append(f"{counted(len(payloads) - done)} could not be moved.")
    return Outcome(done, " ".join(said))


def act_on_all(client: Client, name: SetName, verb: Verb, where: JobFilter, cursor: str | None) -> SetStep:
    """Do something to the next jobs that fit, a bounded number; the step tells how far that is.

    Raises:
        InvalidCursor: it is none of this set.
        VerkError: it was not done, or in part.
    """
    jobs = set_of(client, name)
    if verb.name == "kill" and isinstance(jobs, PendingSet):
        return jobs.kill_step(where, cursor)
    return (jobs.delete_step if verb.name == "delete" else jobs.requeue_step)(where, cursor)


def told(verb: Verb, step: SetStep) -> str:
    """Return what a step has done, in a sentence."""
    refused = "" if step.refusal is None else f" Redis refused some: {step.refusal}."
    return f"{verb.done} {counted(step.done)}; {step.passed:,} of {step.total:,} looked at.{refused}"
