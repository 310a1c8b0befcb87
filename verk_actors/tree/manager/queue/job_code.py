"""How a job process finds the code of a job: by the module and the name under which the node has it.

Which code that is the node's registry decides, as ever: a name in a payload chooses among the registered classes, and
what is imported here is where those are defined.
"""

from __future__ import annotations

import importlib
import os
import runpy
import sys
import types
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from pathlib import Path
from typing import Any

from verk_actors.errors import JobClassNotImportable, NodeInImport, shown
from verk_actors.jobs.job_class import performer_of
from verk_actors.jobs.registry import Performer, Terms
from verk_actors.settings.config import ArgsKeys
from verk_actors.tree.node_log import NodeLog

log = NodeLog(__name__)

_MAIN, _MAIN_HERE = "__main__", "__mp_main__"  # the latter as multiprocessing names it, and others know it

_importing: list[str] = []


def refuse_in_import() -> None:
    """Refuse to start a node while a job process imports job classes.

    Raises:
        NodeInImport: it does. The node would have job processes that do the same, and so on.
    """
    if _importing:
        raise NodeInImport(_importing[-1])


def reference_of(performer: Performer) -> str:
    """Return where the code of a performer is found, as `module:name`."""
    target = performer.target
    return f"{target.__module__}:{target.__qualname__}"


def main_module() -> tuple[str | None, str | None]:
    """Return the name of the module that runs as the program, or else its path; neither in an interactive session.

    Source: multiprocessing.spawn, get_preparation_data.
    """
    main = sys.modules[_MAIN]
    name = getattr(main.__spec__, "name", None)
    path = getattr(main, "__file__", None)
    return name, None if name is not None or path is None else os.fspath(Path(path).absolute())


class JobCode:
    """The job classes in a job process.

    Args:
        main_name, main_path: as `main_module` had them in the node.
        args_keys: as the node is configured.
        middleware: where the functions are that stand around each run.
    """

    def __init__(
        self, main_name: str | None, main_path: str | None, args_keys: ArgsKeys, middleware: Sequence[str] = ()
    ) -> None:
        self._args_keys: ArgsKeys = args_keys
        self._middleware = middleware
        self._terms: Terms | None = None
        self._main_name, self._main_path = main_name, main_path
        self._found: dict[tuple[str, str], Performer] = {}

    def warm_up(self, modules: Iterable[str]) -> None:
        """Import modules before there is a job of theirs; one that can't be is told of, and fails its jobs.

        Those of middleware come first: one may prepare what job classes need, as Django has to be set up.
        """
        for module in (*(reference.partition(":")[0] for reference in self._middleware), *modules):
            try:
                self._module(module)
            except BaseException as error:  # noqa: BLE001  users' code, which must not fail the jobs of others
                log.warning("job process: %s can't be imported: %s", module, shown(error))

    def find(self, reference: str, name: str) -> Performer:
        """Return what runs the jobs of that name.

        Raises:
            JobClassNotImportable: the module has no such name, or can't be told.
            BaseException: what importing the module raises.
        """
        performer = self._found.get((reference, name))
        if performer is None:
            terms = self._terms or self._found_terms()  # first, as in `warm_up`
            performer = performer_of(name, self.target(reference)).on(terms)
            self._found[reference, name] = performer
        return performer

    def _found_terms(self) -> Terms:
        """Return the terms of the node; as with a job class, what importing them raises fails the job."""
        middleware: Any = tuple(map(self.target, self._middleware))
        self._terms = Terms(args_keys=self._args_keys, middleware=middleware)
        return self._terms

    def target(self, reference: str) -> object:
        """Return what is at a `module:name`; raises as `find` does."""
        module_name, _, path = reference.partition(":")
        module = self._module(module_name)
        try:
            target: object = reduce(getattr, path.split("."), module)
        except AttributeError:
            why = "it isn't at the top of its module" if "<locals>" in path else "its module has no such name"
            raise JobClassNotImportable(reference, why) from None
        return target

    def _module(self, name: str) -> object:
        if name == _MAIN:
            return self._main()
        with _importing_of(name):
            return importlib.import_module(name)

    def _main(self) -> object:
        """Run the node's program once more, as a module of another name, so that only its definitions take effect.

        Source: multiprocessing.spawn, _fixup_main_from_name and _fixup_main_from_path.
        """
        if _MAIN_HERE in sys.modules:
            return sys.modules[_MAIN_HERE]
        with _importing_of(self._main_name or self._main_path or _MAIN):
            if self._main_name is not None:
                names = runpy.run_module(self._main_name, run_name=_MAIN_HERE, alter_sys=True)
            elif self._main_path is not None:
                names = runpy.run_path(self._main_path, run_name=_MAIN_HERE)
            else:
                raise JobClassNotImportable(_MAIN, "it is defined in an interactive session")
        main = types.ModuleType(_MAIN_HERE)
        main.__dict__.update(names)
        sys.modules[_MAIN] = sys.modules[_MAIN_HERE] = main
        return main


@contextmanager
def _importing_of(module: str) -> Iterator[None]:
    _importing.append(module)
    try:
        yield
    finally:
        _importing.pop()
