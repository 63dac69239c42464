"""A balancer: a named set of members with one method."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from fastlb.facts.words import HashBy

NONCE_NONE: Final = "none"
"""Of nonce=: whoever can see the page can change nothing."""


@dataclass(frozen=True, slots=True)
class OwnCookie:
    """stickycookie=: a cookie that the balancer makes itself."""

    name: str
    attributes: str  # "; Path=/; HttpOnly; SameSite=Lax", but for Secure
    max_age_s: int  # 0: as long as the client likes
    secure: bool  # to every client
    secure_on_tls: bool  # to those that speak TLS

    @property
    def place(self) -> tuple[str, ...]:
        """Where a client sends it: one of the same name and place takes its place."""
        words = self.attributes.split("; ")
        return tuple(one for one in words if one.startswith(("Path=", "Domain=")))


@dataclass(frozen=True, slots=True)
class Balancer:
    """`<Proxy balancer://name>` as one virtual host sees it.

    key is the identity over reloads: "balancer://name" when the main server defines
    it, "balancer://name@vhost-id" for one of a virtual host. A virtual host that only
    gives the main server's other settings has a Balancer with the same key, over the
    same members: one election for both.
    """

    name: str  # "balancer://name", lower case
    key: str
    members: tuple[int, ...]  # indexes into Model.members, declaration order
    lbmethod: str  # "byrequests", ...
    sticky_cookie: str | None
    sticky_url: str | None
    sticky_separator: str | None  # None: stickysessionsep=Off
    route_regex: str | None  # Helicon's routeregex=
    scolon_path_delim: bool
    own_cookie: OwnCookie | None
    sticky_key: str  # in hex, of the file of stickykey=; "": the table has one
    nofailover: bool
    max_attempts: int | None  # None: members - 1
    timeout_ms: int  # wait for a usable member; 0: do not wait
    queue_max: int  # requests that wait at once, in all workers
    fail_on_status: tuple[int, ...]
    fail_on_timeout: bool
    force_recovery: bool
    retry_on_status: tuple[int, ...]
    retry_budget_percent: int | None  # of its requests; None: any
    eject_failures: int  # in a row, that take a member out for a while; 0: none do
    eject_errors_percent: int  # of its requests, that do; 0: none do
    eject_window_ms: int  # ... within that time
    eject_requests: int  # ... if there were so many
    eject_time_ms: int  # for how long, the first time
    eject_max_percent: int  # of members that may be out
    hash_by: HashBy  # what byhash elects by
    hash_name: str  # of that header or cookie
    hash_load_percent: int  # that a member may have of the mean; 0: any
    growth: int  # members that may be added while running
    nonce: str  # of balancer-manager's forms; "": a random one; NONCE_NONE
    file: str
    line: int
    # what files say of keys that were changed while running
    configured: tuple[tuple[str, str], ...] = field(default=(), compare=False)

    @property
    def plain_name(self) -> str:
        return self.name.removeprefix("balancer://")

    @property
    def host(self) -> str:
        """The virtual host that it belongs to; "": the main server."""
        return self.key[len(self.name) + 1 :]
