"""The pages that every page leads to."""

from __future__ import annotations

import attrs


@attrs.frozen(kw_only=True)
class Link:
    """One of them.

    Attributes:
        title: what it is called.
        path: its first part; empty for the first page.
        stat: which field of `Stats` is shown beside it, if any.
        key: what, after `g`, leads there from the keyboard.
    """

    title: str
    path: str
    stat: str = ""
    key: str

    def is_of(self, here: str) -> bool:
        """Tell whether a path is this page's, or of a page below it."""
        return here.strip("/").partition("/")[0] == self.path


LINKS = (
    Link(title="Overview", path="", key="o"),
    Link(title="Queues", path="queues", stat="enqueued", key="q"),
    Link(title="Busy", path="busy", stat="busy", key="b"),
    Link(title="Retries", path="retries", stat="retries", key="r"),
    Link(title="Scheduled", path="scheduled", stat="scheduled", key="s"),
    Link(title="Periodic jobs", path="cron", key="p"),
    Link(title="Batches", path="batches", key="h"),
    Link(title="Limits", path="limits", stat="limited", key="l"),
    Link(title="Dead", path="dead", stat="dead", key="d"),
    Link(title="Metrics", path="metrics", key="m"),
    Link(title="Supervision tree", path="tree", key="t"),
    Link(title="Audit", path="audit", key="a"),
)
