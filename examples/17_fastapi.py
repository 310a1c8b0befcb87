"""A program on FastAPI that enqueues jobs, and shows the dashboard at /verk.

Shows: AsyncClient in the lifespan, create_app, mount.
Run: python examples/17_fastapi.py
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from a_redis import a_redis
from fastapi import FastAPI
from fastapi.testclient import TestClient

from verk_actors import AsyncClient, Config, worker
from verk_actors.web import create_app


@worker(queue="mail")
def welcome(name: str) -> None:
    print("welcome,", name)


def program(config: Config) -> FastAPI:
    verk = AsyncClient(config)
    dashboard = create_app(config, read_only=True)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with verk, dashboard.router.lifespan_context(dashboard):  # a mounted app's own is nobody's else
            yield

    app = FastAPI(lifespan=lifespan)
    app.mount("/verk", dashboard)

    @app.post("/users/{name}")
    async def sign_up(name: str) -> dict[str, int]:
        await verk.enqueue(welcome.job(name))
        return {"waiting": await verk.queue("mail").count()}

    return app


if __name__ == "__main__":
    with a_redis() as url, TestClient(program(Config(redis_url=url))) as browser:
        print(browser.post("/users/ada").json())
        print(browser.post("/users/bob").json())
        print("/verk/", browser.get("/verk/").status_code)

# Output:
#   {'waiting': 1}
#   {'waiting': 2}
#   /verk/ 200
