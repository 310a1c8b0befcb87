"""What is written in Redis: keys, payloads and what changes in them. Pure: no clock, no socket, no thread."""
