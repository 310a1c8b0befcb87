"""Jobs on their way to a process of their own."""

from __future__ import annotations

import pytest

from verk_actors.tree.manager.queue.job_packets import JobToRun, job_of, job_packet


@pytest.mark.parametrize("previous", [(), (None,), (b'{"value":"a\xc3\xa9\\n"}', None, b"\n\n", b"")], ids=len)
def test_a_job_arrives_as_it_was_sent(previous: tuple[bytes | None, ...]) -> None:
    job = JobToRun("module:name", "é", b'{"class":\n"A"}\n', list(previous))

    assert job_of(b"".join(job_packet(job))) == job
