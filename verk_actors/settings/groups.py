"""How a group of queues is worked: its settings, and how they are read from a mapping of names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from verk_actors.errors import ConfigError
from verk_actors.settings.checks import NAME, NAME_ALLOWED
from verk_actors.settings.queues import QueueConfig
from verk_actors.settings.tables import by_name

_ALLOWED = f'names with weights of 1 or more, like {{"critical": 3, "default": 1}}, or names alone; of {NAME_ALLOWED}'


def _members(queues: object) -> Mapping[str, int | None]:
    """Return queues with their weights; names alone have none."""
    members = queues
    if isinstance(queues, Sequence) and not isinstance(queues, str) and all(isinstance(name, str) for name in queues):
        members = dict.fromkeys(queues)
    if not isinstance(members, Mapping) or not members:
        raise ConfigError("queues", queues, _ALLOWED)
    names = all(isinstance(name, str) and NAME.fullmatch(name) for name in members)
    weights = all(type(weight) is int and weight > 0 for weight in members.values())
    if not names or not (weights or set(members.values()) == {None}):
        raise ConfigError("queues", queues, _ALLOWED)
    return members


@attrs.frozen(kw_only=True)
class QueueGroup(QueueConfig):
    """How the queues of a group are worked: they share the workers, and all other settings.

    Without weights they are in order of priority: a queue is fetched from while those before it are empty. With
    weights each gets its part of the workers' time to start jobs, and those that are empty leave theirs to the others.
    """

    queues: Mapping[str, int | None] = attrs.field(converter=_members)
    """The queues, by name with a weight, or by name alone."""

    @property
    def is_strict(self) -> bool:
        """Whether the queues are in order of priority."""
        return None in self.queues.values()


def group_configs(groups: Mapping[str, QueueGroup]) -> Mapping[str, QueueGroup]:
    """Return groups by name.

    Raises:
        ConfigError: a name or a setting isn't allowed.
    """
    return by_name("groups", groups, QueueGroup, _table, allowed="names of groups with their settings")


def _table(_: str, settings: object) -> Mapping[str, Any]:
    return {"queues": {}, **(settings if isinstance(settings, Mapping) else {"queues": settings})}


def all_queues(queues: Mapping[str, QueueConfig], groups: Mapping[str, QueueGroup]) -> Mapping[str, QueueConfig]:
    """Return the settings of all queues, alone or in groups.

    Raises:
        ConfigError: one is worked twice, or a group bears the name of one.
    """
    for name, settings in queues.items():
        if isinstance(settings, QueueGroup):
            raise ConfigError(f"queues.{name}", settings, "the settings of a queue; those of a group belong in groups")
    named = [*queues, *(queue for group in groups.values() for queue in group.queues)]
    for name, count in Counter(named).items():
        if count > 1:
            raise ConfigError("groups", name, "queues that are in one group, and not in queues")
        if name in groups:
            raise ConfigError("groups", name, "names that no queue has")
    return {**queues, **{queue: group for group in groups.values() for queue in group.queues}}
