"""The pages of the three sets: what they list, and what their forms do to Redis."""

from __future__ import annotations

import html
import json
import math
import random
import re

import pytest
import redis as redis_py
from starlette.testclient import TestClient
from support.payloads import malformed

from verk_actors.store import set_steps, set_walk
from verk_actors.store.handles import handle_of

SETS = {"retries": "retry", "scheduled": "schedule", "dead": "dead"}
FROM_A_PAGE = {"sec-fetch-site": "same-origin"}
FUTURE = 4e9


def job(number: object, class_: str = "Add", **fields: object) -> bytes:
    return json.dumps(
        {"class": class_, "args": [f"arg-{number}"], "queue": "low", "jid": f"j{number}", **fields}
    ).encode()


def fill(redis: redis_py.Redis, name: str, count: int) -> list[bytes]:
    """Put jobs into a set, each third of class `Other`; returns them, the first in time first."""
    members = [job(number, "Add" if number % 3 else "Other") for number in range(count)]
    redis.zadd(SETS[name], {member: FUTURE + at for at, member in enumerate(members)})
    return members


def jids(text: str) -> list[str]:
    return re.findall(r'<span class="mono faint">(j\d+)</span>', text)


@pytest.mark.parametrize("name", SETS)
def test_an_empty_set_says_what_would_be_in_it(web: TestClient, name: str) -> None:
    text = web.get(f"/{name}").text

    assert 'class="empty"' in text
    assert "<table" not in text


@pytest.mark.parametrize("name", SETS)
def test_a_set_is_listed_by_pages_and_everything_in_it_is_text(
    web: TestClient, redis: redis_py.Redis, name: str
) -> None:
    fill(redis, name, 120)
    evil = job("9999", "<script>", error_class="<b>", error_message='"><img src=x>')
    redis.zadd(SETS[name], {evil: FUTURE + (120 if name == "dead" else -1), b"no <i> job": FUTURE + 200})

    first, last = web.get(f"/{name}").text, web.get(f"/{name}?page=3").text

    listed = jids(first)
    assert listed[:3] == (["j9999", "j119", "j118"] if name == "dead" else ["j9999", "j0", "j1"])
    assert len(listed) == (49 if name == "dead" else 50)
    assert "50 of 122" in first
    assert "122 of 122" in last
    assert "no job" in (first if name == "dead" else last)
    assert not re.search(r"<script>|<b>|<i>|<img src=x>", first + last)
    for link in ("page=2", "page=9999", "page=0", "page=x", "per_page=0", "per_page=1", "per_page=9999999"):
        assert web.get(f"/{name}?{link}").status_code == 200


