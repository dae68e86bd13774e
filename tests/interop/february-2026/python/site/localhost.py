"""Not every system knows that names below localhost are this machine. Nothing listens beyond it."""

import socket

_resolve = socket.getaddrinfo


def _on_this_machine(host, *rest, **named):
    name = host.decode() if isinstance(host, bytes) else str(host)
    is_here = name.endswith(".localhost") or name == "0.0.0.0"
    return _resolve("127.0.0.1" if is_here else host, *rest, **named)


socket.getaddrinfo = _on_this_machine
