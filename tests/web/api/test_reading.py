"""What requests say: read as it is meant, or refused with its place."""

from __future__ import annotations

from typing import Annotated, Literal

import attrs
import pytest

from verk_actors.web.api.json_form import Between, Sized
from verk_actors.web.api.reading import InvalidInput, read, read_parameters, read_part


@attrs.frozen(kw_only=True)
class Filter:
    """What fits."""

    class_: Annotated[str, Sized(1, 5)] | None = None
    state: Literal["idle", "busy"] = "idle"


@attrs.frozen(kw_only=True)
class Asked:
    """What is asked for."""

    where: Filter
    limit: Annotated[int, Between(1, 500)] = 25
    all_: bool = False
    jids: Annotated[list[Annotated[str, Sized(1, 3)]], Sized(0, 2)] = attrs.Factory(list)
    seconds: float = 0.0


@attrs.frozen(kw_only=True)
class Parameters:
    """What an address says."""

    limit: Annotated[int, Between(1, 500)] | None = None
    all_: bool = False
    jid: tuple[str, ...] = ()
    class_: str = ""


def test_a_body_is_read_as_it_is_meant():
    body = {"where": {"class": "Mail", "state": "busy"}, "limit": 3, "all": True, "jids": ["a"], "seconds": 2}

    assert read(body, Asked) == Asked(
        where=Filter(class_="Mail", state="busy"), limit=3, all_=True, jids=["a"], seconds=2
    )
    assert read({"where": {"class": None}}, Asked) == Asked(where=Filter())


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (7, "the body must be an object"),
        ({}, "where is missing"),
        ({"where": []}, "where must be an object"),
        ({"where": {"clas": "A"}}, "where.clas is not known; known are class, state"),
        ({"where": {"class": 1}}, "where.class must be a text"),
        ({"where": {"class": ""}}, "where.class must have a length from 1 to 5"),
        ({"where": {"state": "tired"}}, "where.state must be one of idle, busy"),
        ({"where": {"state": []}}, "where.state must be one of idle, busy"),
        ({"where": {}, "limit": "3"}, "limit must be a whole number"),
        ({"where": {}, "limit": True}, "limit must be a whole number"),
        ({"where": {}, "limit": 501}, "limit must be from 1 to 500"),
        ({"where": {}, "all": 1}, "all must be true or false"),
        ({"where": {}, "jids": "ab"}, "jids must be a list"),
        ({"where": {}, "jids": ["a", "long"]}, "jids[1] must have a length from 1 to 3"),
        ({"where": {}, "jids": ["a", "b", "c"]}, "jids must have a length from 0 to 2"),
        ({"where": {}, "seconds": "1"}, "seconds must be a number"),
        ({"where": {}, "\x1b[2J": 1}, "\\x1b[2J is not known; known are where, limit, all, jids, seconds"),
    ],
)
def test_what_is_wrong_with_a_body_is_said_by_its_place(body, sentence):
    with pytest.raises(InvalidInput) as caught:
        read(body, Asked)
    assert str(caught.value) == sentence


def test_the_parameters_of_an_address_are_texts_that_stand_for_values():
    given = [("limit", "3"), ("all", "true"), ("jid", "a"), ("jid", "b"), ("class", "12")]

    assert read_parameters(given, Parameters) == Parameters(limit=3, all_=True, jid=("a", "b"), class_="12")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ([("limt", "3")], "limt is not known; known are limit, all, jid, class"),
        ([("limit", "3"), ("limit", "4")], "limit is given twice"),
        ([("limit", "three")], "limit must be a whole number"),
        ([("limit", "٣")], "limit must be a whole number"),
        ([("limit", "9" * 5000)], "limit must be a whole number"),
        ([("limit", "")], "limit must be a whole number"),
        ([("all", "yes")], "all must be true or false"),
    ],
)
def test_a_misspelt_parameter_is_refused_rather_than_taken_for_none(given, sentence):
    with pytest.raises(InvalidInput) as caught:
        read_parameters(given, Parameters)
    assert str(caught.value) == sentence


def test_a_part_of_a_path_is_read_like_a_parameter():
    assert read_part("7", Annotated[int, Between(1, 9)], "day") == 7
    with pytest.raises(InvalidInput, match="name must have a length from 1 to 3"):
        read_part("long", Annotated[str, Sized(1, 3)], "name")
