"""mod_status and its like."""

from __future__ import annotations

from fastlb.config.registry import Directive, S

MODULE = "core.c"
DIRECTIVES = (
    Directive(
        "ExtendedStatus",
        S,
        "On|Off",
        "whether single connections are shown by server-status",
        default="On",
        manual="The page itself is SetHandler server-status in a <Location>.",
        sets="extended_status",
    ),
)
