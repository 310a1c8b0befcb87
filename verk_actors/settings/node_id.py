"""The name of a node that was given none."""

from __future__ import annotations

import os
import re


class GeneratedNodeId(str):
    """A node id nobody chose: host, pid and eight random hex digits, unique to one start.

    Its type is what tells it from a chosen one, through `attrs.evolve` and pickle too.
    """

    __slots__ = ()


def generated_node_id() -> GeneratedNodeId:
    """Return a node id for a node to which nobody has given one."""
    host = re.sub(r"[^A-Za-z0-9_.\-]", "-", os.uname().nodename)[:100] or "host"
    return GeneratedNodeId(f"{host}-{os.getpid()}-{os.urandom(4).hex()}")


def node_id_here(node_id: str) -> str:
    """Return the id for a node of this process: a new one for a generated one that a fork or a pickle has brought."""
    is_another_s = isinstance(node_id, GeneratedNodeId) and node_id.split("-")[-2] != str(os.getpid())
    return generated_node_id() if is_another_s else node_id
