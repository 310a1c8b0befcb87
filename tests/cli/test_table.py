"""A table as text."""

from __future__ import annotations

from verk_actors.cli.table import lay_out


def test_columns_are_as_wide_as_their_widest_cell_and_numbers_stand_right():
    assert lay_out(("NAME", "N"), [("a", 1), ("longer", 1234)]).splitlines() == [
        "NAME        N",
        "a           1",
        "longer  1,234",
    ]


def test_a_table_without_rows_is_its_headings():
    assert lay_out(("NAME", "N"), []) == "NAME  N"
