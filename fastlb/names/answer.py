"""What is found out about a name, and in which order its addresses are tried."""

from __future__ import annotations

import enum
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fastlb.base.addresses import literal_of
from fastlb.base.limits import ADDRESSES_PER_MEMBER_MAX

NAME_TTL_MIN_S = 1.0
NAME_TTL_MAX_S = 3600.0
NAME_PERIOD_S = 30.0  # of an answer that does not say how long it holds
WAYS_MAX = 16  # addresses of each kind that are tried for a way: a socket each
NO_SUCH_NAME = "no such name"


class State(enum.Enum):
    """FOUND; UNKNOWN: there is no such name; SILENT: nobody could say."""

    FOUND = "found"
    UNKNOWN = "unknown"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Answer:
    """addresses: literals, the one to try first first. ttl_s: within its bounds.
    why: where there are none, in words."""

    state: State
    addresses: tuple[str, ...] = ()
    ttl_s: float = NAME_PERIOD_S
    why: str = ""


def ordered(addresses: Iterable[str], known: Sequence[str]) -> tuple[str, ...]:
    """Each once, as many as a member can have; the order in which they are tried.

    A name server turns its list with every answer, so those that are known keep their
    places. Of the others, those come first to which there is a way from here, and of
    those IPv6, as RFC 6724 has it.
    """
    told = {address: literal_of(address) or address for address in addresses}
    there = dict.fromkeys(told.values())
    stay = [address for address in known if address in there]
    stays = frozenset(stay)
    kinds: tuple[list[str], list[str]] = ([], [])
    for address in there:
        if address not in stays and len(kinds[":" in address]) < WAYS_MAX:
            kinds[":" in address].append(address)
    new = [*kinds[False], *kinds[True]]
    if len(new) > 1:
        new.sort(key=lambda address: (not has_way(address), ":" not in address))
    return tuple([*stay, *new][:ADDRESSES_PER_MEMBER_MAX])


def has_way(address: str) -> bool:
    """Is there a route? Nothing is sent."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.connect((address, 9))
    except (OSError, UnicodeError):
        return False
    return True
