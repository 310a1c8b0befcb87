"""What the chaos has shown, as a table and as figures, and whether the promise was kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import attrs

from verk_actors.cli.chaos.audit import Findings
from verk_actors.cli.chaos.faults import FAULTS
from verk_actors.cli.chaos.jobs import FATES
from verk_actors.cli.table import lay_out


@attrs.frozen
class Injected:
    """A fault that was injected, of which kind, and the jobs that may run again for it, as a node had them."""

    kind: str
    at_risk: Sequence[str]


@attrs.frozen(kw_only=True)
class Report:
    """The figures of one run.

    Attributes:
        seed: by which the same jobs and faults are drawn again.
        jobs: of each fate, how many were enqueued; `as_wanted`, how many of them ended so.
        faults: of each kind, how many were injected.
        at_risk: how many jobs were in progress where a node died by these faults, or was taken for dead.
        lost, copies, left, buried, ran_again, unexplained: as in `Findings`.
        bound: the most jobs that may run again for all faults together.
        seconds: from the first job to the last one's end.
        kept: the promise was.
    """

    seed: int
    jobs: Mapping[str, int]
    as_wanted: Mapping[str, int]
    faults: Mapping[str, int]
    at_risk: Mapping[str, int]
    lost: int
    copies: int
    left: int
    buried: int
    ran_again: int
    unexplained: int
    bound: int
    seconds: float
    jobs_per_second: int
    kept: bool


def report(
    seed: int, promised: Mapping[str, str], faults: Sequence[Injected], findings: Findings, seconds: float
) -> Report:
    """Put the figures together."""
    bound = sum(len(fault.at_risk) for fault in faults)
    jobs, kinds, at_risk = Counter(promised.values()), Counter(fault.kind for fault in faults), Counter[str]()
    for fault in faults:
        at_risk[fault.kind] += len(fault.at_risk)
    return Report(
        seed=seed,
        jobs={fate: jobs[fate] for fate in FATES},
        as_wanted=findings.as_wanted,
        faults={kind: kinds[kind] for kind in FAULTS},
        at_risk={kind: at_risk[kind] for kind in FAULTS},
        lost=findings.lost,
        copies=findings.copies,
        left=findings.left,
        buried=findings.buried,
        ran_again=findings.ran_again,
        unexplained=findings.unexplained,
        bound=bound,
        seconds=round(seconds, 1),
        jobs_per_second=round(len(promised) / seconds),
        kept=findings.settled and not findings.unexplained,
    )


def text(found: Report) -> str:
    """Return the tables and the verdict."""
    faults = [(FAULTS[kind].title, count, found.at_risk[kind]) for kind, count in found.faults.items()]
    faults.append(("together", sum(found.faults.values()), found.bound))
    jobs = [(fate, count, found.as_wanted[fate]) for fate, count in found.jobs.items()]
    jobs.append(("together", sum(found.jobs.values()), sum(found.as_wanted.values())))
    verdict = [
        ("lost", found.lost, "of 0"),
        ("in two places", found.copies, "of 0"),
        ("not settled in time", found.left, "of 0"),
        ("ran again", found.ran_again, f"of {found.bound:,} in progress where a node died"),
        ("ran again for no such fault", found.unexplained, "of 0"),
        ("buried, taken from dead nodes more than 3 times", found.buried, ""),
    ]
    return "\n\n".join(
        (
            lay_out(("FAULT", "INJECTED", "JOBS IN PROGRESS THERE"), faults),
            lay_out(("JOBS THAT WERE TO", "ENQUEUED", "DID"), jobs),
            lay_out(("JOBS", "", "AT MOST"), verdict),
            f"{found.seconds:,} s, {found.jobs_per_second:,} jobs/s, --seed {found.seed}",
            "The promise was kept." if found.kept else "THE PROMISE WAS BROKEN.",
        )
    )
