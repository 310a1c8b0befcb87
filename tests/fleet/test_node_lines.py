"""The lines of several nodes in one output."""

from __future__ import annotations

import io

from verk_actors.fleet.node_lines import NodeLines


def test_lines_that_name_their_node_themselves_stay_as_they_are() -> None:
    output = io.BytesIO()
    NodeLines("", output).feed(b"one\ntwo\n")
    assert output.getvalue() == b"one\ntwo\n"


def test_each_line_names_its_node():
    output = io.BytesIO()

    NodeLines("web-1", output).feed(b"one\ntwo\n\n")

    assert output.getvalue() == b"web-1 | one\nweb-1 | two\nweb-1 | \n"


def test_a_line_is_passed_on_when_it_has_ended():
    output = io.BytesIO()
    lines = NodeLines("n", output)

    lines.feed(b"be")
    assert output.getvalue() == b""
    lines.feed(b"gun\nand")
    assert output.getvalue() == b"n | begun\n"
    lines.end()
    lines.end()
    assert output.getvalue() == b"n | begun\nn | and\n"


def test_a_line_without_end_is_broken():
    output = io.BytesIO()
    lines = NodeLines("n", output)

    for _ in range(10):
        lines.feed(b"x" * 30_000)

    assert output.getvalue().count(b"\n") == 3
    assert len(max(output.getvalue().splitlines(), key=len)) < 100_000


def test_where_nobody_reads_lines_are_dropped():
    output = io.BytesIO()
    output.write = lambda _: (_ for _ in ()).throw(BrokenPipeError)  # type: ignore[method-assign]

    NodeLines("n", output).feed(b"one\n")
