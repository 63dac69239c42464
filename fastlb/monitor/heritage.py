"""What the monitor gets from the master, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastlb._core import Table
from fastlb.facts.server import Model
from fastlb.tls.expiry import Expiry

if TYPE_CHECKING:
    from OpenSSL import SSL

    from fastlb.tls.stapling import Stapled


@dataclass(frozen=True, slots=True)
class MonitorHeritage:
    """Filled by the master before the fork.

    member_slots gives the table's slot of each model index; probed holds the indexes
    of the members that the monitor may bring back (retry= is not written, and no check
    of health does it). error_fds as in the worker's heritage. expiries: of the
    certificates in use. stapled: those whose OCSP answers are to be kept fresh.
    member_contexts: of each member that speaks TLS; (): of none.
    """

    model: Model
    table: Table
    member_slots: tuple[int, ...]
    probed: frozenset[int]
    error_fds: tuple[int, ...]
    expiries: tuple[Expiry, ...] = ()
    stapled: tuple[Stapled, ...] = ()
    member_contexts: tuple[SSL.Context | None, ...] = ()

    @property
    def asks_names(self) -> bool:
        """Are there names to be looked up, of members or of their agents?"""
        members = self.model.members
        return any(
            member.is_named or (member.agent is not None and member.agent.is_named)
            for member in members
        )

    @property
    def keeps_history(self) -> bool:
        process = self.model.process
        return process.statistics_history and process.extended_status

    def load(self) -> None:
        """Import what only some models need: in the master, as the files may be another
        version's by the time that the next monitor begins; and before this one becomes
        another user, who may not be allowed to read where it lies."""
        members = self.model.members
        if self.asks_names:
            import fastlb.names.resolver
        if any(member.health is not None and member.tls for member in members):
            import fastlb.tls.member_link  # noqa: F401
