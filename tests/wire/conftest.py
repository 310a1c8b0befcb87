"""What the tests of the wire share."""

from __future__ import annotations

import pytest

from verk_actors.wire import strict_json


@pytest.fixture(params=["msgspec", "standard library"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs a test with each of the two JSON parsers and writers."""
    if request.param == "msgspec":
        pytest.importorskip("msgspec")
    else:
        monkeypatch.setattr(strict_json, "_parse_first", strict_json.parse_with_standard_library)
        monkeypatch.setattr(strict_json, "_FIRST_ERRORS", ())
        monkeypatch.setattr(strict_json, "_write_first", strict_json._write_with_standard_library)
