"""What the program of a port has put up for its owner to see: one notice, the latest, read whenever the owner likes.

A file in memory that both have open. So a program may put up as many notices as it likes: nobody is woken by one, none
waits to be read, and nothing has to be sent when the program is busy or stands still.
"""

from __future__ import annotations

import os
import tempfile
from zlib import crc32

MOST_BYTES = 4096
_HEAD_BYTES = 8  # length and checksum
_TRIES = 10  # of a read that met with a write; that takes well under a microsecond


class Board:
    """The board, as either side has it; safe to use from any thread.

    Args:
        file: its descriptor.
    """

    def __init__(self, file: int) -> None:
        self._file = file

    @classmethod
    def new(cls) -> Board:
        """Return an empty one.

        Raises:
            OSError: there is no room for another file.
        """
        if hasattr(os, "memfd_create"):
            return cls(os.memfd_create("verk-board"))
        with tempfile.TemporaryFile() as file:
            return cls(os.dup(file.fileno()))

    @property
    def file(self) -> int:
        """Its descriptor."""
        return self._file

    def put_up(self, notice: bytes) -> None:
        """Put up a notice in place of the last one.

        Raises:
            ValueError: it has more than 4096 bytes.
        """
        if len(notice) > MOST_BYTES:
            raise ValueError(f"a notice has at most {MOST_BYTES} bytes, not {len(notice)}")
        head = len(notice).to_bytes(_HEAD_BYTES // 2, "big") + crc32(notice).to_bytes(_HEAD_BYTES // 2, "big")
        os.pwrite(self._file, head + notice, 0)

    def read(self) -> bytes:
        """Return the notice that is up; an empty one where there is none."""
        for _ in range(_TRIES):
            data = os.pread(self._file, _HEAD_BYTES + MOST_BYTES, 0)
            length, checksum = (int.from_bytes(data[at : at + 4], "big") for at in (0, 4))
            notice = data[_HEAD_BYTES : _HEAD_BYTES + length]
            if len(notice) == length and crc32(notice) == checksum:
                return notice
        return b""

    def clear(self) -> None:
        """Take down what is up."""
        os.ftruncate(self._file, 0)

    def close(self) -> None:
        """Let go of it here."""
        os.close(self._file)
