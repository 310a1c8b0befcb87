"""Where settings come from besides arguments: `VERK_*` variables and TOML, read but not judged.

A text that isn't the number it should be is handed on as it is: the check in `config` refuses it, in
the same words wherever it came from.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from pathlib import Path

import attrs

from verk_actors.errors import ConfigError

# VERK_* variables that are no settings: the embedded launcher's, the test suite's, and those that
# Kubernetes puts into every pod beside a service called "verk".
_NOT_OURS = re.compile(r"VERK_(REDIS_SERVER|TEST_.*|(.*_)?SERVICE_(HOST|PORT.*)|(.*_)?PORT(_\d+_(TCP|UDP).*)?)")


@attrs.frozen
class Setting:
    """A value, with the variable or file that gave it, for the message if it is refused."""

    value: object
    origin: str


def from_environment(environ: Mapping[str, str], parsers: Mapping[str, Callable[[str], object]]) -> dict[str, Setting]:
    """Return the settings among the variables, by key, each parsed by the key's parser."""
    keys = {f"VERK_{key.upper()}": key for key in parsers}
    ours = [name for name in environ if name.startswith("VERK_") and not _NOT_OURS.fullmatch(name)]
    refuse_unknown(ours, keys, "environment variable")
    return {keys[name]: Setting(parsers[keys[name]](environ[name]), name) for name in ours}


def from_toml(path: Path, known: Collection[str]) -> dict[str, Setting]:
    """Return the settings of a file, by key: those of `[tool.verk]` if it is a pyproject.toml."""
    try:
        table: object = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:  # ValueError: not TOML, or not UTF-8
        raise ConfigError("file", str(path), f"readable TOML ({error})") from error
    if path.name == "pyproject.toml":
        for name in ("tool", "verk"):
            table = table.get(name, {}) if isinstance(table, dict) else {}
    if not isinstance(table, dict):
        raise ConfigError(f"tool.verk ({path})", table, "a table of settings")
    refuse_unknown(table, known, f"key in {path}")
    return {key: Setting(value, str(path)) for key, value in table.items()}


def refuse_unknown(names: Iterable[str], known: Collection[str], what: str) -> None:
    """Raise a ConfigError for the first name that isn't known, suggesting the nearest one that is."""
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(str(name), known, n=1)
            raise ConfigError(what, name, near[0] if near else ", ".join(sorted(known)))


def queue_list(text: str) -> dict[str, object]:
    """Return the queues of a text like `default:25,images:4:process,priority`, with defaults for the rest.

    Raises:
        ConfigError: one is there twice.
    """
    queues: dict[str, object] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, *settings = (setting.strip() for setting in part.split(":", 2))
        if name in queues:
            raise ConfigError("queues", name, "each queue once")
        queues[name] = {key: parse(setting) for (key, parse), setting in zip(_QUEUE_PARTS, settings, strict=False)}
    return queues


def reference_list(text: str) -> list[str]:
    """Return the parts of a text like `app.middleware:timed,app.middleware:skip`."""
    return [part.strip() for part in text.split(",") if part.strip()]


def group_list(text: str) -> dict[str, object]:
    """Return the groups of a text like `web=critical,3+default,1:25 batch=first+second:4:process`.

    Raises:
        ConfigError: a group, or a queue in it, is there twice.
    """
    groups: dict[str, object] = {}
    for part in text.split():
        name, _, rest = part.partition("=")
        queues, *settings = rest.split(":", 2)
        pairs = [queue.partition(",") for queue in queues.split("+")]
        if name in groups or len({queue for queue, _, _ in pairs}) < len(pairs):
            raise ConfigError("groups", part, "each group, and each queue in it, once")
        weighted = any(comma for _, comma, _ in pairs)
        groups[name] = {
            "queues": {queue: (_number(int, weight or "1") if weighted else None) for queue, _, weight in pairs},
            **{key: parse(setting) for (key, parse), setting in zip(_QUEUE_PARTS, settings, strict=False)},
        }
    return groups


def toml_table(text: str) -> object:
    """Return the table of a text like `{nightly = {class = "Report", cron = "@daily"}}`; any other text as it is."""
    try:
        return tomllib.loads(f"it = {text}")["it"]
    except ValueError:
        return text


def _number(kind: type[int | float], text: str) -> object:
    try:
        return kind(text)
    except ValueError:
        return text


def _yes_or_no(text: str) -> object:
    return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}.get(text.lower(), text)


_QUEUE_PARTS: tuple[tuple[str, Callable[[str], object]], ...] = (("size", partial(_number, int)), ("executor", str))

PARSERS: Mapping[object, Callable[[str], object]] = {
    bool: _yes_or_no,
    int: partial(_number, int),
    float: partial(_number, float),
}
"""How a variable's text becomes a value, by the type of the setting; a text stays one for any other."""

PARSERS_BY_KEY: Mapping[str, Callable[[str], object]] = {
    "queues": queue_list,
    "groups": group_list,
    "cron": toml_table,
    "client_middleware": reference_list,
    "worker_middleware": reference_list,
}
"""How it does where the key says more than the type."""
