"""What the demo shows, moment by moment."""

from __future__ import annotations

import logging
import re

import pytest

from verk_actors.cli.demo.screen import Lines, Notes, Picture, QueueView, display, paint

QUEUES = {"default": QueueView(ended=3, jobs=12, busy=2, workers=4)}


@pytest.fixture
def picture(monkeypatch: pytest.MonkeyPatch) -> Picture:
    """Return a picture without colours on a terminal of 72 columns."""
    monkeypatch.setenv("NO_COLOR", "1")
    return Picture(72)


def test_a_queue_is_a_bar_as_long_as_its_share_of_ended_jobs(picture, capsys):
    picture.update(QUEUES, {"finished": 3}, ["one note"])

    assert capsys.readouterr().out.splitlines() == [
        "\x1b[J",
        "  default  ██████░░░░░░░░░░░░░░░░░░   3 of  12 jobs   2 of 4 workers busy",
        "",
        "  finished 3",
        "",
        "  one note",
    ]


def test_the_next_moment_is_drawn_over_the_one_before(picture, capsys):
    picture.update(QUEUES, {}, ["one"])
    height = capsys.readouterr().out.count("\n")

    picture.update(QUEUES, {}, ["two"])

    assert capsys.readouterr().out.startswith(f"\x1b[{height}F\x1b[J")


def test_only_the_newest_notes_stay(picture, capsys):
    picture.update(QUEUES, {}, [f"note {number}" for number in range(10)])

    assert re.findall(r"note (\d)", capsys.readouterr().out) == list("456789")


def test_a_long_note_takes_one_line_and_a_jid_is_shortened(picture, capsys):
    picture.update(QUEUES, {}, [f"Job 0123456789abcdef01234567 fail: {'x' * 80}"])

    assert capsys.readouterr().out.splitlines()[-1] == f"  Job 012345 fail: {'x' * 51}…"


@pytest.mark.parametrize(("no_color", "painted"), [("", "\x1b[32mtext\x1b[0m"), ("1", "text")])
def test_no_color_is_heeded(monkeypatch, no_color, painted):
    monkeypatch.setenv("NO_COLOR", no_color)

    assert paint("text", fg="green") == painted


def test_where_nothing_can_move_the_notes_are_lines(capsys):
    shown = display()
    with shown:
        shown.update(QUEUES, {"finished": 3}, ["one", "two"])

    assert isinstance(shown, Lines)
    assert capsys.readouterr().out == "  one\n  two\n"


def test_notes_are_warnings_each_taken_once():
    notes, logger = Notes(), logging.getLogger("not.ours")
    logger.propagate = False
    logger.addHandler(notes)
    logger.info("%s", "nothing")
    logger.warning("%s", "something")

    assert [notes.take(), notes.take()] == [["something"], []]
