"""mod_proxy: mapping URLs to members and rewriting what comes back."""

from __future__ import annotations

import re

from fastlb._pcre2 import Pattern, PatternError
from fastlb.base.addresses import literal_of
from fastlb.base.limits import PORT_MAX
from fastlb.config.checks import Buffer, Choice, Duration, Integer, word_of
from fastlb.config.registry import (
    SV,
    SVD,
    Args,
    Complaint,
    Directive,
    Reader,
    Refused,
    Status,
)
from fastlb.facts.words import BadHeader, Via

MODULE = "mod_proxy.c"
_NOT_FOR_FILES = (
    "Directory",
    "DirectoryMatch",
    "Files",
    "FilesMatch",
    "If",
    "ElseIf",
    "Else",
)
_FORWARD_ONLY = "of a forward proxy only CONNECT is served, which goes straight there"


class _Override(Reader):
    """ProxyErrorOverride: the statuses that are replaced; () is Off."""

    def read(self, name: str, words: tuple[str, ...]) -> tuple[int, ...]:
        if words[0].lower() not in ("on", "off"):
            text = f"{name} first parameter must be one of: off | on"
            raise Refused(Complaint(text))
        for index, word in enumerate(words[1:], 1):
            if not re.fullmatch(r"[0-9]+", word):
                text = f"{name}: status codes to intercept must be numeric"
                raise Refused(Complaint(text, f"'{word}' is not", word=index))
            if not 400 <= int(word) < 600:
                text = (
                    f"{name}: status codes to intercept must be valid HTTP Status Codes"
                    " >=400 && <600"
                )
                raise Refused(Complaint(text, f"{word} is not", word=index))
        if words[0].lower() == "off":
            return ()
        return tuple(int(word) for word in words[1:]) or tuple(range(400, 600))


class _Address(Reader):
    def read(self, name: str, words: tuple[str, ...]) -> str:
        if literal_of(words[0]) is None:
            why = f"'{words[0]}' is not an IP address"
            raise Refused(Complaint(f"{name} invalid value", why))
        return words[0]


def _remote_proxy(name: str, words: tuple[str, ...]) -> Complaint | None:
    """ProxyRemote match http://host[:port] [user:password]"""
    bad = f"{name}: Bad syntax for a remote proxy server"
    scheme, separator, rest = words[1].partition("://")
    if not separator or not rest:
        return Complaint(bad, "", "write http://host:port", word=1)
    if scheme.lower() != "http":
        text = f"{name}: only a proxy at http:// is served"
        return Complaint(text, f"'{words[1]}' is not", word=1)
    if not re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?/?", rest):
        return Complaint(bad, "", "write http://host:port", word=1)
    port = re.search(r":([0-9]+)/?$", rest)
    if port is not None and not 0 < int(port[1]) <= PORT_MAX:
        return Complaint(f"{bad} (bad port number)", word=1)
    if name == "ProxyRemoteMatch":
        try:
            Pattern(words[0].encode("latin-1", "replace"))
        except PatternError as error:
            text = f"Regular expression for {name} could not be compiled."
            return Complaint(text, str(error), word=0)
    return None


def _connect_ports(name: str, words: tuple[str, ...]) -> Complaint | None:
    """AllowCONNECT port[-port] ..."""
    for index, word in enumerate(words):
        low, dash, high = word.partition("-")
        if not low.isdigit() or not low.isascii():
            text = f"{name}: port numbers must be numeric"
            return Complaint(text, f"'{word}' is not", word=index)
        if dash and not (high.isdigit() and high.isascii()):
            text = f"Cannot parse '{high}' as port number"
            return Complaint(text, word=index)
        first, last = int(low), int(high or low)
        if not 1 <= first <= last <= 65535:
            return Complaint(
                f"{name}: {word} is not a port, or a range of them, in 1 to 65535",
                "Apache takes it, and no port is in it",
                word=index,
            )
    return None


