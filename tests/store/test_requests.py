from __future__ import annotations

import pytest

from verk_actors.store.requests import Request, Requests


@pytest.fixture
def requests(connection, keys):
    """Return the questions to nodes, none so far."""
    return Requests(connection, keys)


def test_a_question_reaches_its_node_and_its_answer_the_one_who_asked(requests):
    nonce = requests.ask("n1", "tree")
    request = requests.take("n1")
    assert request == Request(nonce, "tree")

    requests.answer(request, b"\x00\xff")

    assert requests.answer_to(nonce, 1) == b"\x00\xff"


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
