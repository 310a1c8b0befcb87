"""Settings that are many of a kind, each under a name of its own: the queues, the groups, the periodic jobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import attrs

from verk_actors.errors import ConfigError
from verk_actors.settings.checks import NAME, NAME_ALLOWED
from verk_actors.settings.sources import refuse_unknown

_T = TypeVar("_T", bound=attrs.AttrsInstance)


def by_name(
    key: str, entries: object, kind: type[_T], table_of: Callable[[str, object], Mapping[str, Any]], *, allowed: str
) -> Mapping[str, _T]:
    """Return the settings of each name.

    Args:
        key: what all of them are called in a Config.
        entries: them, by name; those that are of this kind already stay as they are.
        kind: what each of them is. A field that ends in an underscore, for Python's sake, is called without it.
        table_of: returns the settings of one as a table, from what it is called and what was given.
        allowed: what they may be.

    Raises:
        ConfigError: a name or a setting isn't allowed.
    """
    if not isinstance(entries, Mapping):
        raise ConfigError(key, entries, allowed)
    return {name: _entry(key, name, settings, kind, table_of) for name, settings in entries.items()}


def _entry(
    key: str, name: object, settings: object, kind: type[_T], table_of: Callable[[str, object], Mapping[str, Any]]
) -> _T:
    if not isinstance(name, str) or NAME.fullmatch(name) is None:
        raise ConfigError(key, name, f"names of {NAME_ALLOWED}")
    if isinstance(settings, kind):
        return settings
    path = f"{key}.{name}"
    table = table_of(path, settings)
    fields = {field.name.removesuffix("_"): field.name for field in attrs.fields(kind)}
    refuse_unknown(table, fields, f"key of {path}")
    try:
        return kind(**{fields[one]: value for one, value in table.items()})
    except ConfigError as error:
        raise ConfigError(f"{path}.{error.key}", error.value, error.allowed) from None
