"""What a master needs of another program before it has anything of its own.

Its settings, table and sockets; the processes come after (estate.py).
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from fastlb._core import Table, TableError
from fastlb.facts.server import ProcessSettings
from fastlb.master.heirloom import Heirloom
from fastlb.master.keep import Keep
from fastlb.master.listeners import Address
from fastlb.tls.pass_phrases import PassPhrases

LIVE_FLAGS = "EC"  # what of a member's state was found out, not set


def first_settings(settings: ProcessSettings, left: Heirloom | None) -> ProcessSettings:
    """With what is in force since the first start and stays."""
    if left is None:
        return settings
    return replace(
        settings,
        pid_file=left.pid_file,
        user=left.user,
        group=left.group,
        control_socket=left.control_socket,
        digest_memory_bytes=left.digest_memory_bytes,
    )


def phrases_of(left: Heirloom) -> PassPhrases:
    phrases = PassPhrases()
    for one in left.phrases:
        phrases.remember(bytes.fromhex(one))
    return phrases


def table_of(left: Heirloom) -> Table | None:
    """The table of the old workers; None: this program has it laid out otherwise."""
    descriptors: tuple[int, ...] = ()
    try:
        if left.kept < 0:
            return None
        descriptors = Keep(socket.socket(fileno=left.kept)).take()
        return Table.attach(left.table, descriptors)
    except (OSError, TableError, KeyError, TypeError, ValueError):
        for fd in descriptors:
            os.close(fd)
        return None


def sockets_of(left: Heirloom) -> dict[Address, socket.socket]:
    found = {}
    for one in left.sockets:
        sock = socket.socket(fileno=one.fd)
        sock.setblocking(False)
        found[one.host, one.port] = sock
    return found


def learn(
    table: Table, slots: Sequence[int], members: Sequence[Mapping[str, Any]]
) -> None:
    """In a table of our own: what members had counted, and whether they were out. What
    is set by the configuration is what the new one says."""
    told = {member["key"]: member for member in members if "key" in member}
    for slot in slots:
        now = table.snapshot_member(slot)
        before = told.get(now["key"])
        if before is None:
            continue
        found = {letter for letter in before["flags"] if letter in LIVE_FLAGS}
        kept = {letter for letter in now["flags"] if letter not in LIVE_FLAGS}
        flags = "".join(sorted(found | kept))
        settings = {name: now[name] for name in ("lbset", "load_factor")}
        table.learn(slot, -1, {**before, **settings, "flags": flags})
