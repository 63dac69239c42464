"""Target URLs: `http://h:8080/x`, `balancer://b/x`, `unix:/sock|http://h/x`.

The identity of a member is its normalised URL: scheme and host in lower case, the
scheme's default port left out, the path exactly as written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

DEFAULT_PORTS: Final = {
    "http": 80,
    "https": 443,
    "ws": 80,
    "wss": 443,
    "ajp": 8009,
    "h2": 443,
    "h2c": 80,
    "ftp": 21,
    "fcgi": 8000,
    "scgi": 4000,
    "uwsgi": 3031,
}
"""Schemes that are understood, with the port that a URL need not write."""

TLS_SCHEMES: Final = ("https", "wss")
WEBSOCKET_SCHEMES: Final = ("ws", "wss")
GATEWAY_SCHEMES: Final = ("fcgi", "scgi", "uwsgi")
"""Applications that know no HTTP: a connection serves one request, as in Apache, unless
FastCGI's is told to stay (enablereuse=on)."""

BALANCER_PREFIX: Final = "balancer://"
BALANCER_NAME_MAX: Final = 95  # characters of "balancer://name" (Apache: 96 with NUL)
HOST_MAX: Final = 255
PORT_MAX: Final = 65535
PORT_DIGITS: Final = 6  # enough of a port to see that it is too large

# The authority ends at "/", but also at "$": `http://h:80$1` in a ProxyPassMatch
# means that the path comes from the request. A variable that nobody has defined is
# part of the name, as in Apache: no such host will be found, and all else is served.
_URL = re.compile(
    r"([A-Za-z][A-Za-z0-9+.-]*)://((?:\$\{[^}/?#]*\}|[^/$?#])*)(.*)", re.DOTALL
)
_AUTHORITY = re.compile(
    r"(?:[^@]*@)?(?:\[([0-9A-Fa-f:.]+)\]|((?:\$\{[^}]*\}|[A-Za-z0-9_.~%-])*))"
    r"(?::([0-9]*))?"
)


class TargetError(ValueError):
    """The URL cannot be a target; the text is Apache's, without the directive."""


@dataclass(frozen=True, slots=True)
class Target:
    """A target URL in its parts."""

    url: str  # normalised, with its path: the identity
    scheme: str
    host: str  # IPv6 without brackets
    port: int
    explicit_port: bool
    path: str  # as written; may begin with "$" in a ProxyPassMatch
    unix_path: str | None

    @property
    def authority_url(self) -> str:
        """The URL without its path: what two targets must share to be one member."""
        return self.url.removesuffix(self.path) if self.path else self.url


def is_balancer_url(text: str) -> bool:
    """True for `balancer://...`, in any case."""
    return text[: len(BALANCER_PREFIX)].lower() == BALANCER_PREFIX


def split_balancer_url(text: str) -> tuple[str, str]:
    """`balancer://Name/x` as ("balancer://name", "/x").

    The name ends at "/" or "$". Raises TargetError for an empty or too long name.
    """
    rest = text[len(BALANCER_PREFIX) :]
    end = next((i for i, c in enumerate(rest) if c in "/$"), len(rest))
    name = BALANCER_PREFIX + rest[:end].lower()
    if not rest[:end]:
        raise TargetError(f"Bad syntax for a balancer name ({text})")
    if len(name) > BALANCER_NAME_MAX:
        raise TargetError(
            f"balancer name ({name}) too long (at most {BALANCER_NAME_MAX} characters)"
        )
    return name, rest[end:]


def parse_target(text: str) -> Target:
    """The parts of a target URL; raises TargetError when it is not absolute."""
    unix_path: str | None = None
    url = text
    if text[:5].lower() == "unix:":
        unix_path, bar, url = text[5:].partition("|")
        if not bar or not unix_path.startswith("/"):
            raise TargetError(f'uses an invalid "unix:" URL: {text}')
        if re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:(//)?", url):
            url = url.rstrip("/") + "//localhost"
    match = _URL.fullmatch(url)
    if match is None:
        raise TargetError(f"URL must be absolute!: {text}")
    scheme, authority, path = match[1].lower(), match[2], match[3]
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None:
        raise TargetError(f"Unable to parse URL: {text}")
    literal, name, port_text = parts[1], parts[2], parts[3]
    host = (literal or name or "").lower()
    if not host:
        if unix_path is None:
            raise TargetError(f"URL must be absolute!: {text}")
        host = "localhost"
    if len(host) > HOST_MAX:
        raise TargetError(f"worker hostname ({host}) too long")
    default = DEFAULT_PORTS.get(scheme, 0)
    port = int(port_text[:PORT_DIGITS]) if port_text else default
    if port > PORT_MAX or (port_text and port == 0):
        raise TargetError(f"invalid port {port_text} in URL: {text}")
    shown_host = f"[{host}]" if ":" in host else host
    shown_port = f":{port}" if port != default else ""
    normal = f"{scheme}://{shown_host}{shown_port}{path}"
    if unix_path is not None:
        normal = f"unix:{unix_path}|{normal}"
    return Target(
        url=normal,
        scheme=scheme,
        host=host,
        port=port,
        explicit_port=port != default,
        path=path,
        unix_path=unix_path,
    )


def advice_on(text: str) -> tuple[str, str]:
    """(why, cure) for a text that is no target, or holds more than one; "" for none."""
    head, _, rest = text.partition(" ")
    if rest.strip() and "://" in head:
        why = "the quotes stand around the URL and what belongs behind it"
        return why, f'write "{head}" {rest.strip()}'
    meant = target_instead(text)
    if meant is not None:
        is_ended = text.endswith((";", ","))
        why = "a directive ends with its line" if is_ended else ""
        return why, f"write {meant}"
    port = re.match(r"[^/]*//[^/$]*:([0-9]+)(?:[/$]|$)", text)
    if port is not None and not 0 < int(port[1][:PORT_DIGITS]) <= PORT_MAX:
        return f"ports go from 1 to {PORT_MAX}", ""
    return "", ""


def is_leading_part(first: Target, second: Target) -> bool:
    """True when Apache takes the two for one worker: first begins second.

    Scheme, host and port (and socket) must match completely; the path may go on.
    """
    return first.authority_url == second.authority_url and second.path.startswith(
        first.path
    )


def without_socket(target: Target) -> Target:
    """The URL behind the bar: the name that a worker has in Apache."""
    if target.unix_path is None:
        return target
    return replace(target, url=target.url.partition("|")[2], unix_path=None)


def at_socket(target: Target, path: str) -> Target:
    """The same URL, spoken to at a socket."""
    return replace(target, url=f"unix:{path}|{target.url}", unix_path=path)


def at_its_root(target: Target) -> Target:
    """The URL of a request to a target that has no path of its own."""
    return target if target.path else replace(target, path="/", url=f"{target.url}/")


def target_instead(text: str) -> str | None:
    """The target that was surely meant by a text that is none."""
    if text.endswith((";", ",")):
        return text.rstrip(";,")
    if "://" not in text and re.fullmatch(r"[A-Za-z0-9_.-]+(:[0-9]+)?(/.*)?", text):
        return f"http://{text}"
    return None
