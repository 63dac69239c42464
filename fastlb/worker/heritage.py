"""What a worker gets from the master, and nothing else."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from fastlb._core import Table
from fastlb.facts.server import Model
from fastlb.tls.expiry import Expiry
from fastlb.tls.handles import TlsHandles

# What a worker says to the master, one byte a message, through ready_fd.
MESSAGE_READY = b"R"  # it accepts
MESSAGE_DEAF = b"D"  # it drains, and no longer holds a listening socket
MESSAGE_LONE = b"L"  # it has drained, but for tunnels
MESSAGE_TUNNEL_CLOSED = b"X"  # one of them was closed, as the master had asked
MESSAGE_TUNNEL_SILENT = b"T"  # one of them timed out
MESSAGE_RECYCLE = b"C"  # it has accepted its share of connections: fork a successor


@dataclass(frozen=True, slots=True)
class Heritage:
    """Filled by the master before the fork; the worker uses only this.

    sockets[i] listens for model.listeners[i]. log_fds[i] is open for appending to
    model.log_targets[i], error_fds[i] to logs.error.error_targets(model)[i] (negative
    for syslog). ready_fd: the worker writes its messages there. member_slots and
    balancer_slots give the table's slot of each model index. map_doors[i] leads to the
    keeper of facts.rewrite_maps.maps_by_program(model.vhosts)[i].
    """

    number: int  # which worker of its generation, from 0
    generation: int
    slot: int  # worker slot in the table
    model: Model
    table: Table
    member_slots: tuple[int, ...]
    balancer_slots: tuple[int, ...]
    sockets: tuple[socket.socket, ...]
    log_fds: tuple[int, ...]
    error_fds: tuple[int, ...]
    ready_fd: int
    started_us: int  # wall clock of the server's start, microseconds since 1970
    foreground: bool
    tls: TlsHandles | None = None  # None: nowhere is TLS spoken
    map_doors: tuple[socket.socket, ...] = ()
    expiries: tuple[Expiry, ...] = ()  # of the certificates in use
