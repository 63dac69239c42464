"""Mappings: which URL path goes where (`ProxyPass` and its kin)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mapping:
    """One ProxyPass or ProxyPassMatch.

    Exactly one of: exclude; balancer_index >= 0; member_index >= 0.
    target_path is what follows the authority of the target: "/x/" of
    "balancer://b/x/", "$1" of "balancer://b$1". For a direct member it is the path
    of the target URL.
    """

    pattern: str  # path prefix, or regex when is_regex; in <Location> the section's
    is_regex: bool
    exclude: bool  # target "!"
    balancer_index: int
    member_index: int
    target: str  # as written, normalised: "balancer://b/x/"
    target_path: str
    nocanon: bool
    noquery: bool
    interpolate: bool
    encoded: bool  # mapping=encoded
    proxy_sections: tuple[int, ...]  # Sections (PROXY*) that match or may, in order
    timeout_ms: int | None  # timeout= of the mapping's own member
    file: str
    line: int
    # Beside proxy_sections: whether it depends on the target URL of each request.
    proxy_sections_dynamic: tuple[bool, ...] = ()  # (): none does
