from __future__ import annotations

from verk_actors.diagrams import redis_keys
from verk_actors.wire.keys import Keys


def test_every_key_has_a_row_with_its_type() -> None:
    rows = [line.split(" | ") for line in redis_keys.markdown().splitlines() if line.startswith("| `")]
    keys = [name for name in vars(Keys) if not name.startswith("_") and name not in ("namespace", "queue_of")]

    assert len(rows) == len(keys)
    assert {row[1].split(",")[0].split(";")[0] for row in rows} == {"set", "list", "sorted set", "string", "hash"}
