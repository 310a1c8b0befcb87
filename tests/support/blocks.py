"""The code in the documents: found, and run piece by piece.

`python tests/support/blocks.py` reads pieces of Python and runs each as a program of its own, in a child of one
interpreter that has loaded the package already: to load it takes longer than most pieces do.
"""

from __future__ import annotations

import gc
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Self

import attrs

REPOSITORY = Path(__file__).parents[2]
DOCUMENTS = [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OUTPUT = re.compile(r"\n\n```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# (\w+\.\w+)\n")


@attrs.frozen
class Block:
    """A block of code in a document.

    Attributes:
        output: the block `text` right below it: what it prints; empty where there is none.
        file: of one that begins with `# jobs.py`, that name; it is a file for what stands below it.
    """

    language: str
    code: str
    output: str = ""

    @property
    def file(self) -> str | None:
        """The name in its first line, if there is one."""
        found = FILE.match(self.code)
        return found[1] if found else None


def blocks(document: Path, *languages: str) -> list[Block]:
    """Return the blocks of a document in these languages; of all, where none is named."""
    text = document.read_text()
    found = []
    for match in FENCE.finditer(text):
        output = OUTPUT.match(text, match.end())
        found.append(Block(match[1], match[2], output[1] if output else ""))
    return [block for block in found if not languages or block.language in languages]


class Runner:
    """An interpreter that has loaded the package, and runs each piece of Python that it is given in a child."""

    def __init__(self) -> None:
        variables = {name: value for name, value in os.environ.items() if not name.startswith("VERK_")}
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=variables
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=20)

    def __call__(self, code: str, cwd: Path) -> tuple[int, str]:
        """Run a piece as a program of its own; return its exit code, and what it wrote."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps([code, str(cwd)]) + "\n")
        self._process.stdin.flush()
        exit_code, output = json.loads(self._process.stdout.readline())
        return exit_code, output


def _become(code: str, cwd: str, output: int) -> None:
    """Run a piece as the interpreter would: as `__main__`, with the current directory on the path."""
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.chdir(cwd)
    module = sys.modules["__main__"] = ModuleType("__main__")
    sys.path[0] = ""
    exec(compile(code, "<document>", "exec"), module.__dict__)


def _main() -> None:
    from verk_actors import ActorSystem, AsyncClient, Client, EventListener, testing, worker  # noqa: F401  to be loaded

    gc.freeze()  # no child has to look through what is loaded, neither now and then nor when it ends
    for line in sys.stdin:
        with tempfile.TemporaryFile() as output:
            child = os.fork()
            if child == 0:
                return _become(*json.loads(line), output.fileno())  # and end as any program, with its exit handlers
            exit_code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            output.seek(0)
            print(json.dumps([exit_code, output.read().decode(errors="replace")]), flush=True)
    return None


if __name__ == "__main__":
    _main()
