"""The errors: their sentences can be logged, and they carry the culprit."""

from __future__ import annotations

import pickle

import pytest

from verk_actors import errors

EXAMPLES = [
    errors.ConfigError("queues", {"a b": 1}, "names of letters"),
    errors.InvalidJob("args[2].x", float("nan"), "is no finite number"),
    errors.MalformedJob(b"{", "no JSON"),
    errors.JobClassNotFound("Worker"),
    errors.JobTimeout(0.5),
    errors.ProcessDied("killed by SIGSEGV"),
    errors.QueueNotFound("default"),
    errors.QueueAlreadyAdded("default"),
    errors.StoreError("LREM", "queue:default", "WRONGTYPE"),
    errors.StoreUnavailable("LREM", "queue:default", "refused"),
    errors.EnqueueUncertain("LPUSH", "queue:default", "timed out", "0a1b"),
    errors.EnqueuedInPart("enqueue", "queue:q", "WRONGTYPE", ("1", "2"), (), ("3",)),
    errors.NodeIdInUse("node-1", "host:7"),
    errors.EmbeddedServerError("no program found"),
    errors.JobClassNotImportable("jobs:make.<locals>.Resize", "no such name"),
    errors.NodeInImport("jobs"),
    errors.JobNotUnique("0a1b", "token"),
    errors.InvalidArgument("Mail", "to", "Address", "a list", "no such field"),
    errors.QueueInGroup("critical", "web"),
    errors.DoneInPart("requeue", "retry", "timed out", 7),
]


def test_every_error_has_an_example_here() -> None:
    defined = {value for value in vars(errors).values() if isinstance(value, type)} - {errors.VerkError}

    assert {type(error) for error in EXAMPLES} == {c for c in defined if issubclass(c, errors.VerkError)}


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_survives_pickling_and_says_the_same_after(error: errors.VerkError) -> None:
    again = pickle.loads(pickle.dumps(error))

    assert type(again) is type(error)
    assert str(again) == str(error)
    assert isinstance(again, errors.VerkError)


def test_the_sentences_name_the_culprit() -> None:
    assert str(EXAMPLES[1]) == "the job's args[2].x is no finite number"
    assert str(EXAMPLES[2]) == "malformed job of 1 bytes: no JSON"
    assert str(EXAMPLES[4]) == "the job ran for longer than 0.5 s"
    assert str(EXAMPLES[5]) == "the job's process was ended: killed by SIGSEGV"
    assert str(EXAMPLES[9]) == "LREM queue:default failed: refused"
    assert str(EXAMPLES[11]) == "2 jobs were enqueued, 1 were not: enqueue queue:q failed: WRONGTYPE"


def test_of_several_jobs_the_errors_tell_which() -> None:
    assert str(errors.InvalidJob("args", 1, "is bad", 7)) == "job 7's args is bad"
    uncertain = errors.EnqueueUncertain("enqueue", "queue:q", "timed out", "a", jids=("a", "b", "c"))
    assert str(uncertain) == (
        "it is unknown whether job 'a' and 2 more were enqueued: enqueue queue:q failed: timed out"
    )
    assert pickle.loads(pickle.dumps(uncertain)).jids == ("a", "b", "c")
    assert errors.EnqueueUncertain("enqueue", "queue:q", "timed out", "a").jids == ("a",)
    in_part = errors.EnqueuedInPart("enqueue", "queue:q", "timed out", ("1",), ("2", "3"), ())
    assert str(in_part).startswith("1 jobs were enqueued, 0 were not, of 2 it is unknown: ")


def test_only_an_uncertain_enqueue_is_taken_for_sent() -> None:
    assert not errors.StoreUnavailable("LPUSH", "queue:default", "refused").sent
    assert errors.EnqueueUncertain("LPUSH", "queue:default", "timed out", "0a1b").sent


class Unshowable:
    def __repr__(self) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    "value",
    ["a\nb\x1b[31m", "x" * 10_000, ["y"] * 10_000, 10**5000, Unshowable(), "\ud800", b"\x00" * 10_000],
    ids=["control characters", "long text", "long list", "long integer", "unshowable", "surrogate", "bytes"],
)
def test_a_sentence_is_one_short_printable_line_whatever_the_value(value: object) -> None:
    sentence = str(errors.InvalidJob("queue", value, "is odd"))

    assert sentence.isprintable()
    assert len(sentence) < 1000
    assert sentence.encode()


def test_a_malformed_payload_is_kept_whole_but_shown_short() -> None:
    error = errors.MalformedJob(b"x" * 1_000_000, "too long")

    assert len(error.payload) == 1_000_000
    assert len(str(error)) < 1000
    assert len(repr(error)) < 1000


def test_loggable_text_is_escaped_and_cut() -> None:
    assert errors.loggable("fine ü") == "fine ü"
    assert errors.loggable("a\r\nb\x00'\u202e") == "a\\r\\nb\\x00'\\u202e"
    assert errors.loggable("abcdef", 3) == "abc…"
