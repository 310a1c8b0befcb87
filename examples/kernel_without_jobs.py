"""A counter crashes and is started again by its supervisor.

Shows: the kernel by itself, a general OTP on Pykka; no jobs, no Redis.
Run: python examples/kernel_without_jobs.py
"""

from __future__ import annotations

import logging

import attrs

from verk_actors.otp import Call, ChildSpec, ExitReason, Server, Supervisor, WhichChildren, handles


@attrs.frozen
class Add(Call[int]):
    amount: int


class Counter(Server):
    def init(self) -> None:
        self.total = 0
        print("the counter starts at 0")

    @handles(Add)
    def add(self, message: Add) -> int:
        if message.amount < 0:
            raise ValueError("a counter only grows")
        self.total += message.amount
        return self.total

    def terminate(self, reason: ExitReason) -> None:
        print(f"the counter ends: {reason}")


logging.disable()  # the crash is meant; it would be logged with its traceback
root = Supervisor.start([ChildSpec(id="counter", start=Counter)])
first = root.call(WhichChildren())[0].ref
assert first is not None
print(first.call(Add(2)), first.call(Add(3)))
try:
    first.call(Add(-1))
except ValueError as error:
    first.join()  # it crashes, as OTP's servers do
    second = root.call(WhichChildren())[0].ref  # answered after the restart
    print(f"the caller sees: {error}; the counter lives: {first.is_alive()}")
assert second is not None
print(second.call(Add(10)))
root.stop()

# Output:
#   the counter starts at 0
#   2 5
#   the counter ends: Crashed(error=ValueError('a counter only grows'))
#   the counter starts at 0
#   the caller sees: a counter only grows; the counter lives: False
#   10
#   the counter ends: Shutdown(detail='')
