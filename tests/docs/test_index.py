"""docs/index.md leads to each page; `make docs` makes the contents of the book from it."""

from __future__ import annotations

import re

from support.source import REPOSITORY

INDEX = REPOSITORY / "docs/index.md"
GUIDES = [
    "First steps",
    "Writing jobs",
    "Queues and executors",
    "Errors and retries",
    "Reliability",
    "Testing your jobs",
    "Supervising your own actors",
    "Operating",
    "Sharing a Redis with Sidekiq, Verk and Exq",
]


def test_each_page_is_in_the_index_once() -> None:
    linked = re.findall(r"^- \[[^\]]*\]\(([\w-]+\.md)\)", INDEX.read_text(), re.MULTILINE)

    pages = {path.name for path in INDEX.parent.glob("*.md") if path != INDEX}
    assert pages - set(linked) == set(), "give it a line in docs/index.md"
    assert len(linked) == len(pages)


def test_the_guides_are_there_in_the_order_in_which_they_are_to_be_read() -> None:
    section = INDEX.read_text().partition("\n## Guides\n")[2].partition("\n## ")[0]
    titles = re.findall(r"^- \[([^\]]*)\]\(([\w-]+\.md)\)", section, re.MULTILINE)

    assert [title for title, _ in titles] == GUIDES
    for title, page in titles:
        assert (INDEX.parent / page).read_text().startswith(f"# {title}\n")
