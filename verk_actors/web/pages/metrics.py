"""`/metrics` and `/metrics/CLASS`: how often the jobs of each class have run, and for how long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from verk_actors.web.page import page
from verk_actors.web.site import site_of
from verk_actors.web.views.class_metrics import PERIODS, Slot, read_class_table, read_class_times
from verk_actors.web.views.plots import bars, cells, line

_WIDTH, _HEIGHT = 600, 140  # of the timeline, as its template has them
_HEAT_HEIGHT = 220
_SPARK_WIDTH, _SPARK_HEIGHT = 120, 24
_LIVE = ("1h",)  # longer ones are many keys to read, and look the same a moment later


def show_all(request: Request) -> Response:
    """Show all classes."""
    where = request.query_params.get("class", "").strip()
    table = read_class_table(site_of(request).client, _period(request), where)
    trends = {row.name: line(row.trend, width=_SPARK_WIDTH, height=_SPARK_HEIGHT) for row in table.rows}
    return page(
        request,
        "metrics.html",
        table=table,
        where=where,
        trends=trends,
        **_timeline(table.slots, table.slot_minutes),
        **_around(request),
    )


def show_one(request: Request) -> Response:
    """Show one class."""
    times = read_class_times(site_of(request).client, request.path_params["name"], _period(request))
    return page(
        request,
        "metrics_class.html",
        times=times,
        most_in_bucket=max((bucket.count for bucket in times.buckets), default=1),
        cells=cells(times.columns, width=_WIDTH, height=_HEAT_HEIGHT),
        **_timeline(times.slots, times.slot_minutes),
        **_around(request),
    )


def _period(request: Request) -> str:
    asked = request.query_params.get("period", "")
    return asked if asked in PERIODS else next(iter(PERIODS))


def _around(request: Request) -> dict[str, Any]:
    return {"periods": tuple(PERIODS), "is_live": _period(request) in _LIVE}


def _timeline(slots: Sequence[Slot], minutes: int) -> dict[str, Any]:
    most = max((slot.processed for slot in slots), default=0)
    return {
        "most": most,
        "step": {1: "minute", 60: "hour"}.get(minutes, f"{minutes} minutes"),
        "all": bars([slot.processed for slot in slots], width=_WIDTH, height=_HEIGHT, most=most),
        "bad": bars([slot.failed for slot in slots], width=_WIDTH, height=_HEIGHT, most=most),
    }


routes = [Route("/metrics", show_all), Route("/metrics/{name:path}", show_one)]
