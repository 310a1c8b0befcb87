"""Which jobs an address or a form means: what is left empty there says nothing."""

from __future__ import annotations

from collections.abc import Mapping

from verk_actors.store.job_filter import JobFilter

FIELDS = {"class": "class_", "queue": "queue", "error": "error", "text": "text"}
"""What they are called there, and in a `JobFilter`."""


def filter_in(fields: Mapping[str, object]) -> JobFilter:
    """Return the filter that is meant; other fields are passed over."""
    given = {name: value for field, name in FIELDS.items() if isinstance(value := fields.get(field), str) and value}
    return JobFilter(**given)


def fields_of(where: JobFilter) -> dict[str, str]:
    """Return the fields that mean a filter."""
    return {field: value for field, name in FIELDS.items() if (value := getattr(where, name)) is not None}


def sentence_of(where: JobFilter) -> str:
    """Return a filter in words; empty for all jobs."""
    said = {"class": "of class {}", "queue": "of queue {}", "error": "with {} in the error", "text": "with {} in them"}
    return " ".join(said[field].format(value) for field, value in fields_of(where).items())
