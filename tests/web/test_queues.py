"""The pages of queues, and what they do to them in Redis."""

from __future__ import annotations

import json
import re

import pytest
from starlette.testclient import TestClient
from support.nodes import running_node

from verk_actors.events import QueuePaused
from verk_actors.figures.queues import read_queues
from verk_actors.messages import PauseQueue
from verk_actors.tree.messages import Tick
from verk_actors.wire.job import Job

NAME = 'mail/<b>"é'


@pytest.fixture
def waiting(client, redis):
    """Return the payloads of 120 jobs of a queue with a name of every kind, that which runs next first."""
    redis.sadd("queues", NAME)
    payloads = [f'{{"class":"Mail","args":[{number},"<i>"],"jid":"j{number}"}}' for number in range(120)]
    redis.lpush(f"queue:{NAME}", *payloads)
    return payloads


def jobs_of(page) -> list[str]:
    return re.findall(r'href="/jobs/(j\d+)\?queue=', page.text)


def test_the_queues_are_listed_as_they_are(web, client, redis, waiting):
    client.enqueue(Job(class_="A", args=[], queue="other"))
    client.queue("other").pause()
    redis.mset({f"stat:processed:{NAME}": 1234, f"stat:failed:{NAME}": 5})

    page = web.get("/queues").text

    assert re.findall(r'class="badge (\w+)">(\w+)<', page) == [("bad", "unworked"), ("warn", "paused")]
    assert "mail/&lt;b&gt;&#34;é" in page
    for cell in ("120", "1,234", "5"):
        assert f'<td class="num">{cell}<' in page


def test_a_part_of_the_name_filters_them(web, client):
    for queue in ("mail", "MAILING", "reports"):
        client.enqueue(Job(class_="A", args=[], queue=queue))

    some, none = web.get("/queues?name=mail").text, web.get("/queues?name=%3Cb%3E").text

    assert re.findall(r'href="/queues/(\w+)"', some) == ["MAILING", "mail"]
    assert "No queue has “&lt;b&gt;” in its name" in none
    assert "Show all 3" in none


def test_without_any_the_page_says_what_to_do(web):
    assert "verk enqueue" in web.get("/queues").text
    assert "verk run -q new:25" in web.get("/queues/new").text


def test_the_jobs_of_a_queue_are_shown_page_by_page_the_next_first(web, waiting):
    first, last = web.get("/queues/mail%2F%3Cb%3E%22%C3%A9"), web.get('/queues/mail/<b>"é?page=99')

    assert jobs_of(first) == [f"j{number}" for number in range(50)]
    assert jobs_of(last) == [f"j{number}" for number in range(100, 120)]
    assert "120 of 120" in last.text
    assert "[0, &#34;&lt;i&gt;&#34;]" in first.text


def test_what_is_no_job_is_shown_as_that(web, redis):
    redis.sadd("queues", "q")
    redis.lpush("queue:q", b"\xff<script>")

    assert "no job" in web.get("/queues/q").text


def test_arguments_are_hidden_where_they_are_to_be(make_app, waiting):
    web = TestClient(make_app(redact=lambda class_name, args: ["***"] * len(args)))

    page = web.get("/queues/" + NAME).text

    assert "[&#34;***&#34;, &#34;***&#34;]" in page
    assert "&lt;i&gt;" not in page


def test_a_queue_is_paused_resumed_and_cleared(web, redis, waiting):
    at = "/queues/mail%2F%3Cb%3E%22%C3%A9"

    assert "is paused." in web.post(f"{at}/pause").text
    assert redis.sismember("paused", NAME)
    assert "was paused already." in web.post(f"{at}/pause").text
    assert "is resumed." in web.post(f"{at}/resume").text
    assert not redis.exists("paused")
    assert "is empty: 120 jobs were deleted." in web.post(f"{at}/clear").text
    assert not redis.exists(f"queue:{NAME}")


def test_one_job_is_deleted_also_when_it_has_moved_on_meanwhile(web, redis, waiting):
    at = "/queues/mail%2F%3Cb%3E%22%C3%A9"
    handle = re.findall(r'name="job" value="([^"]+)"', web.get(f"{at}?page=2").text)[0]  # j50
    redis.rpop(f"queue:{NAME}", 45)

    said = web.post(f"{at}/delete", data={"job": handle, "page": "2"}).text
    again = web.post(f"{at}/delete", data={"job": handle, "page": "2"}).text

    assert "was deleted." in said
    assert "is not in" in again
    assert redis.lrange(f"queue:{NAME}", 0, -1) == [text.encode() for text in reversed(waiting[45:50] + waiting[51:])]


def test_a_form_without_its_fields_does_nothing(web, redis, waiting):
    assert "is not in" in web.post("/queues/" + NAME + "/delete").text
    assert redis.llen(f"queue:{NAME}") == 120


def test_how_nodes_work_a_queue_is_told(config, web):
    with running_node(config, queues={"q": 3, "p": 2}) as node:
        for number in range(2):  # one after the other: of two at once either may start first
            node.client.enqueue(Job(class_="Waiting", args=[], queue="q", jid=f"w{number}"))
            node.jobs.gate.wait_started(number + 1)
        node.system.ask(PauseQueue("p"))
        node.log.expect(QueuePaused, queue="p")
        node.client.queue("q").pause()  # it has the node tell of itself
        node.whereis("presence").ask(Tick())
        [q, p] = read_queues(node.client, ["q", "p"])
        page = web.get("/queues/q").text

    assert (q.state, q.busy, q.slots, q.in_progress) == ("pausing", 2, 3, 2)
    assert (p.state, p.busy, p.slots) == ("paused", 0, 2)
    assert re.findall(r'href="/jobs/(w\d)"', page) == ["w0", "w1"]


def test_many_queues_are_listed_by_pages(web, redis):
    redis.sadd("queues", *(f"q{number:03}" for number in range(250)))

    pages = [web.get(f"/queues?name=Q&page={page}").text for page in (1, 3, 9)]

    assert [re.findall(r"<strong>(q\d+)</strong>", text)[0] for text in pages] == ["q000", "q200", "q200"]
    assert "100 of 250" in pages[0]
    assert 'href="/queues?name=Q&amp;page=2"' in pages[0]
    assert 'rel="next"' not in pages[2]


def test_long_arguments_are_shown_in_part_so_that_a_page_stays_short(web, redis):
    redis.sadd("queues", "long")
    redis.lpush("queue:long", *(json.dumps({"class": "A", "args": ["x" * 100_000], "jid": f"j{n}"}) for n in range(9)))

    assert len(web.get("/queues/long").text) < 30_000
