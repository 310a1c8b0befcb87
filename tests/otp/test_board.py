"""The board of a port: the latest notice, whole, for whoever looks."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from verk_actors.otp.board import MOST_BYTES, Board


@pytest.fixture
def board() -> Iterator[Board]:
    board = Board.new()
    yield board
    board.close()


def test_the_latest_notice_is_read_as_often_as_one_likes_until_it_is_taken_down(board: Board) -> None:
    """Ours: what a port's program has put up is read at any time, without asking it."""
    assert board.read() == b""
    board.put_up(b"a longer one")
    board.put_up(b"short")
    assert [board.read(), board.read()] == [b"short", b"short"]
    board.put_up(b"")
    assert board.read() == b""
    board.put_up(b"x" * MOST_BYTES)
    assert board.read() == b"x" * MOST_BYTES
    board.clear()
    assert board.read() == b""


def test_a_notice_that_is_too_long_is_refused_and_the_last_one_stays(board: Board) -> None:
    """Ours: what a port's program puts up is bounded."""
    board.put_up(b"this")
    with pytest.raises(ValueError, match="at most 4096 bytes, not 4097"):
        board.put_up(b"x" * (MOST_BYTES + 1))
    assert board.read() == b"this"


def test_half_a_notice_is_never_read(board: Board) -> None:
    """Ours: what a port's program puts up is read as a whole."""
    notices = {letter * length for letter, length in ((b"a", 4000), (b"b", 2500), (b"c", 10))}
    is_over = threading.Event()

    def write() -> None:
        while not is_over.is_set():
            for notice in notices:
                board.put_up(notice)

    writer = threading.Thread(target=write)
    board.put_up(b"c" * 10)
    writer.start()
    try:
        assert {board.read() for _ in range(3000)} <= notices | {b""}  # the latter where it met with ten writes
    finally:
        is_over.set()
        writer.join()


def test_where_there_are_no_files_in_memory_a_temporary_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ours: what a port's program has put up is read at any time, without asking it."""
    monkeypatch.delattr("os.memfd_create", raising=False)
    board = Board.new()
    board.put_up(b"here")
    assert board.read() == b"here"
    board.close()
