"""Hosts and ports as they are written, each with or without the other."""

from __future__ import annotations

from fastlb.config.units import maybe_integer


def split_host_port(text: str) -> tuple[str, str] | None:
    """`host`, `host:port`, `[v6]:port` or a bare number as (host, port text).

    The host comes without brackets; either part may be "". None when malformed.
    """
    if text.startswith("["):
        literal, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            return None
        return literal, rest[1:]
    if text.isdigit():
        return "", text
    host, colon, port = text.rpartition(":")
    if not colon:
        return text, ""
    if ":" in host:
        return None
    return host, port


def port_number(text: str) -> int | None:
    """A port in 1..65535, else None."""
    value = maybe_integer(text)
    return value if value is not None and 1 <= value <= 65535 else None
