"""Addresses: literal ones, and those that the system knows of a name."""

from __future__ import annotations

import encodings.idna  # noqa: F401 - looking up a name needs it, after a fork as well
import ipaddress
import socket


def literal_of(host: str) -> str | None:
    """An IP literal in its shortest form, or None when the text is a name."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None


def look_up(host: str) -> tuple[str, ...]:
    """Literal addresses of a name in the system's order, each once; () for none.

    Blocks.
    """
    try:
        infos = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(dict.fromkeys(str(info[4][0]) for info in infos))
