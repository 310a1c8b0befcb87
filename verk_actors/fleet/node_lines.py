"""What a node writes, passed on in whole lines that name it, so that several nodes can share one output."""

from __future__ import annotations

import contextlib
from typing import BinaryIO

_LONGEST = 65_536  # bytes; a longer line is broken, so that a node that never ends one costs no memory


class NodeLines:
    """Passes on the output of one node.

    Args:
        name: put before each line, unless empty.
        output: where the lines go; each `write` to it has to be whole among those of other threads.
    """

    def __init__(self, name: str, output: BinaryIO) -> None:
        self._before = f"{name} | ".encode() if name else b""
        self._output = output
        self._begun = b""  # a line without its end

    def feed(self, data: bytes) -> None:
        """Pass on the lines that have ended."""
        lines, _, self._begun = (self._begun + data).rpartition(b"\n")
        if lines:
            self._write(lines)
        if len(self._begun) > _LONGEST:
            self.end()

    def end(self) -> None:
        """Pass on what is left, as a line."""
        if self._begun:
            self._write(self._begun)
            self._begun = b""

    def _write(self, lines: bytes) -> None:
        with contextlib.suppress(OSError):  # nobody reads any more, or the disk is full: nodes work on
            self._output.write(self._before + lines.replace(b"\n", b"\n" + self._before) + b"\n")
            self._output.flush()
