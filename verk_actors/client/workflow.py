"""Steps of jobs, one after the other: what `Client.batch` takes in place of plain jobs; pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import attrs

from verk_actors.wire.job import Job

Part: TypeAlias = "Job | Group | Chain"
"""What a workflow is made of."""


def _checked(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    for part in parts:
        if not isinstance(part, Job | Group | Chain):
            raise TypeError(f"a part of a workflow is a job, a group or a chain, not {type(part).__name__}")
    return parts


@attrs.frozen
class Group:
    """Jobs, or chains of them, that run at the same time; `group(a, b) | c` runs c when all have succeeded."""

    parts: tuple[Part, ...] = attrs.field(converter=_checked)

    def __or__(self, then: Part) -> Chain:
        return Chain((self, then))

    def __ror__(self, before: Part) -> Chain:
        return Chain((before, self))


@attrs.frozen
class Chain:
    """Jobs, or groups of them, each of which runs when all of the one before it have succeeded."""

    parts: tuple[Part, ...] = attrs.field(converter=_checked)

    def __or__(self, then: Part) -> Chain:
        return Chain((*self.parts, then))

    def __ror__(self, before: Part) -> Chain:
        return Chain((before, *self.parts))


def chain(*parts: Part) -> Chain:
    """Return a workflow in which each part runs when the one before it has succeeded.

    Raises:
        TypeError: a part is no job, group or chain.
    """
    return Chain(parts)


def group(*parts: Part) -> Group:
    """Return a workflow whose parts run at the same time.

    Raises:
        TypeError: a part is no job, group or chain.
    """
    return Group(parts)


def stages_of(part: Part) -> list[list[Job | Chain]]:
    """Return the steps of a workflow: in each, jobs, and chains of two steps at least; no step is empty."""
    if isinstance(part, Job):
        return [[part]]
    if isinstance(part, Group):
        members = [member for one in part.parts for member in _members_of(one)]
        return [members] if members else []
    return [stage for one in part.parts for stage in stages_of(one)]


def _members_of(part: Part) -> Iterator[Job | Chain]:
    """Yield what of a part runs beside the others of its group."""
    stages = stages_of(part)
    if len(stages) > 1:
        yield Chain((part,))
    else:
        yield from (member for stage in stages for member in stage)
