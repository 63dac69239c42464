"""Where connections arrive and which virtual hosts share an address."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Listener:
    """One `Listen` line. Identity over reloads is (host, port)."""

    host: str  # "" : every address (dual stack), else an IPv4 or IPv6 literal
    port: int
    protocol: str  # "http" or "https"
    file: str
    line: int

    @property
    def key(self) -> str:
        """`host:port`; "*" for every address."""
        host = self.host or "*"
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class AddressSet:
    """The virtual hosts that name one address and port (Apache: name-based set).

    The most specific set wins for a connection: (host, port), (host, None),
    ("*", port), ("*", None), then the main server alone.
    """

    host: str  # "*" or an IP literal
    port: int | None  # None: any port
    vhosts: tuple[int, ...]  # indexes into Model.vhosts, in file order
