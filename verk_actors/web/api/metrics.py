"""What has run: by the day, and lately by job class."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import attrs

from verk_actors.web.api.json_form import Between
from verk_actors.web.api.names import Word
from verk_actors.web.api.operation import looks
from verk_actors.web.site import Site
from verk_actors.web.views.class_metrics import ClassTable, ClassTimes, read_class_table, read_class_times
from verk_actors.web.views.overview import Day, read_history

Period: TypeAlias = Literal["1h", "4h", "8h", "24h", "72h"]


@attrs.frozen(kw_only=True)
class HistoryQuery:
    """How far back.

    Attributes:
        days: how many, today included.
    """

    days: Annotated[int, Between(1, 1826)] = 30


@attrs.frozen(kw_only=True)
class MetricsQuery:
    """How far back, and of what.

    Attributes:
        period: from then on.
        class_: occurs in the names of the classes, in whatever case; all of them unless given.
    """

    period: Period = "1h"
    class_: Word | None = None


@attrs.frozen(kw_only=True)
class ClassQuery:
    """How far back.

    Attributes:
        period: from then on.
    """

    period: Period = "1h"


@looks("/history")
def history(site: Site, query: HistoryQuery) -> list[Day]:
    """Return what has run on each of the last days; the last one is today."""
    return read_history(site.client, query.days)


@looks("/metrics")
def metrics(site: Site, query: MetricsQuery) -> ClassTable:
    """Return what has run lately, by job class, those first that took the most time."""
    return read_class_table(site.client, query.period, query.class_ or "")


@looks("/metrics/{class_name}")
def class_metrics(site: Site, class_name: Word, query: ClassQuery) -> ClassTimes:
    """Return how the jobs of one class have run lately, in time and by how long they took; there may have been none.

    Args:
        class_name: its name.
    """
    return read_class_times(site.client, class_name, query.period)
