"""What is said of a member, or a balancer, as a line of the configuration says it.

Of all that can be changed while the server runs (facts/adjustments.py).
"""

from __future__ import annotations

from typing import Final

from fastlb.facts.balancer import Balancer
from fastlb.facts.health import HealthMethod
from fastlb.facts.member import Member

ADDED_FILE: Final = "(added)"
"""Where a member stands that was added while the server runs."""


def said_of_member(member: Member) -> dict[str, str]:
    """What can be changed of it, as a line of the configuration would say it."""
    check = member.health
    return {
        "loadfactor": f"{member.load_factor / 100:g}",
        "lbset": str(member.lbset),
        "route": member.route,
        "redirect": member.redirect,
        "status": member.status,
        "hcmethod": check.method.value if check else HealthMethod.NONE.value,
        "hcinterval": f"{check.interval_ms}ms" if check else "30000ms",
        "hcpasses": str(check.passes if check else 1),
        "hcfails": str(check.fails if check else 1),
        "hcuri": check.uri if check else "",
        "hcexpr": check.condition.name if check and check.condition else "",
    }


def said_of_balancer(balancer: Balancer) -> dict[str, str]:
    """... likewise."""
    sticky = balancer.sticky_cookie or ""
    if sticky and balancer.sticky_url != sticky:
        sticky += f"|{balancer.sticky_url}"
    attempts = balancer.max_attempts
    return {
        "lbmethod": balancer.lbmethod,
        "stickysession": sticky,
        "nofailover": _switch(balancer.nofailover),
        "timeout": f"{balancer.timeout_ms // 1000}",
        "maxattempts": "" if attempts is None else str(attempts),
        "failonstatus": ",".join(map(str, balancer.fail_on_status)),
        "failontimeout": _switch(balancer.fail_on_timeout),
        "forcerecovery": _switch(balancer.force_recovery),
    }


def told(key: str, value: str, configured: str) -> str:
    """What holds, beside what the configuration says of it."""
    return f"{key}={value} (configured {configured or 'none'})"


def _switch(value: bool) -> str:
    return "On" if value else "Off"
