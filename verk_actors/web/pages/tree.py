"""`/tree`: the actors of a node, drawn as their supervisors have them, and the latest restarts; live."""

from __future__ import annotations

import hashlib
from functools import cache

from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from verk_actors.drawing import tree_svg
from verk_actors.drawing.ages import age
from verk_actors.drawing.restart_text import outcome
from verk_actors.drawing.tree_layout import lay_out
from verk_actors.web.page import page
from verk_actors.web.site import site_of
from verk_actors.web.urls import url_to
from verk_actors.web.views.supervision import NodeView, read_tree

_STYLE = "picture.css"


def show(request: Request) -> Response:
    """Show the tree of one node."""
    seen = _read(request)
    told = seen.told
    return page(
        request,
        "tree.html",
        seen=seen,
        style=url_to(request, "tree", _STYLE, v=_version()),
        picture=None if told is None else Markup(tree_svg.draw(told.tree, title=_title(seen))),  # all text is escaped
        card=None if told is None else lay_out(told.tree),
        facts=None if told is None else told.facts(),
        age=age,
        outcome=outcome,
    )


def picture(request: Request) -> Response:
    """Return the tree as a file."""
    seen = _read(request)
    if seen.told is None:
        raise HTTPException(404, "No node has answered.")
    return Response(tree_svg.draw(seen.told.tree, title=_title(seen), alone=True), media_type="image/svg+xml")


def style(_: Request) -> Response:
    """Return the style sheet of the pictures."""
    kept = {"cache-control": "max-age=31536000, immutable"}  # its address changes with it
    return Response(tree_svg.style(), media_type="text/css", headers=kept)


def _read(request: Request) -> NodeView:
    return read_tree(site_of(request).client, request.query_params.get("node"))


def _title(seen: NodeView) -> str:
    return f"The supervision tree of node {seen.node_id}"


@cache
def _version() -> str:
    return hashlib.sha256(tree_svg.style().encode()).hexdigest()[:12]


routes = [Route("/tree", show), Route("/tree.svg", picture), Route(f"/tree/{_STYLE}", style)]
