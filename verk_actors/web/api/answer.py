"""Answers of the API: attrs objects as JSON."""

from __future__ import annotations

import cattrs
from starlette.responses import JSONResponse


def as_answer(value: object, status: int = 200) -> JSONResponse:
    """Return a value of ours as an answer."""
    return JSONResponse(cattrs.unstructure(value), status)
