"""What a run has returned, as it is kept for a while where its job asks for that (`result_for`)."""

from __future__ import annotations

from typing import Any

import attrs

from verk_actors.errors import loggable, shown
from verk_actors.wire import strict_json

MAX_BYTES = 64 * 1024  # Redis is no place for what is longer; keep that elsewhere, and return where


@attrs.frozen
class JobResult:
    """What a job's last run has returned.

    Attributes:
        value: as JSON has it; None too where it could not be kept.
        problem: why it could not be kept, though the job has succeeded; None where it was.
    """

    value: Any = attrs.field(repr=False)
    problem: str | None = None


def document_of(value: Any) -> tuple[bytes, str | None]:
    """Returns what is kept of a value, and why that is not the value itself: no JSON, or too long. Never raises."""
    try:
        text = strict_json.write(value)
    except strict_json.Unwritable as error:
        flaw = error.flaw
        problem = loggable(f"the result{flaw.path} {flaw.why}")
    except Exception as error:  # noqa: BLE001  a user's value may do anything
        problem = f"the result can't be written: {shown(error)}"
    else:
        if len(text) <= MAX_BYTES:
            return b'{"value":' + text + b"}", None
        problem = f"the result has {len(text)} bytes; {MAX_BYTES} are kept"
    return strict_json.dump({"problem": problem}).encode(), problem


def result_in(document: bytes) -> JobResult:
    """Returns the result that a document holds."""
    try:
        fields = strict_json.parse(document)
        return JobResult(fields.get("value"), fields.get("problem"))
    except (ValueError, AttributeError):
        return JobResult(None, "what is kept is no result")
