"""The mistakes that mutation testing plants."""

from __future__ import annotations

from mutation.mutants import mutants_of

MODULE = '''
"""A module."""

def f(x: int = 1) -> bool:
    """Say whether."""
    if x.ready:
        raise ValueError("too soon")
    return x < 5 and not x.done
'''


def test_each_mutant_has_one_mistake_and_none_in_what_nobody_can_notice() -> None:
    assert [str(mutant) for mutant in mutants_of(MODULE)] == [
        "line 4: 1  ->  2",
        "line 6: x.ready  ->  not x.ready",
        "line 7: raise ValueError('too soon')  ->  pass",
        "line 8: return x < 5 and (not x.done)  ->  return None",
        "line 8: And  ->  Or",
        "line 8: Lt  ->  LtE",
        "line 8: 5  ->  6",
        "line 8: not x.done  ->  x.done",
    ]


def test_a_mutant_is_a_module_that_differs() -> None:
    sources = [mutant.source for mutant in mutants_of(MODULE)]

    assert len(set(sources)) == len(sources)
    assert all(compile(source, "mutant", "exec") for source in sources)
