"""What `-t` says of members' names: whether anybody knows them.

They are asked for side by side, and for NAMES_S in all, so that a machine without a
name server is not held up: of what nobody could say there is one note. None of it is
more than a warning, also under --strict: the machine that checks a file need not be the
one that serves it.
"""

from __future__ import annotations

from fastlb.base.errors import Diagnostic, Severity
from fastlb.facts.member import Member
from fastlb.facts.server import Model
from fastlb.master import names
from fastlb.master.privileges import Identity
from fastlb.names.answer import State

NAMES_S = 2.0
SHOWN_MAX = 3


def check(model: Model, identity: Identity | None) -> list[Diagnostic]:
    """A warning for each name that nobody knows, at its first member."""
    first: dict[str, Member] = {}
    for member in model.members:
        if member.is_named:
            first.setdefault(member.peer_host, member)
    if not first:
        return []
    found = names.resolve(
        first, model.process.name_servers or (), identity=identity, deadline_s=NAMES_S
    )
    silent = [host for host in first if found[host].state is State.SILENT]
    return [
        *(
            _about(
                first[host],
                Severity.WARNING,
                "FB0701",
                f"nobody knows the name of the member {first[host].url}: {host}",
                why="its members begin in error, until the name is known",
                cure="correct the name, or look at the name servers",
            )
            for host in first
            if found[host].state is State.UNKNOWN
        ),
        *(
            _about(
                first[host],
                Severity.NOTE,
                "FB0702",
                f"whether these names of members are known was not found out within "
                f"{NAMES_S:g}s: {_some(silent)}",
            )
            for host in silent[:1]
        ),
    ]


def _some(hosts: list[str]) -> str:
    more = len(hosts) - SHOWN_MAX
    return ", ".join(hosts[:SHOWN_MAX]) + (f" and {more} more" if more > 0 else "")


def _about(
    member: Member,
    severity: Severity,
    number: str,
    text: str,
    *,
    why: str = "",
    cure: str = "",
) -> Diagnostic:
    place = (member.file, member.line, 0)
    return Diagnostic(severity, number, *place, "", text, why, cure)