def test_a_filter_is_in_the_address_and_a_page_says_how_far_it_is(
    web: TestClient, redis: redis_py.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(redis, "retries", 300)
    redis.zadd("retry", {job("1000", "Mail::Send", error_class="IOError", error_message="a b"): FUTURE + 1000})
    monkeypatch.setattr(set_walk.walk, "__kwdefaults__", {**set_walk.walk.__kwdefaults__, "most": 100})

    assert jids(web.get("/retries?class=Mail::Send&queue=low&error=IOError&text=arg-1000&per_page=3").text) == ["j1000"]
    assert "No job of class Mail in them" not in web.get("/retries?class=Mail").text
    assert "No job of class Mail" in web.get("/retries?class=Mail").text
    assert 'value="a&#34;&gt;b"' in web.get("/retries?text=a%22%3Eb").text


def test_a_part_of_a_search_leads_to_the_next_until_a_page_is_full(
    web: TestClient, redis: redis_py.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = fill(redis, "scheduled", 60)
    monkeypatch.setattr(set_walk, "MOST_BYTES", sum(map(len, members[:20])))

    text, found, parts = web.get("/scheduled?class=Other&per_page=15").text, [], 1
    while True:
        found += jids(text)
        more = re.search(r'<tr id="search" hx-get="([^"]*)"', text)
        if more is None:
            break
        assert "Looked at" in text
        text, parts = web.get(html.unescape(more[1])).text, parts + 1

    assert found == [f"j{number}" for number in range(0, 45, 3)]
    assert parts == 3
    assert "15 found" in text
    following = re.search(r'rel="next" href="([^"]*)"', text)
    assert following is not None
    assert jids(web.get(html.unescape(following[1])).text)[0] == "j45"


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("verb", ["retry", "kill", "delete"])
def test_one_job_and_several_are_acted_on(web: TestClient, redis: redis_py.Redis, name: str, verb: str) -> None:
    members = fill(redis, name, 5)
    handles = [handle_of(member, FUTURE + at) for at, member in enumerate(members)]
    if (name, verb) == ("dead", "kill"):
        assert web.post("/dead/kill", data={"handle": handles}).status_code == 404
        assert redis.zcard("dead") == 5
        return

    one = web.post(f"/{name}/{verb}", data={"only": handles[0], "handle": handles[1:3]})
    more = web.post(f"/{name}/{verb}", data={"handle": [*handles[:3], "5.0-gone"]})

    word = {"retry": "Enqueued", "kill": "Killed", "delete": "Deleted"}[verb]
    assert f"{word} 1 job." in one.text
    assert f"{word} 2 jobs. 2 jobs were not there any more." in more.text
    assert set(redis.zrange(SETS[name], 0, -1)) == set(members[3:])
    assert redis.llen("queue:low") == (3 if verb == "retry" else 0)
    if verb == "kill":
        assert redis.zcard("dead") == 3


def test_nothing_named_is_nothing_done_and_nonsense_is_refused(web: TestClient, redis: redis_py.Redis) -> None:
    members = fill(redis, "dead", 2)

    assert "Deleted 0 jobs." in web.post("/dead/delete").text
    assert "is no handle" in web.post("/dead/delete", data={"handle": "nonsense"}).text
    assert web.post("/dead/explode", data={"handle": "1-x"}).status_code == 404
    assert web.get("/dead/delete").status_code == 405
    assert redis.zcard("dead") == len(members)
    assert web.get("/dead?class=Add&cursor=nonsense").status_code == 409


@pytest.mark.parametrize("verb", ["retry", "kill", "delete"])
def test_all_that_fit_are_acted_on_step_by_step(
    web: TestClient, redis: redis_py.Redis, verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = fill(redis, "retries", 90)
    monkeypatch.setattr(set_steps, "MOST_PASSED", 10)

    steps = [web.post(f"/retries/all/{verb}", data={"class": "Other"}, follow_redirects=False)]
    while steps[-1].status_code == 200:
        form = steps[-1].text[steps[-1].text.index('<form id="steps"') :]
        fields = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form))
        assert int(fields["done"]) > 0
        assert "<progress" in form
        data = {name: html.unescape(value) for name, value in fields.items()}
        steps.append(web.post(f"/retries/all/{verb}", data=data, follow_redirects=False))

    word = {"retry": "Enqueued", "kill": "Killed", "delete": "Deleted"}[verb]
    assert len(steps) == 6
    assert (steps[-1].status_code, steps[-1].headers["location"]) == (303, "/retries?class=Other")
    assert f"{word} 30 jobs." in web.get("/retries?class=Other").text
    assert redis.zrange("retry", 0, -1) == [member for member in members if b'"Add"' in member]
    assert (redis.llen("queue:low"), redis.zcard("dead")) == {"retry": (30, 0), "kill": (0, 30), "delete": (0, 0)}[verb]


def test_a_page_that_goes_on_by_itself_is_led_back_by_a_header(web: TestClient, redis: redis_py.Redis) -> None:
    fill(redis, "dead", 3)

    done = web.post("/dead/all/retry", headers={"hx-request": "true"}, follow_redirects=False)

    assert (done.status_code, done.headers["hx-redirect"], done.text) == (200, "/dead", "")
    assert "Enqueued 3 jobs." in web.get("/dead").text


def test_what_redis_refuses_is_said_with_what_was_done_before(web: TestClient, redis: redis_py.Redis) -> None:
    fill(redis, "dead", 3)
    redis.set("queue:low", "no list")

    said = web.post("/dead/all/retry", data={"done": "7"})
    nonsense = web.post("/dead/all/retry", data={"cursor": "nonsense", "done": "7"})

    assert 'class="message bad"' in said.text
    assert "Enqueued 7 jobs. Not all of them:" in said.text
    assert "WRONGTYPE" in said.text
    assert "is no cursor of this set. Enqueued 7 jobs before." in html.unescape(nonsense.text)
    assert redis.zcard("dead") == 3


def test_who_may_only_look_sees_no_buttons_and_can_do_nothing(make_app, redis: redis_py.Redis) -> None:
    fill(redis, "retries", 3)
    looking = TestClient(make_app(read_only=True), headers=FROM_A_PAGE)
    some = TestClient(make_app(access=lambda _: ["retry_job"]), headers=FROM_A_PAGE)

    text = looking.get("/retries").text
    assert "checkbox" not in text
    assert 'method="post" action' not in text
    assert looking.post("/retries/all/delete").status_code == 403
    assert looking.post("/retries/delete", data={"handle": "1-x"}).status_code == 403
    assert "/retries/all/retry" in some.get("/retries").text
    assert "/retries/all/delete" not in some.get("/retries").text
    assert some.post("/retries/all/delete").status_code == 403
    assert redis.zcard("retry") == 3


def test_whatever_peers_have_put_into_a_set_has_a_row_and_a_page(web: TestClient, redis: redis_py.Redis) -> None:
    choice = random.Random(5)
    times = [math.inf, -math.inf, 1e308, 1e17, -6e10, 4e9]
    redis.zadd("retry", {malformed(choice, number): choice.choice(times) for number in range(60)})
    redis.zadd("retry", {rb'{"class":"A","args":["\ud800"],"error_class":"\udfff","error_message":"\ud800"}': 1})

    text = web.get("/retries?per_page=100").text
    links = re.findall(r'<td class="fit who"><a href="([^"]*)"', text)

    assert len(links) == redis.zcard("retry")
    assert [link for link in links if web.get(html.unescape(link)).status_code != 200] == []
    web.post("/retries/all/kill")
    assert redis.zcard("retry") == 0
    assert web.get("/dead?per_page=100").status_code == 200


def test_arguments_are_shown_as_the_redaction_says(make_app, redis: redis_py.Redis) -> None:
    fill(redis, "retries", 3)
    web = TestClient(make_app(redact=lambda _, args: ["•••"] * len(args)))

    assert "•••" in web.get("/retries").text
    assert "arg-1" not in web.get("/retries").text


def stars(_: str, args: list[object]) -> list[str]:
    """Hide all arguments."""
    return ["***"] * len(args)


def test_a_dashboard_of_its_own_hides_what_the_config_says(make_app, redis: redis_py.Redis) -> None:
    fill(redis, "retries", 3)

    text = TestClient(make_app(config={"redact": stars})).get("/retries").text

    assert "***" in text
    assert "arg-1" not in text


def test_a_form_without_end_is_not_read(web: TestClient, redis: redis_py.Redis) -> None:
    fill(redis, "dead", 1)

    answers = [web.post(path, data={"handle": "x" * (1 << 21)}) for path in ("/dead/delete", "/dead/all/delete")]

    assert [answer.status_code for answer in answers] == [413, 413]
    assert redis.zcard("dead") == 1


def test_what_is_hidden_is_not_told_by_what_a_filter_finds(make_app, redis: redis_py.Redis) -> None:
    """Whoever may look for a text finds out letter by letter what the arguments are that he is not shown."""
    fill(redis, "retries", 3)
    web = TestClient(make_app(redact=lambda _, args: ["•••"] * len(args)), headers=FROM_A_PAGE)

    assert 'name="text"' not in web.get("/retries").text
    refused = [web.get("/retries?text=arg-1"), web.get("/api/v1/sets/retries?text=arg-1")]
    refused += [web.post("/api/v1/sets/retries/delete-all", json={"where": {"text": "arg-1"}})]
    assert [answer.status_code for answer in refused] == [400, 400, 400]
    assert "text can't be looked for where arguments may be hidden" in refused[1].json()["detail"]
    assert "can't be looked for" in html.unescape(web.post("/retries/all/delete", data={"text": "arg-1"}).text)
    assert redis.zcard("retry") == 3
