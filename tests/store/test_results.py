"""What runs have come to, read for others."""

from __future__ import annotations

from verk_actors.errors import StoreError
from verk_actors.store.results import documents_of
from verk_actors.wire.results import JobResult, result_in


def test_each_is_read_once_and_what_is_not_there_is_none(connection, keys, redis):
    redis.mset({keys.result("a"): b'{"value":1}', keys.result("b"): b"null"})
    redis.lpush(keys.result("list"), "no text")

    assert documents_of(connection, keys, ["b", "a", "none", "a", "list", ""]) == {
        "b": b"null", "a": b'{"value":1}', "none": None, "list": None, "": None
    }  # fmt: skip


def test_there_may_be_thousands(connection, keys, redis):
    redis.mset({keys.result(str(number)): str(number) for number in range(2500)})

    found = documents_of(connection, keys, map(str, range(2600)))

    assert [found[str(number)] for number in (0, 1000, 2499, 2500)] == [b"0", b"1000", b"2499", None]


def test_what_may_not_be_read_is_a_result_that_says_so(keys):
    class Refusing:
        def call(self, *args: object) -> None:
            raise StoreError("MGET", str(args[1]), "NOPERM no permission")

    [document] = documents_of(Refusing(), keys, ["a"]).values()  # type: ignore[arg-type]  # a part of it

    assert document is not None
    assert result_in(document) == JobResult(None, "it can't be read: NOPERM no permission")