DIRECTIVES = (
    Directive(
        "Proxy",
        SV,
        "url-prefix|pattern [key=value ...]",
        "settings for targets by URL",
        takes=Args.RAW,
        is_section=True,
        manual=(
            "<Proxy balancer://name> defines a balancer: inside it stand BalancerMember"
            " and ProxySet. <Proxy *> holds settings, such as Require, for everything"
            " that is proxied. The text is a prefix of the target URL; with * ? [ it is"
            " a pattern in which * also matches /."
        ),
    ),
    Directive(
        "ProxyMatch",
        SV,
        "regex",
        "settings for targets by a regular expression",
        takes=Args.ONE_WORD_SECTION,
        is_section=True,
    ),
    Directive(
        "ProxyPass",
        SVD,
        "[path] !|target [key=value ...] [nocanon] [interpolate] [noquery]",
        "a path and the member or balancer that serves it",
        takes=Args.RAW,
        manual=(
            "The first rule that matches serves the request, in the order in which they"
            " stand: specific ones first. ! as target keeps the path here. Inside"
            " <Location> the path is left out. Write both path and target with a slash"
            " at the end, or neither."
        ),
        not_in=_NOT_FOR_FILES,
    ),
    Directive(
        "ProxyPassMatch",
        SVD,
        "[regex] !|target [key=value ...]",
        "a regular expression and the member or balancer that serves it",
        takes=Args.RAW,
        manual=(
            "$1 to $9 in the target are what the groups matched. Always write a slash"
            " between the host and $1."
        ),
        not_in=_NOT_FOR_FILES,
    ),
    Directive(
        "ProxyPassReverse",
        SVD,
        "[path] url [interpolate]",
        "a path and the member's URL that stands for it in redirects",
        manual=(
            "Rewrites Location, Content-Location and URI of answers. With a balancer's"
            " URL it holds for every member of it."
        ),
        not_in=_NOT_FOR_FILES[:4],
    ),
    Directive(
        "ProxyPassReverseCookieDomain",
        SVD,
        "internal public [interpolate]",
        "a member's cookie domain and the one that clients see",
    ),
    Directive(
        "ProxyPassReverseCookiePath",
        SVD,
        "internal public [interpolate]",
        "a member's cookie path and the one that clients see",
    ),
    Directive(
        "ProxyPreserveHost",
        SVD,
        "On|Off",
        "whether members get the client's Host",
        default="Off",
        sets="preserve_host",
    ),
    Directive(
        "ProxyRequests",
        SV,
        "On|Off",
        "whether to be a forward proxy",
        default="Off",
        manual=(
            "On serves CONNECT to the ports of AllowCONNECT, and nothing else of a"
            " forward proxy. It opens the server to everybody whom no Require keeps"
            " out: write one into <Proxy *>. A reverse proxy does not need it."
        ),
        differs="A request for another server's http:// URL is refused.",
        sets="proxy_requests",
    ),
    Directive(
        "ProxyTimeout",
        SV,
        "n[ms]",
        "how long to wait for a member",
        shown_default="Timeout",
        unit="s",
        check=Duration("s", 1, "Proxy Timeout must be at least 1 second."),
        sets="proxy_timeout_ms",
    ),
    Directive(
        "ProxyAddHeaders",
        SVD,
        "On|Off",
        "whether members get X-Forwarded-For, -Host and -Server",
        default="On",
        sets="add_headers",
    ),
    Directive(
        "ProxyVia",
        SV,
        "Off|On|Full|Block",
        "what happens to the Via header",
        default="Off",
        check=word_of(Via, "ProxyVia must be one of: off | on | full | block"),
        sets="proxy_via",
    ),
    Directive(
        "ProxyErrorOverride",
        SVD,
        "Off|On [code ...]",
        "whether members' error pages are replaced by ErrorDocument",
        default="Off",
        check=_Override(),
        sets="error_override",
    ),
    Directive(
        "ProxyStatus",
        SV,
        "Off|On|Full",
        "whether server-status shows the balancers",
        default="Off",
        check=Choice(
            ("Off", "On", "Full"),
            "ProxyStatus must be one of: off | on | full",
            values=(False, True, True),
        ),
        sets="proxy_status",
    ),
    Directive(
        "ProxyBadHeader",
        SV,
        "IsError|Ignore|StartBody",
        "what a malformed header line of a member means",
        default="IsError",
        check=word_of(
            BadHeader, "ProxyBadHeader must be one of: IsError | Ignore | StartBody"
        ),
        sets="proxy_bad_header",
    ),
    Directive(
        "ProxyIOBufferSize",
        SV,
        "bytes",
        "size of packets of members that have some (ajp), up to 65536",
        default="0",
        unit="bytes",
        check=Buffer(),
        sets="proxy_io_buffer_bytes",
    ),
    Directive(
        "ProxyReceiveBufferSize",
        SV,
        "bytes",
        "receive buffer of sockets to members; 0 for the system's",
        default="0",
        unit="bytes",
        check=Buffer(),
        sets="proxy_receive_buffer_bytes",
    ),
    Directive(
        "ProxyMaxForwards",
        SV,
        "n",
        "Max-Forwards for requests without one; -1 adds none",
        default="-1",
        check=Integer(-1),
        sets="proxy_max_forwards",
    ),
    Directive(
        "ProxyPassInterpolateEnv",
        SVD,
        "On|Off",
        "whether interpolate of ProxyPass takes effect",
        default="Off",
        sets="interpolate_env",
    ),
    Directive(
        "Proxy100Continue",
        SVD,
        "On|Off",
        "whether Expect: 100-continue is passed to members",
        default="On",
        sets="expect_continue",
    ),
    Directive(
        "ProxySourceAddress",
        SV,
        "ip",
        "local address of connections to members",
        check=_Address(),
        sets="proxy_source_address",
    ),
    *(
        Directive(
            name,
            SV,
            syntax,
            "another proxy through which members are reached",
            takes=Args.TWO_THREE,
            manual=manual,
            differs=(
                "Which proxy it is, is decided for each member, from its URL: httpd"
                " decides with the first request, whatever that asks for. A client's"
                " Proxy-Authorization opens no tunnel. Not with ProxyRequests On."
            ),
            check=_remote_proxy,
        )
        for name, syntax, manual in (
            (
                "ProxyRemote",
                "match url [user:password]",
                "match is * for all members, a scheme, or the beginning of members'"
                " URLs; the first line that takes a member counts. url is"
                " http://host:port: members at http are asked for by their whole URL,"
                " those at https through a tunnel (CONNECT). Several lines add up,"
                " those of the main server first.",
            ),
            (
                "ProxyRemoteMatch",
                "regex url [user:password]",
                "As ProxyRemote, for members whose URL the expression matches: of"
                " scheme, host and port.",
            ),
        )
    ),
    Directive(
        "NoProxy",
        SV,
        "host ...",
        "members that ProxyRemote does not hold for",
        manual=(
            "Hosts, domains (.example.com), addresses and subnets (192.168,"
            " 192.168.112.0/21). They are compared with the host as the member's URL"
            " has it: a name is not looked up for that."
        ),
        differs="httpd compares them with the Host that the client has sent.",
    ),
    *(
        Directive(
            name,
            SV,
            syntax,
            "part of a forward proxy",
            status=Status.EXPLAINED,
            reason=_FORWARD_ONLY,
        )
        for name, syntax in (
            ("ProxyBlock", "word|host ..."),
            ("ProxyDomain", ".domain"),
        )
    ),
    Directive(
        "ProxyWebsocketFallbackToProxyHttp",
        SVD,
        "On|Off",
        "whether ws: targets also serve requests that do not upgrade",
        module="mod_proxy_wstunnel.c",
        default="On",
        sets="websocket_fallback",
    ),
    Directive(
        "ProxyWebsocketIdleTimeout",
        SV,
        "time",
        "how long a tunnel may be silent",
        module="mod_proxy_wstunnel.c",
        shown_default="that of other requests",
        unit="s",
        check=Duration("s", 1),
        sets="websocket_idle_ms",
        own=True,
    ),
    *(
        Directive(
            name,
            SVD,
            syntax,
            "how Apache's threads share tunnels",
            module="mod_proxy_wstunnel.c",
            status=Status.EXPLAINED,
            reason="a tunnel never holds a process: every worker serves many at once",
            own=True,
        )
        for name, syntax in (
            ("ProxyWebsocketAsync", "On|Off"),
            ("ProxyWebsocketAsyncDelay", "time"),
        )
    ),
    Directive(
        "AllowCONNECT",
        SV,
        "port[-port] ...",
        "A list of ports or port ranges which CONNECT may connect to",
        module="mod_proxy_connect.c",
        default="443 563",
        check=_connect_ports,
    ),
)
