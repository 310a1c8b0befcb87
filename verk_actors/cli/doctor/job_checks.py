"""What may be wrong with jobs that wait; of each queue and set the first thousand are looked at."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator

from verk_actors.cli.amounts import counted
from verk_actors.cli.doctor.finding import Finding, Patient
from verk_actors.errors import loggable
from verk_actors.store.members import Malformed
from verk_actors.wire.job import Job

_SIDEKIQS = "a Sidekiq would run those of Verk with one wrong argument"


def classes(patient: Patient) -> Iterator[Finding]:
    """The classes of all jobs that wait are known here."""
    known = patient.registry.names()
    if not known:
        yield Finding("note", "whether the classes of jobs are known was not looked at", "name their modules by -r")
        return
    ours = set(patient.config.all_queues)
    found: Counter[tuple[str, str]] = Counter()
    for job in _jobs(patient):
        if job.class_ not in known and (not ours or job.queue in ours):
            found[job.class_, str(job.queue)] += 1
    for (class_, queue), count in sorted(found.items()):
        near = difflib.get_close_matches(class_, known, n=1)
        yield Finding(
            "problem",
            f"queue {loggable(queue)} has {counted(count, 'job')} of the class {loggable(class_)}, which is not known",
            f"register it, as @worker(name={class_!r})" + (f"; there is {near[0]}" if near else ""),
        )


def wire_formats(patient: Patient) -> Iterator[Finding]:
    """The jobs of a queue are written in one form, which all who work it can read."""
    sidekiqs = [process for process in patient.client.nodes.processes() if not process.is_ours]
    for name, members in patient.queues.items():
        forms = Counter(member.wire_format for member in members if isinstance(member, Job))
        misread = forms["verk"] and any(name in process.queues for process in sidekiqs)
        if len(forms) > 1 or misread:
            yield Finding(
                "problem" if misread else "warning",
                f"of queue {loggable(name)}, {counted(forms['sidekiq'], 'job')} are in Sidekiq's form and "
                f"{forms['verk']:,} in Verk's: {_SIDEKIQS}",
                "have all that enqueue write one form (wire_format), or have Sidekiq work other queues",
            )


def payloads(patient: Patient) -> Iterator[Finding]:
    """What waits is jobs."""
    for name, members in (*patient.queues.items(), *patient.waiting.items()):
        reasons = [member.reason for member in members if isinstance(member, Malformed)]
        if reasons:
            yield Finding(
                "warning",
                f"{loggable(name)} has {counted(len(reasons), 'payload')} that hold no job: {loggable(reasons[0])}",
                "correct whoever writes them; nodes move them to the dead set, to be looked at: verk jobs list dead",
            )


def _jobs(patient: Patient) -> Iterator[Job]:
    for members in (*patient.queues.values(), *patient.waiting.values()):
        yield from (member for member in members if isinstance(member, Job))
