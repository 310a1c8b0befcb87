"""The dashboard within programs of others: it is seen, live, and acts, below whatever path it was given."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator

import django
import pytest
from a2wsgi import ASGIMiddleware
from django.conf import settings
from django.core.asgi import get_asgi_application
from fastapi import FastAPI
from flask import Flask
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.testclient import TestClient
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client as WsgiClient

from verk_actors.web.beside import beside

FROM_A_PAGE = {"sec-fetch-site": "same-origin"}


def in_starlette(dashboard: Starlette) -> Starlette:
    return Starlette(routes=[Route("/", lambda request: PlainTextResponse("mine")), Mount("/ops/jobs", dashboard)])


def in_fastapi(dashboard: Starlette) -> FastAPI:
    app = FastAPI()
    app.get("/", response_class=PlainTextResponse)(lambda: "mine")
    app.mount("/ops/jobs", dashboard)
    return app


def in_django(dashboard: Starlette) -> object:
    if not settings.configured:
        settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="x")
        django.setup()
    return beside(get_asgi_application(), "/ops/jobs/", dashboard)


urlpatterns: list[object] = []  # Django's: it answers 404 to all


@pytest.mark.parametrize(("mount", "mine"), [(in_starlette, 200), (in_fastapi, 200), (in_django, 404)])
def test_in_an_asgi_program(make_app, redis, client, mount, mine):
    redis.sadd("queues", "mail/x")
    web = TestClient(mount(make_app()), headers=FROM_A_PAGE)

    page = web.get("/ops/jobs/queues")
    [form] = re.findall(r'action="(/ops/jobs/queues/mail%2Fx/pause)"', page.text)
    paused = web.post(form, headers={"referer": "http://testserver/ops/jobs/queues"})

    assert web.get("/").status_code == mine
    assert web.get("/ops/jobs/api/v1/stats").json()["queues"] == 1
    assert web.get(re.search(r'href="(/ops/jobs/static/style[^"]*)"', page.text)[1]).status_code == 200
    assert (paused.url.path, paused.status_code) == ("/ops/jobs/queues", 200)
    assert "mail/x is paused." in paused.text
    assert client.paused_queue_names() == ["mail/x"]
    assert web.post(form, headers={"sec-fetch-site": "cross-site"}).status_code == 403


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Return a loop that turns in a thread, for the adapter; its own would turn for ever."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_in_a_wsgi_program_such_as_flasks_by_an_adapter(make_app, redis, client, loop):
    redis.sadd("queues", "mail")
    flask = Flask("mine")
    flask.add_url_rule("/", "mine", lambda: "mine")
    flask.wsgi_app = DispatcherMiddleware(flask.wsgi_app, {"/ops/jobs": ASGIMiddleware(make_app(), loop=loop)})
    web = WsgiClient(flask)

    page = web.get("/ops/jobs/queues")
    [form] = re.findall(r'action="(/ops/jobs/queues/mail/pause)"', page.text)
    paused = web.post(form, headers=FROM_A_PAGE, buffered=True)  # read to its end, as servers do

    assert web.get("/").text == "mine"
    assert web.get("/ops/jobs/api/v1/stats").json["queues"] == 1
    assert (paused.status_code, paused.headers["location"]) == (303, "/ops/jobs/queues")
    assert client.paused_queue_names() == ["mail"]
    assert web.post(form, buffered=True).status_code == 403
