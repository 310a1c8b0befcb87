"""Names, and lists in which every second element belongs to the one before."""

import pytest

from verk_actors.store.replies import name_of, named, pairs, scored


def test_a_name_that_is_no_text_is_escaped():
    assert (name_of("größe".encode()), name_of(b"a\xff")) == ("größe", "a\\xff")


def test_every_second_element_belongs_to_the_one_before():
    flat = [b"a", b"1", b"b", b"2.5"]

    assert list(pairs(flat)) == [(b"a", b"1"), (b"b", b"2.5")]
    assert list(named(flat)) == [("a", b"1"), ("b", b"2.5")]
    assert list(scored(flat)) == [(b"a", 1.0), (b"b", 2.5)]
    with pytest.raises(ValueError, match="shorter"):
        list(pairs(flat[:3]))
