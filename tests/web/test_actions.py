"""A form is done, then leads back to its page, which says what came of it; once."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from verk_actors.errors import StoreError
from verk_actors.web.actions import form_route

FROM_A_PAGE = {"sec-fetch-site": "same-origin"}


@pytest.fixture
def acting(make_app):
    """Return a client of an app with an action that says what it is told, or fails with it."""

    def say(request, form):
        if "error" in form:
            raise StoreError("DEL", "k", form["error"])
        return form["text"]

    app = make_app()
    app.router.routes.insert(0, form_route("/act", say, back="queues"))
    return TestClient(app, headers=FROM_A_PAGE)


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        (None, "/queues"),
        ("http://testserver/retries?class=A&page=2", "/retries?class=A&page=2"),
        ("http://evil.test/retries", "/queues"),
        ("http://testserver//evil.test/x", "/evil.test/x"),
        ("nonsense", "/queues"),
        ("http://[", "/queues"),
    ],
)
def test_it_leads_back_to_the_page_that_it_was_on_and_nowhere_else(acting, referer, back):
    headers = {"referer": referer} if referer else {}

    led = acting.post("/act", data={"text": "Done."}, headers=headers, follow_redirects=False)

    assert (led.status_code, led.headers["location"]) == (303, back)


def test_the_page_says_what_came_of_it_once_and_as_text(acting):
    first = acting.post("/act", data={"text": "Paused <b>mail</b>; ü."})
    second = acting.get("/queues")

    assert "Paused &lt;b&gt;mail&lt;/b&gt;; ü." in first.text
    assert 'class="message good"' in first.text
    assert 'class="message' not in second.text


def test_a_refresh_of_a_part_of_the_page_does_not_take_the_message(acting):
    acting.post("/act", data={"text": "Done."}, follow_redirects=False)

    part = acting.get("/queues", headers={"hx-request": "true"})
    whole = acting.get("/queues")

    assert 'class="message' not in part.text
    assert 'class="message good"' in whole.text


def test_an_error_of_ours_is_a_message_too(acting):
    shown = acting.post("/act", data={"error": "read only <replica>"})

    assert 'class="message bad"' in shown.text
    assert "read only &lt;replica&gt;" in shown.text


def test_a_message_can_not_be_put_into_a_link(acting):
    assert 'class="message' not in acting.get("/queues?verk_message=-hello&message=hello").text
