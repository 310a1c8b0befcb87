"""What is hidden of arguments is hidden, even where the function that says so fails."""

from __future__ import annotations

from verk_actors.web.redaction import HIDDEN, Redaction


def test_all_is_shown_unless_a_function_says_otherwise():
    assert Redaction(None).args("Charge", ["ada", "4111"]) == ["ada", "4111"]
    assert not Redaction(None).is_on


def test_a_function_decides_by_the_class():
    redaction = Redaction(lambda class_name, args: [args[0], "…"] if class_name == "Charge" else args)

    assert redaction.is_on
    assert redaction.args("Charge", ["ada", "4111"]) == ["ada", "…"]
    assert redaction.args("Mail", ["ada"]) == ["ada"]


def test_where_it_fails_nothing_is_shown():
    assert Redaction(lambda class_name, args: 1 / 0).args("Charge", ["ada", "4111"]) == [HIDDEN, HIDDEN]
