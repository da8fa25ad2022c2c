"""A port to listen on: read from the command line, found free, and refused with a sentence (OPS-06, OPS-07)."""

import argparse
import errno
import os
import socket

# Ports below belong to root on most systems.
FIRST_FREE = 1024
LAST = 65535


class PortUnusable(Exception):
    """Nobody can listen there: in use, not allowed, or no address of this machine. Its text is a sentence, ``option``
    the one to change."""

    def __init__(self, text: str, option: str) -> None:
        super().__init__(text)
        self.option = option


def number(text: str) -> int:
    """The port that an argument names; 0 stands for any that is free. Raises ``ArgumentTypeError``."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 5 and int(text) <= LAST):
        raise argparse.ArgumentTypeError(f"{text!r} is no port: expected a whole number from 0 to 65535")
    return int(text)


def address(host: str, port: int) -> str:
    """Where a browser finds what listens there."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def ensure_free(host: str, port: int) -> int:
    """The port, or for 0 one that is free now. Raises ``PortUnusable``.

    The server itself would not notice one in use: it shares its port with every program that shares it.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            if os.name == "posix":
                # Connections of a server that stopped a moment ago do not count.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            taken: int = probe.getsockname()[1]
            return taken
    except OSError as error:
        is_host = isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL
        raise PortUnusable(_sentence(host, port, error), "--host" if is_host else "--port") from None


def _sentence(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Cannot listen on {host} port {port}: another program uses it."
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"Cannot listen on {host} port {port}: this account may not; ports below {FIRST_FREE} belong to root."
    return f"Cannot listen on {host} port {port}: {error.strerror}."
