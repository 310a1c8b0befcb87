"""A third node that runs no jobs: it finds the dead, and brings their jobs back, one in each script.

It stands for whoever rescues. That it may die between two scripts needs no step of its own: it may as well do nothing
more for as long as one likes.
"""

from __future__ import annotations

from collections.abc import Iterator

from model import scripts
from model.protocol import Protocol
from model.state import NAMES, NO_LEASE, NODES, State, Step


def steps(state: State, protocol: Protocol) -> Iterator[Step]:
    """Yield what the rescuer may do next."""
    n = state.target
    if n is None:
        if not state.patient and _all_have_beaten(state):
            yield "the rescuer has held its lease long enough", False, state._replace(patient=True)
        for dead in NODES:
            seen = state.registered[dead] and state.leases[dead] == NO_LEASE
            if seen and (state.patient or not protocol.patient_rescuer):
                yield f"the rescuer finds no lease of {NAMES[dead]}", False, state._replace(target=dead)
    elif state.half:
        done = scripts.forgotten(state, n)._replace(target=None, half=False)
        yield f"the rescuer takes {NAMES[n]} off the list of nodes", False, done
    elif protocol.rescue_looks_again and state.leases[n] != NO_LEASE:
        yield f"the rescuer finds that {NAMES[n]} is alive", False, state._replace(target=None)
    else:
        yield from _script(state, protocol, n)


def _script(state: State, protocol: Protocol, n: int) -> Iterator[Step]:
    moved = scripts.rescued(state, n)
    words = f"the rescuer brings back {''.join(state.in_progress[n][:1]) or 'nothing'} from {NAMES[n]}"
    if moved.in_progress[n]:
        yield words, False, moved
    elif protocol.one_step_rescue:
        yield f"{words}, and takes it off the list of nodes", False, scripts.forgotten(moved, n)._replace(target=None)
    else:
        yield words, False, moved._replace(half=True)


def _all_have_beaten(state: State) -> bool:
    """Whether as long as a lease lasts has gone by: then every node that is awake has renewed its own."""
    return all(state.leases[n] != NO_LEASE or state.overslept[n] or not state.nodes[n].alive for n in NODES)
