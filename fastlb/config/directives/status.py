"""mod_status and its like."""

from __future__ import annotations

from fastlb.config.registry import Args, Directive, S

DIRECTIVES = (
    Directive(
        "ExtendedStatus",
        "core.c",
        S,
        Args.FLAG,
        "On|Off",
        "whether single connections are shown by server-status",
        default="On",
        manual="The page itself is SetHandler server-status in a <Location>.",
        sets="extended_status",
    ),
)
