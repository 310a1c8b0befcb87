"""What holds for every page: it answers, is well protected, and works wherever it is mounted."""

from __future__ import annotations

import re

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from verk_actors.web.navigation import LINKS

ADDRESS = re.compile(r"(?:href|src|action)=\"([^\"]*)\"")


@pytest.mark.parametrize("link", LINKS, ids=lambda link: link.title)
def test_each_page_answers_and_knows_where_it_is(web, link):
    page = web.get(f"/{link.path}")

    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert f"<title>{link.title} · verk_actors</title>" in page.text
    assert page.text.count('aria-current="page"') == 1


@pytest.mark.parametrize("link", LINKS, ids=lambda link: link.title)
def test_no_page_has_a_script_or_a_style_in_itself(web, link):
    text = web.get(f"/{link.path}").text

    assert re.findall(r"<script(?![^>]* src=)", text) == []
    assert re.findall(r"<style|\sstyle=|\son\w+=|javascript:", text) == []


@pytest.mark.parametrize("link", LINKS, ids=lambda link: link.title)
def test_where_it_is_mounted_all_addresses_are_below_that(make_app, link):
    web = TestClient(Starlette(routes=[Mount("/ops/jobs", make_app())]))

    page = web.get(f"/ops/jobs/{link.path}")

    assert page.status_code == 200
    addresses = [address for address in ADDRESS.findall(page.text) if not address.startswith(("#", "?"))]
    assert [address for address in addresses if not address.startswith("/ops/jobs/")] == []
    assert 'data-root="/ops/jobs"' in page.text
    assert page.text.count('aria-current="page"') == 1


def test_all_answers_say_what_a_browser_may_load(web):
    for path in ("/", "/api/v1/stats", "/static/style.css", "/nowhere"):
        headers = web.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'; ")
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_pages_are_not_kept_and_files_are_for_ever(web):
    page = web.get("/")
    style = re.search(r'href="(/static/style\.css\?v=\w+)"', page.text)[1]

    assert page.headers["cache-control"] == "no-store"
    assert "immutable" in web.get(style).headers["cache-control"]


def test_what_is_not_there_is_a_page_for_people_and_json_for_programs(web):
    page, answer = web.get("/nowhere/<b>"), web.get("/api/v1/nowhere")

    assert page.status_code == answer.status_code == 404
    assert "<h1>Not found</h1>" in page.text
    assert answer.json() == {"status": 404, "title": "Not found", "detail": "Not Found"}
