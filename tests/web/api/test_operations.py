"""Operations, and the document that is made of them."""

from __future__ import annotations

from typing import Annotated

import attrs

from verk_actors.jobs.run import JobNotRunning
from verk_actors.web.access import Action
from verk_actors.web.api.document import document_of
from verk_actors.web.api.json_form import Between, Sized
from verk_actors.web.api.operation import Done, acts, looks
from verk_actors.web.site import Site


@attrs.frozen(kw_only=True)
class Pages:
    """Which part.

    Attributes:
        page: from 1.
    """

    page: Annotated[int, Between(1, 9)] = 1


@attrs.frozen(kw_only=True)
class Chosen:
    """Which ones."""

    jids: list[str]


@looks("/shelves/{name}", JobNotRunning)
def shelf(site: Site, name: Annotated[str, Sized(1, 9)], pages: Pages) -> tuple[int, ...]:
    """Return a shelf.

    It may be empty,
    and is then.

    Args:
        name: of the shelf.
    """
    raise NotImplementedError


@acts("/shelves/{name}/clear", Action.CLEAR_QUEUE)
def clear_shelf(site: Site, name: str, chosen: Chosen) -> Done:
    """Clear a shelf."""
    raise NotImplementedError


def test_an_operation_is_what_its_function_says():
    assert (shelf.method, shelf.name, shelf.summary) == ("GET", "shelf", "Return a shelf.")
    assert shelf.description == "It may be empty, and is then."
    assert dict(shelf.parts) == {"name": Annotated[str, Sized(1, 9)]}
    assert (shelf.parameters, shelf.has_body, shelf.reply) == (Pages, False, tuple[int, ...])
    assert (clear_shelf.method, clear_shelf.action, clear_shelf.has_body) == ("POST", Action.CLEAR_QUEUE, True)


def test_the_document_has_all_that_is_read_and_answered():
    made = document_of([shelf, clear_shelf], "/verk/api/v1")

    looked = made["paths"]["/shelves/{name}"]["get"]
    assert made["openapi"].startswith("3.1") and made["servers"] == [{"url": "/verk/api/v1"}]
    assert looked["parameters"] == [
        {"name": "name", "in": "path", "required": True, "description": "of the shelf.",
         "schema": {"type": "string", "minLength": 1, "maxLength": 9}},
        {"name": "page", "in": "query", "description": "from 1.",
         "schema": {"type": "integer", "minimum": 1, "maximum": 9, "default": 1}},
    ]  # fmt: skip
    assert sorted(looked["responses"]) == ["200", "400", "403", "404", "502", "503"]
    assert looked["responses"]["200"]["content"]["application/json"]["schema"]["items"] == {"type": "integer"}

    acted = made["paths"]["/shelves/{name}/clear"]["post"]
    assert [one["name"] for one in acted["parameters"]] == ["name", "X-Requested-With"]
    assert acted["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Chosen"}
    assert {"413", "415"} <= set(acted["responses"])
    assert set(made["components"]["schemas"]) == {"Chosen", "Done", "Problem"}
