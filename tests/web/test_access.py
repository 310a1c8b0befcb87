"""Who may look and who may act is asked of a rule, for each request."""

from __future__ import annotations

import logging

import pytest
from starlette.testclient import TestClient

from verk_actors.web.access import Action
from verk_actors.web.actions import carry_out, form_route

FROM_A_PAGE = {"sec-fetch-site": "same-origin"}


def with_an_action(app):
    """Return a client of an app that has one more action."""

    def pause(request, form):
        return carry_out(request, Action.PAUSE_QUEUE, form["queue"], lambda: f"Paused {form['queue']}.")

    app.router.routes.insert(0, form_route("/act", pause, back="queues"))
    return TestClient(app, headers=FROM_A_PAGE)


@pytest.mark.parametrize(
    ("access", "looks", "acts"),
    [
        ("all", 200, 200),
        ("read_only", 200, 403),
        ([Action.PAUSE_QUEUE], 200, 200),
        (["pause_queue", "stop_node"], 200, 200),
        ([Action.CLEAR_QUEUE], 200, 403),
        ([], 200, 403),
        (None, 403, 403),
    ],
)
def test_a_rule_allows_all_or_some_or_nothing(make_app, access, looks, acts):
    web = with_an_action(make_app(access=lambda request: access))

    assert web.get("/").status_code == looks
    assert web.get("/static/style.css").status_code == looks
    assert web.post("/act", data={"queue": "mail"}).status_code == acts


def test_a_rule_decides_by_the_request(make_app):
    web = TestClient(make_app(access=lambda request: "all" if request.headers.get("x-user") == "ada" else None))

    assert web.get("/").status_code == 403
    assert web.get("/", headers={"x-user": "ada"}).status_code == 200


def test_read_only_is_so_whatever_the_rule_says(make_app):
    web = with_an_action(make_app(access=lambda request: "all", read_only=True))

    refused = web.post("/act", data={"queue": "mail"})

    assert refused.status_code == 403
    assert "You may look, but not do this." in refused.text


@pytest.mark.parametrize("access", ["everything", ["pause_queues"]])
def test_a_rule_that_returns_something_else_is_a_mistake_that_shows(make_app, access):
    web = TestClient(make_app(access=lambda request: access))

    with pytest.raises(ValueError, match="an access rule returned"):
        web.get("/")


def test_every_action_of_the_dashboard_is_refused_where_it_is_read_only(make_app):
    app = make_app(read_only=True)
    web = TestClient(app, headers=FROM_A_PAGE)
    forms = [route.path for route in app.routes if "POST" in (getattr(route, "methods", None) or ())]

    for path in forms:
        filled = path.replace(":path", "").replace("{queue}", "q").replace("{jid}", "j").replace("{node}", "n")
        filled = filled.replace("{verb}", "retry")
        assert web.post(filled).status_code == 403, path


def test_an_action_is_written_down_with_who_did_it_and_what_came_of_it(make_app, caplog):
    web = with_an_action(make_app(credentials="ada:secret"))
    web.auth = ("ada", "secret")

    with caplog.at_level(logging.INFO, "verk_actors.web.audit"):
        web.post("/act", data={"queue": "mail\n"})

    assert caplog.messages == ["ada at testclient: pause_queue mail\\n: Paused mail\\n."]


def test_a_mistake_in_a_rule_is_an_answer_as_any_other_and_lets_nobody_in(make_app):
    web = TestClient(make_app(access=lambda request: request.no_such_thing), raise_server_exceptions=False)

    page, answer = web.get("/"), web.get("/api/v1/stats")

    assert (page.status_code, page.text) == (500, "Something went wrong; the log of the server has more.\n")
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert (answer.status_code, answer.json()["title"]) == (500, "Something went wrong")
