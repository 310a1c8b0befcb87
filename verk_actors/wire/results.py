"""What a run comes to, kept for a while: what it sets, or returns where its job asks for that (`result_for`)."""

from __future__ import annotations

from typing import Any

import attrs

from verk_actors.errors import VerkError, loggable, shown
from verk_actors.wire import strict_json

MAX_BYTES = 64 * 1024  # unless the configuration says more; what is longer has its place elsewhere
KEPT_SECONDS = 86_400.0  # of a job that sets a result and doesn't say for how long


@attrs.define(eq=False)
class InvalidResult(VerkError):
    """Raised when a result can't be kept: it is no JSON or too long. Keep it elsewhere, and set where."""

    why: str

    def __str__(self) -> str:
        return self.why


@attrs.frozen
class JobResult:
    """What a job's last run has returned, or set.

    Attributes:
        value: as JSON has it; None too where it could not be kept.
        problem: why it could not be kept, though the job has succeeded; None where it was.
    """

    value: Any = attrs.field(repr=False)
    problem: str | None = None


def document_of(value: Any, most_bytes: int = MAX_BYTES) -> tuple[bytes, str | None]:
    """Returns what is kept of a value, and why that is not the value itself: no JSON, or too long. Never raises."""
    try:
        return written(value, most_bytes), None
    except InvalidResult as error:
        return problem_document(error.why), error.why


def problem_document(why: str) -> bytes:
    """Returns what is kept in the place of a result that there is, but can't be had."""
    return strict_json.dump({"problem": why}).encode()


def written(value: Any, most_bytes: int = MAX_BYTES) -> bytes:
    """Returns what is kept of a value.

    Raises:
        InvalidResult: it is no JSON, or its JSON has more bytes than that.
    """
    try:
        text = strict_json.write(value)
    except strict_json.Unwritable as error:
        flaw = error.flaw
        raise InvalidResult(loggable(f"the result{flaw.path} {flaw.why}")) from None
    except Exception as error:
        raise InvalidResult(f"the result can't be written: {shown(error)}") from error
    if len(text) > most_bytes:
        raise InvalidResult(f"the result has {len(text)} bytes; {most_bytes} are kept")
    return b'{"value":' + text + b"}"


def result_in(document: bytes) -> JobResult:
    """Returns the result that a document holds."""
    try:
        fields = strict_json.parse(document)
        return JobResult(fields.get("value"), fields.get("problem"))
    except (ValueError, AttributeError):
        return JobResult(None, "what is kept is no result")
