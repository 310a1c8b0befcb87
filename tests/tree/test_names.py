"""What the processes of the tree are called."""

from __future__ import annotations

from verk_actors.tree import names


def test_the_processes_of_a_queue_bear_its_name_as_verks_do() -> None:
    # Conformance cases 29, 57, 111: Python has no atoms, so a queue's name is text
    queue = "default"
    assert names.queue_manager(queue) == "default.queue_manager"
    assert names.workers_manager(queue) == "default.workers_manager"
    assert names.queue_supervisor(queue) == "default.supervisor"
    assert names.worker_pool(queue) == "default.pool"
    assert names.worker(queue, 3) == "default.worker_3"
