"""The ids of jobs."""

from __future__ import annotations

import re

from verk_actors.wire.jid import new_jid


def test_a_jid_is_24_hexadecimal_digits_and_new_each_time() -> None:
    jids = {new_jid() for _ in range(100)}

    assert len(jids) == 100
    assert all(re.fullmatch(r"[0-9a-f]{24}", jid) for jid in jids)
