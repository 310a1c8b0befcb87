"""A program on Flask that enqueues jobs, whose jobs have its app's context, and that shows the dashboard at /verk.

Shows: Client, worker middleware, create_app behind a2wsgi.
Run: python examples/18_flask.py
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from a2wsgi import ASGIMiddleware
from a_redis import a_redis
from flask import Flask, current_app
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from verk_actors import Client, Config, Job, testing, worker
from verk_actors.web import create_app

app = Flask(__name__)
app.config["SENDER"] = "shop@example.org"


def in_app_context(job: Job, call_next: Callable[[Job], Any]) -> Any:
    with app.app_context():
        return call_next(job)


@worker(queue="mail")
def welcome(name: str) -> None:
    print(f"{current_app.config['SENDER']}: welcome, {name}")


def program(config: Config) -> Flask:
    client = Client(config)

    @app.post("/users/<name>")
    def sign_up(name: str) -> dict[str, int]:
        client.enqueue(welcome.job(name))
        return {"waiting": client.queue("mail").count()}

    dashboard: Any = ASGIMiddleware(create_app(config, read_only=True))  # type: ignore[arg-type]
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/verk": dashboard})  # type: ignore[method-assign]
    return app


if __name__ == "__main__":
    with a_redis() as url:
        config = Config(redis_url=url, worker_middleware=[in_app_context])
        browser = program(config).test_client()
        print(browser.post("/users/ada").json)
        print("/verk/", browser.get("/verk/").status_code)
        with testing.fake(config) as jobs:  # a node is as well: ActorSystem.start(config)
            Client(config).enqueue(welcome.job("bob"))
            jobs.drain()

# Output:
#   {'waiting': 1}
#   /verk/ 200
#   shop@example.org: welcome, bob
