"""What the controller gets from the master, and nothing else."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from fastlb._core import Table
from fastlb.facts.server import Model
from fastlb.tls.expiry import Expiry


@dataclass(frozen=True, slots=True)
class ControllerHeritage:
    """Filled by the master before the fork.

    pages     listens for workers, control for operators; None: could not be made
    secret    of the forms' nonces: of this start of the server
    line      leads to the master: adjustments go there, one a message
    error_fds, member_slots, balancer_slots, started_us  as in the worker's heritage
    """

    model: Model
    table: Table
    generation: int
    member_slots: tuple[int, ...]
    balancer_slots: tuple[int, ...]
    error_fds: tuple[int, ...]
    started_us: int
    secret: bytes
    pages: socket.socket | None
    control: socket.socket | None
    line: socket.socket
    expiries: tuple[Expiry, ...] = ()  # of the certificates in use

    def load(self) -> None:
        """Import what the master does without, before the controller becomes another
        user, who may not be allowed to read where it lies."""
        import psutil  # noqa: F401
