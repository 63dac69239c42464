"""What a run of the comparison is: its settings, its place, its findings."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

import machine
import peers
from members import Member
from report import Verdict
from scenarios import Entrant

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Plan:
    """What this run does, from the command line."""

    keys: tuple[str, ...]
    proxies: tuple[str, ...]
    rounds: int
    seconds: float
    markdown: Path | None
    name: str
    is_quick: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where it runs."""

    cores: machine.Cores
    network: str
    members: tuple[Member, ...]
    secure_members: tuple[Member, ...]  # the same by HTTPS; none runs unless needed


@dataclass
class Findings:
    """What is printed at the end."""

    sections: list[str] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    failed_requests: int = 0  # of fastlb only


def start_entrant(
    entrant: Entrant,
    place: Place,
    running: dict[Entrant, peers.Proxy],
    workers: int = 1,
) -> None:
    """Add the entrant to those that run; say so when it cannot be."""
    members = place.secure_members if "https" in entrant.flags else place.members
    setup = peers.Setup(members, entrant.flags, workers)
    try:
        running[entrant] = peers.start(entrant.proxy, setup, place.cores.proxy)
    except peers.CannotStartError as error:
        print(f"\n{entrant.label}: not measured: {error}", file=sys.stderr, flush=True)
