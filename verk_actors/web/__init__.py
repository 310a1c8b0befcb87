"""The dashboard: an ASGI app that shows what is in Redis and what nodes do, and acts on it.

`verk web` serves it alone, `verk run --web HOST:PORT` inside a node; `create_app` is for programs that mount it. It
reads through a `Client` and asks nodes over Redis, so it is the same wherever it runs. Needs
`pip install 'verk-actors[web]'`.

No counterpart in Verk, whose dashboard is a project of its own (verk_web) and shows the node that it runs in.
"""

from verk_actors.extras import extra_missing

try:
    from verk_actors.web.access import Action
    from verk_actors.web.app import create_app
    from verk_actors.web.beside import beside
except ModuleNotFoundError as error:
    raise extra_missing("web", error) from error

__all__ = ["Action", "beside", "create_app"]
