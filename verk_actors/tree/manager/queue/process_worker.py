"""Runs jobs in an operating-system process of its own, one at a time.

A Worker in all but that: it claims jobs as those do, and waits for each. Its process is started when there is a job
for it, and serves until it is recycled, dies, or is killed for a job that takes too long; the next job has a fresh one.
So a crash takes one job along. When this worker ends, however it does, its process is killed.
"""

from __future__ import annotations

import contextlib
import math
import sys
from functools import partial

from verk_actors.errors import JobTimeout, ProcessDied, VerkError
from verk_actors.jobs.registry import Performer
from verk_actors.otp import ExitReason, Port, PortClosed, StartError
from verk_actors.tree.manager.queue.job_code import main_module, reference_of
from verk_actors.tree.manager.queue.job_logging import log_setup
from verk_actors.tree.manager.queue.job_packets import JobToRun, Setup, job_packet, outcome_of, setup_packet
from verk_actors.tree.manager.queue.performing import backed_off, failed
from verk_actors.tree.manager.queue.worker import Worker
from verk_actors.tree.node_state import NodeState
from verk_actors.tree.running_job import GIVEN_BACK, SUCCEEDED, Outcome, RunningJob

_PROGRAM = "verk_actors.tree.manager.queue.job_process"
_EXIT_SECONDS = 0.3  # for a process that has no job; within what the pool grants its workers
_MEGABYTE = 1_000_000


class ProcessWorker(Worker):
    """One thread that has its jobs run by a process that it owns."""

    def __init__(self, node: NodeState, pool: str, number: int) -> None:
        super().__init__(node, pool, number)
        self._node = node
        self._config = node.rows_of(pool)[0].config
        self._limit_seconds = self._config.timeout_seconds or math.inf
        self._port: Port | None = None
        self._recycled = False  # its process has run its last job

    def terminate(self, reason: ExitReason) -> None:
        """Let the process end, while others see to what may be waiting."""
        super().terminate(reason)
        self._let_go(_EXIT_SECONDS)

    def _perform(self, running_job: RunningJob) -> Outcome:
        job = running_job.job
        if job is None:
            return SUCCEEDED
        performer: Performer | None = None
        try:
            performer = self._find(job.class_)
            to_run = JobToRun(reference_of(performer), str(job.queue), running_job.payload, running_job.previous)
            packet = job_packet(to_run)
            return backed_off(self._perform_there(running_job, packet), job, performer, self._now)
        except VerkError as error:
            return failed(job, performer, error, self._frames, self._now)
        finally:
            running_job.let_go()

    def _perform_there(self, running_job: RunningJob, packet: tuple[bytes, ...]) -> Outcome:
        """Have the process run a job.

        Raises:
            JobTimeout: it took too long, and was killed.
            ProcessDied: it died.
            StartError: it died before it was ready, through no fault of the job's. This worker then dies too, and its
                supervisor decides how often that may be.
        """
        try:
            reply = self._send(running_job, packet).receive(self._limit_seconds)
        except (PortClosed, StartError) as error:
            self._port = None
            if running_job.outcome is not None or self.actor_ref.reason is not None:
                return GIVEN_BACK  # it was killed for that
            if isinstance(error, PortClosed):
                raise ProcessDied(error.how) from error
            raise
        if reply is None:
            self._let_go()
            raise JobTimeout(self._limit_seconds)
        outcome, self._recycled = outcome_of(reply)
        return outcome

    def _send(self, running_job: RunningJob, packet: tuple[bytes, ...]) -> Port:
        """Send a job to the process, a new one where there is none, and return that."""
        port = self._port
        if port is not None and not self._recycled and self._use(port, running_job):
            with contextlib.suppress(PortClosed):  # it died while it was idle
                self._hand_over(port, running_job, packet)
                return port
        self._let_go(_EXIT_SECONDS)
        port = self._port = Port(self.actor_ref, _PROGRAM)
        self._use(port, running_job)
        self._recycled = False
        try:
            port.send(setup_packet(self._setup()))
            port.receive()
        except PortClosed as closed:
            raise StartError(str(self.actor_ref), f"its process {closed.how}") from closed
        self._hand_over(port, running_job, packet)
        return port

    def _hand_over(self, port: Port, running_job: RunningJob, packet: tuple[bytes, ...]) -> None:
        port.send(*packet)
        running_job.ask = partial(port.ask, running_job)  # a process that isn't ready would die of it
        running_job.frames = partial(port.stack, running_job)  # likewise
        running_job.notice = partial(port.notice, running_job)
        if running_job.cancel is not None:
            running_job.ask()

    def _use(self, port: Port, running_job: RunningJob) -> bool:
        """Have the process be killed if the job is handed back from now on; False where it was, for another job."""
        is_usable = port.use(running_job)
        running_job.interrupt = partial(port.kill, running_job)
        if running_job.outcome is not None:  # whoever handed it back has seen nothing to interrupt
            port.kill(running_job)
        return is_usable

    def _let_go(self, seconds: float = 0.0) -> None:
        if self._port is not None:
            self._port.close(seconds)
            self._port = None

    def _setup(self) -> Setup:
        config = self._config
        main_name, main_path = main_module()
        return Setup(
            node_id=self._node_id,
            argv=sys.argv,
            modules=self._node.registry.modules(),
            main_name=main_name,
            main_path=main_path,
            backtrace_frames=self._frames,
            max_result_bytes=self._most_bytes,
            recycle_after_jobs=config.recycle_after_jobs,
            recycle_above_bytes=config.recycle_above_megabytes * _MEGABYTE,
            args_keys=self._node.config.args_keys,
            middleware=self._node.config.worker_middleware_references(),
            log=log_setup(),
        )
