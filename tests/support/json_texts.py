"""JSON as programs may write it: any way that means the same, and that must stay as it was written."""

from __future__ import annotations

from hypothesis import strategies as st

_PLAIN = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='"\\')
_ESCAPES = st.sampled_from(
    [r"\"", r"\\", r"\/", r"\b", r"\n", r"\u0000", r"\u00e9", r"\ud83d\ude00", r"\ud800", r"\u2028"]
)
_SPACE = st.sampled_from(["", "", "", " ", "\n\t"])
_DIGITS = st.integers(0, 10**30).map(str)

texts = st.lists(st.one_of(_PLAIN, _ESCAPES), max_size=8).map(lambda pieces: f'"{"".join(pieces)}"')
"""A text, quoted, with and without escapes."""

numbers = st.one_of(
    st.integers().map(str),
    st.integers(4, 4200).map(lambda digits: "9" * digits),
    st.sampled_from(["-0", "0.0", "-0.0", "1E5", "1.0e+308", "5e-324", "0.1000000000000000055", "9007199254740993"]),
    st.tuples(_DIGITS, _DIGITS).map(".".join),
    st.tuples(st.integers(-99, 99), st.sampled_from(["e", "E", "e+", "E-"]), st.integers(0, 99)).map(
        lambda parts: f"{parts[0]}.50{parts[1]}{parts[2]}"
    ),
)
"""A number, in the ways in which one may be written."""

_scalars = st.one_of(texts, numbers, st.sampled_from(["null", "true", "false", "[]", "{}", "[ ]", "[[],{}]"]))


def _containers(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    lists = st.tuples(_SPACE, st.lists(values, max_size=4)).map(lambda it: f"[{it[0]}{(it[0] + ',').join(it[1])}]")
    pairs = st.tuples(texts, _SPACE, values).map(lambda it: f"{it[0]}{it[1]}:{it[2]}")
    objects = st.tuples(_SPACE, st.lists(pairs, max_size=4)).map(lambda it: "{" + it[0] + ",".join(it[1]) + "}")
    return st.one_of(lists, objects)


values = st.recursive(_scalars, _containers, max_leaves=10)
"""Any value."""
