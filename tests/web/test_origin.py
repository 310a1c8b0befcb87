"""Only the dashboard's own pages, and programs, may have it do something."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from verk_actors.web.origin import OriginCheck


def answer(request: Request) -> PlainTextResponse:
    return PlainTextResponse("done")


APP = Starlette(routes=[Route("/", answer, methods=["GET", "POST", "DELETE"])])


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "none"}, 403),
        ({"sec-fetch-site": "cross-site", "x-requested-with": "x", "origin": "http://verk.test"}, 403),
        ({"origin": "http://verk.test"}, 200),
        ({"origin": "https://VERK.test"}, 200),  # TLS ends before us
        ({"origin": "http://verk.test:81"}, 403),
        ({"origin": "http://verk.test.evil.test"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://["}, 403),
        ({"origin": "http://evil.test", "x-requested-with": "x"}, 403),
        ({"x-requested-with": "curl"}, 200),
        ({}, 403),
    ],
)
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_what_changes_something_has_to_come_from_here_or_from_a_program(method, headers, status):
    web = TestClient(OriginCheck(APP), base_url="http://verk.test")

    assert web.request(method, "/", headers=headers).status_code == status


@pytest.mark.parametrize("site", ["same-origin", "cross-site", "none"])
def test_a_look_may_come_from_anywhere(site):
    assert TestClient(OriginCheck(APP)).get("/", headers={"sec-fetch-site": site}).status_code == 200


def test_the_check_comes_before_routing():
    assert TestClient(OriginCheck(APP)).post("/nowhere").status_code == 403


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:7433", 200),
        ("LOCALHOST", 200),
        ("[::1]:7433", 200),
        ("rebound.evil.test", 403),
        ("", 403),
        ("[", 403),
    ],
)
def test_where_its_names_are_known_others_are_refused_so_that_none_is_made_to_lead_here(host, status):
    web = TestClient(OriginCheck(APP, ["localhost", "::1"]))

    assert web.get("/", headers={"host": host}).status_code == status
