"""Packets over a stream socket, each after its length in four bytes: `{packet, 4}` of Erlang's ports."""

from __future__ import annotations

import socket

_LENGTH_BYTES = 4
_READ_BYTES = 65_536


class Packets:
    """One end of a connection. Only one thread may receive, and only one may send."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._buffer = bytearray()

    def send(self, *parts: bytes) -> None:
        """Send one packet, made of these parts.

        Raises:
            ConnectionError: nobody is at the other end.
        """
        length = sum(map(len, parts))
        self._connection.sendall(b"".join((length.to_bytes(_LENGTH_BYTES, "big"), *parts)))

    def receive(self) -> bytes:
        """Wait for a packet and return it; what has come of one stays for the next call where this one raises.

        Raises:
            EOFError: the other end is closed.
        """
        buffer = self._buffer
        while (end := self._end_of_packet()) > len(buffer):
            data = self._connection.recv(_READ_BYTES)
            if not data:
                raise EOFError
            buffer += data
        packet = bytes(buffer[_LENGTH_BYTES:end])
        del buffer[:end]
        return packet

    def _end_of_packet(self) -> int:
        if len(self._buffer) < _LENGTH_BYTES:
            return _LENGTH_BYTES
        return _LENGTH_BYTES + int.from_bytes(self._buffer[:_LENGTH_BYTES], "big")

    def close(self) -> None:
        """Close this end."""
        self._connection.close()
