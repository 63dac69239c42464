"""How long the addresses of a member's name hold: addressttl=, disablereuse=."""

from __future__ import annotations

from fastlb.facts.member import Member
from fastlb.facts.words import Compat
from fastlb.names.answer import NAME_TTL_MIN_S

NEVER = -1.0


def period_of(member: Member, compat: Compat) -> float | None:
    """Seconds for which its addresses hold; None: as long as name servers say; NEVER.

    disablereuse= is httpd's way to follow a name with each request.
    """
    if member.disable_reuse:
        return NAME_TTL_MIN_S
    said = member.address_ttl_s
    if said is None:
        return NEVER if compat is Compat.APACHE else None
    return NEVER if said < 0 else max(NAME_TTL_MIN_S, float(said))
