"""A user and a password for all, where no other program protects the dashboard."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient


@pytest.fixture
def guarded(make_app):
    return TestClient(make_app(credentials="ada:pass:wörd"))


@pytest.mark.parametrize(
    "header",
    [None, "", "Basic", "Basic ?", "Basic YWRhOnBhc3M=", "Bearer YWRhOnBhc3M6d8O2cmQ=", "Basic " + "A" * 10_000],
)
def test_who_does_not_give_them_is_asked_for_them(guarded, header):
    refused = guarded.get("/", headers={} if header is None else {"authorization": header})

    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith("Basic realm=")
    assert "content-security-policy" in refused.headers


def test_who_gives_them_may_look(guarded):
    guarded.auth = ("ada", "pass:wörd")

    assert guarded.get("/").status_code == 200


def test_another_site_is_refused_before_a_password_is_asked_for(guarded):
    assert guarded.post("/", headers={"sec-fetch-site": "cross-site"}).status_code == 403
