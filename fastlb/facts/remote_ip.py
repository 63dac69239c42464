"""Whom a server believes about its clients (mod_remoteip)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RemoteProxy:
    """Proxies that are believed; of several networks the first one decides."""

    network: str  # address/bits
    internal: bool  # may name private addresses, and is not recorded
