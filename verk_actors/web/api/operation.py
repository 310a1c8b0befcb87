"""One thing that can be asked of the API: declared by a function, of which routes and the OpenAPI document are made.

So what is documented is what is read and written. The function gets the site, then the parts of the path by name, then
an attrs class: of a GET the parameters of the address, of a POST the body. What it returns is an attrs class too.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from functools import cached_property
from types import ModuleType
from typing import Any, Literal, TypeAlias, get_type_hints

import attrs

from verk_actors.errors import VerkError
from verk_actors.web.access import Action

Handler: TypeAlias = Callable[..., Any]


@attrs.frozen(kw_only=True)
class Done:
    """What has come of an action.

    Attributes:
        message: in a sentence, as a page shows it.
        count: to how many it was done; less than was asked for where others have done it meanwhile.
    """

    message: str
    count: int = 1


_PARTS = re.compile(r"{(\w+)}")


@attrs.frozen(kw_only=True, slots=False)
class Operation:
    """One operation.

    Attributes:
        method: POST for what changes something.
        path: below that of the API, as `/queues/{name}`.
        handler: what does it.
        action: what access is asked for; None for a look.
        raises: errors that it may meet beside those that any may.
    """

    method: Literal["GET", "POST"]
    path: str
    handler: Handler
    action: Action | None = None
    raises: tuple[type[VerkError], ...] = ()

    @property
    def name(self) -> str:
        """What it is called in the document."""
        return self.handler.__name__

    @property
    def tag(self) -> str:
        """What it is about."""
        return self.handler.__module__.rpartition(".")[2]

    @property
    def summary(self) -> str:
        """What it does, in a sentence."""
        return self._paragraphs[0]

    @property
    def description(self) -> str:
        """What more is to be known of it."""
        return "\n\n".join(self._paragraphs[1:])

    @cached_property
    def parts(self) -> Mapping[str, Any]:
        """The parts of the path, by name, and their types."""
        return {name: self._types[name] for name in _PARTS.findall(self.path)}

    @cached_property
    def input(self) -> Any:
        """The attrs class of what else a request says; None where it says nothing."""
        others = [type_ for name, type_ in self._types.items() if name not in self.parts and name != "return"]
        return others[1] if len(others) > 1 else None

    @property
    def has_body(self) -> bool:
        """Whether the input is a body."""
        return self.method == "POST" and self.input is not None

    @property
    def parameters(self) -> Any:
        """The attrs class of the parameters of the address; None where there are none."""
        return None if self.has_body else self.input

    @property
    def reply(self) -> Any:
        """The type of what is answered."""
        return self._types["return"]

    @cached_property
    def _types(self) -> Mapping[str, Any]:
        return get_type_hints(self.handler, include_extras=True)

    @cached_property
    def _paragraphs(self) -> list[str]:
        return [" ".join(one.split()) for one in (inspect.getdoc(self.handler) or "").split("\n\n") if ":\n" not in one]


def looks(path: str, *raises: type[VerkError]) -> Callable[[Handler], Operation]:
    """Make an operation of a function that only looks."""
    return lambda handler: Operation(method="GET", path=path, handler=handler, raises=raises)


def acts(path: str, action: Action, *raises: type[VerkError]) -> Callable[[Handler], Operation]:
    """Make an operation of a function that changes something, if whoever asks may do that action."""
    return lambda handler: Operation(method="POST", path=path, handler=handler, action=action, raises=raises)


def operations_of(*modules: ModuleType) -> tuple[Operation, ...]:
    """Return the operations of modules, in the order in which they stand there."""
    return tuple(one for module in modules for one in vars(module).values() if isinstance(one, Operation))
