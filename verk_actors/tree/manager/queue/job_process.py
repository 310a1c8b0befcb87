"""The program of a job process: runs the jobs that its ProcessWorker sends, one at a time.

No actor of ours is in it. It ends when its worker does, when it has been recycled, or when a job ends it.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from functools import partial

import attrs

from verk_actors.jobs.context import CurrentJob, current_job
from verk_actors.jobs.progress import JobProgress
from verk_actors.jobs.run import CancelRequest
from verk_actors.otp.board import Board
from verk_actors.otp.clock import SystemClock
from verk_actors.otp.fork import is_left_in_parent
from verk_actors.otp.packets import Packets
from verk_actors.otp.port_program import connected, when_asked
from verk_actors.tree.manager.queue.job_code import JobCode
from verk_actors.tree.manager.queue.job_logging import add_handler, set_levels
from verk_actors.tree.manager.queue.job_packets import READY, Setup, job_of, outcome_packet, setup_of
from verk_actors.tree.manager.queue.performing import perform
from verk_actors.tree.memory import resident_bytes
from verk_actors.tree.running_job import Cancelled, Outcome, Succeeded
from verk_actors.wire.codec import decode


@attrs.define(eq=False)
class Run:
    """The run of a job here; its progress is put up for the node to see."""

    board: Board
    previous: Sequence[bytes | None] = ()
    cancel: CancelRequest | None = None
    is_over: bool = False  # what it has left running here says nothing of the next job
    _progress: JobProgress | None = None

    @property
    def progress(self) -> JobProgress | None:
        """How far it is."""
        return self._progress

    @progress.setter
    def progress(self, progress: JobProgress | None) -> None:
        self._progress = progress
        if progress is not None and not self.is_over:
            self.board.put_up(progress.encoded())


def main(connection: int, pipe: int, frames: int, board: int) -> None:
    """Get ready, then run jobs until no more can come."""
    packets = connected(connection, pipe, frames)
    try:
        setup = setup_of(packets.receive())
        code = ready(setup)
        when_asked(_ask_job_to_end)
        packets.send(READY)
        run_jobs(packets, setup, code, Board(board))
    except EOFError:
        return


def ready(setup: Setup) -> JobCode:
    """Make this process resemble the node's, and import the job classes."""
    sys.argv[:] = setup.argv
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # what a job prints is not lost with its process
    set_levels(setup.log)
    code = JobCode(setup.main_name, setup.main_path, setup.args_keys, setup.middleware)
    code.warm_up(setup.modules)
    add_handler(setup.log, setup.node_id, code.target)
    return code


def run_jobs(packets: Packets, setup: Setup, code: JobCode, board: Board) -> None:
    """Run one job after another, until this process is to be recycled.

    Raises:
        EOFError: the worker wants no more.
    """
    count, last = 0, False
    while not last:
        outcome = _run(packets.receive(), setup, code, board)
        if is_left_in_parent():
            end_of_fork(outcome)
        count += 1
        last = count == setup.recycle_after_jobs or 0 < setup.recycle_above_bytes <= resident_bytes()
        packets.send(outcome_packet(outcome, last=last))


def _run(packet: bytes, setup: Setup, code: JobCode, board: Board) -> Outcome:
    sent = job_of(packet)
    job = decode(sent.payload, sent.queue)
    run = Run(board, sent.previous)
    current = CurrentJob(job, setup.node_id, run, setup.max_result_bytes)
    outcome = perform(current, partial(code.find, sent.reference), setup.backtrace_frames, SystemClock.time)
    run.is_over = True
    return Cancelled() if isinstance(outcome, Succeeded) and current.heeded else outcome


def _ask_job_to_end() -> None:
    job = current_job()
    if job is not None:
        job.cancel()


def end_of_fork(outcome: Outcome) -> None:
    """End a process that a job forked and that came back from it: the job goes on in the parent."""
    sys.stdout.flush()
    os._exit(0 if isinstance(outcome, Succeeded) else 1)
