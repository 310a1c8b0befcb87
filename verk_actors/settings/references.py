"""Functions that settings name, as `module:name`: how they are found, and how others are told where they are.

What a setting names is imported; nothing that was read from Redis comes here.
"""

from __future__ import annotations

import importlib
import re
from functools import reduce
from typing import Any

from verk_actors.errors import ConfigError, shown
from verk_actors.middleware import makes_coroutine

_REFERENCE = re.compile(r"\w+(\.\w+)*:\w+(\.\w+)*")
REFERENCE_ALLOWED = "a function, or where one is, as module:name"
PLAIN_ALLOWED = "functions that are plain def: jobs are made without an event loop, for an AsyncClient too"


def is_reference(value: object) -> bool:
    """Whether this may be a function, or names one."""
    return callable(value) or (isinstance(value, str) and _REFERENCE.fullmatch(value) is not None)


def resolved(setting: str, value: Any) -> Any:
    """Return the function that the value of a setting is or names.

    Raises:
        ConfigError: it can't be imported, there is no such name in its module, or it is no function.
    """
    if not isinstance(value, str):
        return value
    module, _, name = value.partition(":")
    try:
        found = reduce(getattr, name.split("."), importlib.import_module(module))
    except Exception as error:  # whatever the module raises
        raise ConfigError(setting, value, f"{REFERENCE_ALLOWED} ({shown(error)})") from error
    if not callable(found):
        raise ConfigError(setting, value, REFERENCE_ALLOWED)
    return found


def resolved_plain(setting: str, value: Any) -> Any:
    """Return the function as `resolved` does.

    Raises:
        ConfigError: for that, or it is an `async def`.
    """
    found = resolved(setting, value)
    if makes_coroutine(found):
        raise ConfigError(setting, value, PLAIN_ALLOWED)
    return found


def reference_to(setting: str, value: Any) -> str:
    """Return where the function that is the value of a setting is, for another process.

    Raises:
        ConfigError: it is not at the top of its module.
    """
    if isinstance(value, str):
        return value
    reference = f"{getattr(value, '__module__', '')}:{getattr(value, '__qualname__', '')}"
    if _REFERENCE.fullmatch(reference) is None:
        raise ConfigError(setting, value, "a function at the top of its module, for job processes to find, or its name")
    return reference
