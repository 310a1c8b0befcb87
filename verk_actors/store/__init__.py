"""The only door to Redis: connections, the Lua scripts, and a typed front for each thing stored there.

No threads, no clocks: whoever calls says what time it is, unless Redis' own time decides. Errors of redis-py
don't leave this package; they become `StoreError` and `StoreUnavailable`.
"""
