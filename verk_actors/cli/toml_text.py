"""Settings as TOML: those in force, and a file to begin with; pure."""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from verk_actors.settings.config import Config
from verk_actors.settings.queues import QueueConfig

_WIDTH = 100
_EXAMPLES = {"queues": "{ default = 25 }", "groups": "{ web = { queues = { critical = 3, low = 1 }, size = 25 } }"}
_BEGUN = ("queues", "redis_url")  # what nobody can leave open; the rest have defaults


def in_force(config: Config, origins: Mapping[str, str]) -> str:
    """Return all settings, each with where it is from; one that is none is a comment."""
    lines = {key: _line(key, value) for key, value in values_of(config).items()}
    width = max(len(line) for line in lines.values() if len(line) < _WIDTH)
    return "\n".join(f"{line:{width}}  # {origins.get(key, 'default')}" for key, line in lines.items())


def values_of(config: Config) -> dict[str, Any]:
    """Return what TOML or JSON can hold of each setting; a URL without its password, no id that is generated."""
    values = {field.name: _value_of(getattr(config, field.name)) for field in attrs.fields(Config)}
    return values if config.node_id_fixed else values | {"node_id": None}  # another one each time


def beginning() -> str:
    """Return a file with every setting and what it means, all but the first as comments with their defaults."""
    says = descriptions()
    defaults = values_of(Config())
    sections = ["# Settings of verk, read from the current directory. Durations are seconds."]
    for key, value in defaults.items():
        comment = textwrap.fill(says.get(key, ""), _WIDTH, initial_indent="# ", subsequent_indent="# ")
        line = f"{key} = {_EXAMPLES[key]}" if key in _EXAMPLES else _line(key, value)
        sections.append(f"{comment}\n{line if key in _BEGUN or line.startswith('#') else f'# {line}'}")
    return "\n\n".join(sections) + "\n"


def descriptions() -> dict[str, str]:
    """Return what each setting means, as the text below its definition says; nothing where there is no source."""
    try:
        [definition] = ast.parse(inspect.getsource(Config)).body
    except OSError:
        return {}
    assert isinstance(definition, ast.ClassDef)
    return {
        field.target.id: str(text.value.value)
        for field, text in zip(definition.body, definition.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
    }


def _value_of(value: Any) -> Any:
    if isinstance(value, QueueConfig):
        return {field.name: _value_of(getattr(value, field.name)) for field in _unlike_default(value)}
    if isinstance(value, Mapping):
        return {str(name): _value_of(one) for name, one in value.items()}
    if isinstance(value, tuple | list):
        return [_value_of(one) for one in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)  # a URL without its password; a function cannot come from TOML


def _unlike_default(settings: QueueConfig) -> Iterator[Any]:
    for field in attrs.fields(type(settings)):
        if field.name in ("size", "queues") or getattr(settings, field.name) != field.default:
            yield field


def _line(key: str, value: Any) -> str:
    return f"# {key} =" if value is None else f"{key} = {_toml(value)}"


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{_key(name)} = {_toml(one)}" for name, one in value.items() if one is not None)
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value)  # texts, numbers and booleans are the same in both


def _key(name: str) -> str:
    return name if name.replace("-", "").replace("_", "").isalnum() and name.isascii() else json.dumps(name)
