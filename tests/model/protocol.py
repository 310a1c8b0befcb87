"""What the protocol consists of, each part of which can be taken out to see what it is for."""

from __future__ import annotations

import attrs


@attrs.frozen(kw_only=True)
class Protocol:
    """The parts. The defaults are ours.

    Attributes:
        fenced_fetch: a fetch needs the lease.
        fenced_settlement: a job that is no longer in the node's list is not put anywhere.
        one_step_failure: a failed job leaves the list and enters the retry set in one step.
        one_step_rescue: with the last job that a rescue moves, the same step takes the node off the list of nodes.
        rescue_looks_again: the step that moves jobs looks at the lease itself.
        patient_rescuer: after a loss of its own lease, a rescuer waits for a whole lease.
        heartbeat_registers: a heartbeat makes the node known, together with its lease. Else a fetch does.
        reconciles: after a lost reply, and at heartbeats, the list is compared with the table.
        adopts: a restarted manager goes on with the table of the one before.
        repeats_settlements: a settlement is sent again until Redis has answered.
        repeats_fetches: a fetch without an answer is sent again by the library, and nobody is told.
        fresh_token: a lease that has lapsed is taken again with another token.
        slots: how many jobs a node runs at a time.
    """

    fenced_fetch: bool = True
    fenced_settlement: bool = True
    one_step_failure: bool = True
    one_step_rescue: bool = True
    rescue_looks_again: bool = True
    patient_rescuer: bool = True
    heartbeat_registers: bool = True
    reconciles: bool = True
    adopts: bool = True
    repeats_settlements: bool = True
    repeats_fetches: bool = False
    fresh_token: bool = True
    slots: int = 1


OURS = Protocol()

# Verk 1.7.3 with generate_node_id: lib/verk/queue_manager.ex, workers_manager.ex, node/manager.ex, node.ex.
VERK = Protocol(
    fenced_fetch=False,
    fenced_settlement=False,
    one_step_failure=False,
    one_step_rescue=False,
    rescue_looks_again=False,
    patient_rescuer=False,
    heartbeat_registers=False,
    reconciles=False,
    adopts=False,
    repeats_settlements=False,
    fresh_token=False,
)
