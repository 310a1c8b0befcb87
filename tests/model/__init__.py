"""A model of how jobs travel between Redis and nodes, small enough to be walked through in every possible order.

What is in it: two nodes that run jobs, one that only rescues, a Redis, and two or three jobs. Each step of the real
thing that is one script, or one look of one actor at its table, is one step here (`scripts.py`, `node.py`,
`rescuer.py`); anything else may come between two steps, and so may a fault (`faults.py`). `explore.py` visits every
state that can be reached and holds what must be true in each (`invariants.py`). `protocol.py` has what can be left
out, to show that nothing in the protocol is there for nothing.

What is not: time (a lease ends when a fault or a death says so), the order of a queue (any of its jobs may come next),
many jobs in one step (they are several steps with nothing between), the dead set (written as the retry set is), a
Redis that forgets writes, and the start of a process whose id another one holds.
"""
