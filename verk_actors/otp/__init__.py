"""OTP on Pykka: servers, supervisors, links, monitors, names and timers. Knows nothing of jobs.

Threads can't be killed in Python: a process that is killed while it is in user code is dead for every
other process at once, and its thread is abandoned until its call returns (`Runtime.abandoned`).
"""

from pykka import ActorDeadError, ActorRef, Future, Timeout

from verk_actors.otp.child_spec import BRUTAL_KILL, INFINITY, Backoff, ChildSpec, ChildType, Restart
from verk_actors.otp.clock import Clock, SystemClock
from verk_actors.otp.deferred import Deferred
from verk_actors.otp.dump import dump
from verk_actors.otp.dynamic_supervisor import DynamicSupervisor
from verk_actors.otp.errors import (
    BadChildSpec,
    CallTimeout,
    ChildAlreadyPresent,
    ChildAlreadyStarted,
    ChildError,
    ChildNotFound,
    ChildRestarting,
    ChildRunning,
    NameTaken,
    NoProcess,
    NotHandled,
    OtpError,
    PortClosed,
    StartError,
    TooManyChildren,
)
from verk_actors.otp.exit_reason import (
    KILLED,
    NOPROC,
    NORMAL,
    SHUTDOWN,
    Crashed,
    ExitReason,
    Killed,
    LeftInParent,
    Normal,
    Shutdown,
)
from verk_actors.otp.io_server import IoServer
from verk_actors.otp.loop_server import LoopServer
from verk_actors.otp.message import NO_REPLY, Call, Cast, NoReply, Refused, Stop, handles
from verk_actors.otp.observe import ProcessInfo, Supervision, coroutine_stack, snapshot, stack, supervision
from verk_actors.otp.port import Port
from verk_actors.otp.pulse import Pulse
from verk_actors.otp.ref import ChildRow, Down, Exit, Ref, current
from verk_actors.otp.restart_report import RestartReport
from verk_actors.otp.runtime import Runtime
from verk_actors.otp.server import Server, start_link
from verk_actors.otp.strategy import AutoShutdown, Strategy
from verk_actors.otp.supervisor import Supervisor
from verk_actors.otp.supervisor_messages import (
    ChildCounts,
    CountChildren,
    DeleteChild,
    RestartChild,
    StartChild,
    TerminateChild,
    WhichChildren,
)
from verk_actors.otp.timers import Timer
from verk_actors.otp.trace import Trace

__all__ = [
    "BRUTAL_KILL",
    "INFINITY",
    "KILLED",
    "NOPROC",
    "NORMAL",
    "NO_REPLY",
    "SHUTDOWN",
    "ActorDeadError",
    "ActorRef",
    "AutoShutdown",
    "Backoff",
    "BadChildSpec",
    "Call",
    "CallTimeout",
    "Cast",
    "ChildAlreadyPresent",
    "ChildAlreadyStarted",
    "ChildCounts",
    "ChildError",
    "ChildNotFound",
    "ChildRestarting",
    "ChildRow",
    "ChildRunning",
    "ChildSpec",
    "ChildType",
    "Clock",
    "CountChildren",
    "Crashed",
    "Deferred",
    "DeleteChild",
    "Down",
    "DynamicSupervisor",
    "Exit",
    "ExitReason",
    "Future",
    "IoServer",
    "Killed",
    "LeftInParent",
    "LoopServer",
    "NameTaken",
    "NoProcess",
    "NoReply",
    "Normal",
    "NotHandled",
    "OtpError",
    "Port",
    "PortClosed",
    "ProcessInfo",
    "Pulse",
    "Ref",
    "Refused",
    "Restart",
    "RestartChild",
    "RestartReport",
    "Runtime",
    "Server",
    "Shutdown",
    "StartChild",
    "StartError",
    "Stop",
    "Strategy",
    "Supervision",
    "Supervisor",
    "SystemClock",
    "TerminateChild",
    "Timeout",
    "Timer",
    "TooManyChildren",
    "Trace",
    "WhichChildren",
    "coroutine_stack",
    "current",
    "dump",
    "handles",
    "snapshot",
    "stack",
    "start_link",
    "supervision",
]
