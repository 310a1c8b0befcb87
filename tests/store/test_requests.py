from __future__ import annotations

import itertools

import pytest

from verk_actors.store.requests import Request, Requests, read_answer


@pytest.fixture
def requests(connection, keys):
    """Return the questions to nodes, none so far."""
    return Requests(connection, keys)


def test_a_question_reaches_its_node_and_its_answer_the_one_who_asked(requests, monkeypatch):
    """A node that answers at once, as it would on a thread of its own."""
    ask = requests.ask

    def asked_and_answered(node_id: str, question: str) -> str:
        nonce = ask(node_id, question)
        request = requests.take("n1")
        assert request in (None, Request(nonce, "tree"))
        if request is not None:
            requests.answer(request, b"\x00\xff")
        return nonce

    monkeypatch.setattr(requests, "ask", asked_and_answered)
    moments = itertools.count(0.0, 0.02)
    answers = requests.ask_all(["n1", "n2"], "tree", 0.05, lambda: next(moments))
    assert (answers.given, answers.missing) == ({"n1": b"\x00\xff"}, ("n2",))


@pytest.mark.parametrize("answer", [b"", b"null", b"[1]", b"\xff", b'{"nonce": 1}', b"[" * 100_000])
def test_an_answer_that_is_none_is_told_from_one_that_is(answer):
    assert read_answer(b'{"nonce": "a", "question": "b"}', Request) == Request("a", "b")
    with pytest.raises(ValueError, match="no Request"):
        read_answer(answer, Request)


def test_questions_are_taken_by_their_node_alone_the_oldest_first(requests):
    requests.ask("n1", "first")
    requests.ask("n1", "second one")

    assert requests.take("n2") is None
    assert [requests.take("n1").question for _ in range(2)] == ["first", "second one"]
    assert requests.take("n1") is None


def test_questions_and_answers_that_nobody_takes_are_gone_after_a_minute(requests, redis):
    requests.ask("n1", "tree")
    requests.answer(Request("nonce", "tree"), b"answer")

    assert sorted(redis.keys("*")) == [b"app:verk:node:n1:requests", b"app:verk:reply:nonce"]
    assert all(0 < redis.ttl(key) <= 60 for key in redis.keys("*"))
