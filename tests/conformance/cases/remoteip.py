"""Who asks: RemoteIPHeader and whom it is believed, and the PROXY protocol."""

from collections.abc import Mapping

from ..case import Case, Conf, Log, Rest, Send, Step, View, ask, get, request

LOGGED = r"""
LogFormat "%a %{c}a %h %{c}h %{X-Forwarded-For}i %{X-By}i \
%{remoteip-proxy-ip-list}n %{SEEN}e" who
LogFormat "%{remote}p" port
CustomLog logs/port.log port env=PORT
SetEnvIf X-Real-IP . PORT
CustomLog logs/who.log who
SetEnvIf Remote_Addr "^198\.51\.100\." SEEN=remote
SetEnvIf X-By "." SEEN=by
SetEnvIf ^X-B. "192\.0\.2\.9" SEEN=pattern
RemoteIPProxiesHeader X-By
ProxyPass / http://127.0.0.1:{m0}/
"""

HEADER = "RemoteIPHeader X-Forwarded-For\n"
ALL = Conf("remoteip: everybody is believed", HEADER + LOGGED)
TRUSTED = Conf(
    "remoteip: trusted proxies",
    f"{HEADER}RemoteIPTrustedProxy 127.0.0.1 192.0.2.0/24\n{LOGGED}",
)
MIXED = Conf(
    "remoteip: internal and trusted proxies",
    f"{HEADER}RemoteIPInternalProxy 127.0.0.0/8 10.1\n"
    f"RemoteIPTrustedProxy 192.0.2.0/24 2001:db8:1::/48\n{LOGGED}",
)
STRANGER = Conf(
    "remoteip: a proxy in no list",
    f"{HEADER}RemoteIPTrustedProxy 192.0.2.1\n{LOGGED}",
)
FILES = Conf(
    "remoteip: lists in files",
    f"{HEADER}RemoteIPInternalProxyList lists/internal\n"
    f"RemoteIPTrustedProxyList {{root}}/lists/trusted\n{LOGGED}",
    files={
        "lists/internal": "# ours\n127.0.0.1\n\n10.0.0.0/8 172.16.0.0/12 # both\n",
        "lists/trusted": '  192.0.2.0/24\n"203.0.113.7"\n',
    },
)
OTHER = Conf(
    "remoteip: another field",
    "RemoteIPHeader X-Real-IP\nRemoteIPInternalProxy 127.0.0.1\n" + LOGGED,
)
HOSTS = Conf(
    "remoteip: virtual hosts",
    HEADER
    + LOGGED
    + """\
RemoteIPInternalProxy 127.0.0.1
<VirtualHost *:{port}>
  ServerName front.test
</VirtualHost>
<VirtualHost *:{port}>
  ServerName client.test
  RemoteIPHeader X-Client
</VirtualHost>
<VirtualHost *:{port}>
  ServerName list.test
  RemoteIPTrustedProxy 192.0.2.1
</VirtualHost>
<VirtualHost *:{port}>
  ServerName first.test
  RemoteIPTrustedProxy 127.0.0.1
</VirtualHost>
""",
)
RULES = Conf(
    "remoteip: what is decided by it",
    r"""
RemoteIPHeader X-Forwarded-For
RemoteIPInternalProxy 127.0.0.1
LogFormat "%>s %h %U" who
CustomLog logs/who.log who
<Location /ip/>
  Require ip 198.51.100.0/24
</Location>
<Location /local/>
  Require local
</Location>
<Location /not/>
  <RequireAll>
    Require all granted
    Require not ip 127.0.0.1
  </RequireAll>
</Location>
SetEnvIf Remote_Addr "^198\." KNOWN
<Location /env/>
  Require env KNOWN
</Location>
<Location /rule/>
  RequestHeader edit X-Forwarded-For "^" "first, "
</Location>
<Location /off/>
  ProxyAddHeaders Off
</Location>
ProxyPass / http://127.0.0.1:{m0}/
""",
)
PROTOCOL = Conf(
    "remoteip: PROXY protocol",
    f"RemoteIPProxyProtocol On\n{HEADER}{LOGGED}",
)

WAYS: Mapping[str, tuple[str, ...]] = {
    "one address": ("198.51.100.7",),
    "two": ("198.51.100.7, 192.0.2.9",),
    "three": ("198.51.100.7, 203.0.113.1, 192.0.2.9",),
    "a private one last": ("198.51.100.7, 10.1.2.3",),
    "a private one first": ("10.1.2.3, 198.51.100.7",),
    "private ones": ("10.1.2.3, 10.1.9.9",),
    "an internal one behind an external": ("172.16.3.4, 10.1.2.3, 192.0.2.9",),
    "no address": ("unknown-",),
    "no address behind one": ("198.51.100.7, unknown-",),
    "no address before one": ("unknown-, 198.51.100.7",),
    "an address with a port": ("198.51.100.7:4711",),
    "blanks": ("  198.51.100.7  ,   192.0.2.9  ",),
    "no blanks": ("198.51.100.7,192.0.2.9",),
    "an empty one last": ("198.51.100.7,",),
    "an empty one first": (", 198.51.100.7",),
    "only a comma": (",",),
    "nothing": ("",),
    "IPv6": ("2001:db8::7",),
    "IPv6 in other words": ("2001:DB8:0:0::7",),
    "IPv6 that is private": ("fd00::1",),
    "IPv6 loopback": ("::1",),
    "IPv4 within IPv6": ("::ffff:198.51.100.7",),
    "IPv6 in brackets": ("[2001:db8::7]",),
    "IPv6 of a trusted net": ("198.51.100.7, 2001:db8:1::5",),
    "two lines": ("198.51.100.7", "192.0.2.9"),
    "three lines": ("203.0.113.9", "198.51.100.7, 192.0.2.4", "192.0.2.9"),
    "link-local": ("169.254.1.1",),
    "nearly private": ("172.32.0.1, 172.15.255.255",),
    "loopback": ("127.0.0.9",),
}


def _way(conf: Conf, name: str, *lines: str) -> Case:
    fields = [f"X-Forwarded-For: {line}" for line in lines]
    return Case(
        f"{conf.name}: {name}",
        conf,
        (*ask(request("/x", *fields, "X-By: client")), Log("logs/who.log", 1)),
    )


def _asks(conf: Conf, name: str, *requests: bytes) -> Case:
    steps: list[Step] = []
    for one in requests:
        steps += ask(one)
    steps.append(Log("logs/who.log", len(requests)))
    return Case(f"{conf.name}: {name}", conf, tuple(steps))


def _decided(path: str, field: str) -> Case:
    return _asks(RULES, f"{path}, {field}", request(path, f"X-Forwarded-For: {field}"))


SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
FOUR = bytes([198, 51, 100, 7, 192, 0, 2, 1, 0x12, 0x34, 0, 80])
SIX = bytes.fromhex("20010db8000000000000000000000007") * 2 + b"\x12\x34\x00\x50"


def version_2(command: int, family: int, addresses: bytes) -> bytes:
    size = len(addresses).to_bytes(2, "big")
    return SIGNATURE + bytes([command, family]) + size + addresses


PREFACES: Mapping[str, bytes] = {
    "version 1": b"PROXY TCP4 198.51.100.7 192.0.2.1 4660 80\r\n",
    "version 1, IPv6": b"PROXY TCP6 2001:db8::7 2001:db8::1 4660 80\r\n",
    "version 1, unknown with more": b"PROXY UNKNOWN ff::1 ff::1 65535 65535\r\n",
    "version 1, blanks": b"PROXY  TCP4  198.51.100.7 192.0.2.1  4660\r\n",
    "version 2": version_2(0x21, 0x11, FOUR),
    "version 2, IPv6": version_2(0x21, 0x21, SIX),
    "version 2, more behind": version_2(0x21, 0x11, FOUR + b"\x04\x00\x01x"),
    "version 2, local": version_2(0x20, 0x00, b""),
}
ONLY_HERE: Mapping[str, bytes] = {
    "version 1, unknown, no more": b"PROXY UNKNOWN\r\n",
    "version 2, much more behind": version_2(0x21, 0x11, FOUR + bytes(300)),
}
REFUSED: Mapping[str, bytes] = {
    "no header": b"GET / HTTP/1.1\r\nHost: front.test\r\n\r\n",
    "version 1, family": b"PROXY TCP5 198.51.100.7 192.0.2.1 4660 80\r\n",
    "version 1, address": b"PROXY TCP4 2001:db8::7 192.0.2.1 4660 80\r\n",
    "version 1, no address": b"PROXY TCP4 198.51.100.400 192.0.2.1 4660 80\r\n",
    "version 1, port": b"PROXY TCP4 198.51.100.7 192.0.2.1 x 80\r\n",
    "version 1, too few words": b"PROXY TCP4 198.51.100.7\r\n",
    "version 1, nothing": b"PROXY            \r\n",
    "version 2, protocol": version_2(0x21, 0x12, FOUR),
    "version 2, no family": version_2(0x21, 0x00, b""),
    "version 2, command": version_2(0x22, 0x11, FOUR),
    "version 3": version_2(0x31, 0x11, FOUR),
}


def _preface(name: str, header: bytes) -> Case:
    first = request("/x", "X-Forwarded-For: 203.0.113.9")
    return Case(
        f"{PROTOCOL.name}: {name}",
        PROTOCOL,
        (
            Send(header + first),
            *ask(request("/y"))[1:],
            *get("/z", "X-Real-IP: 192.0.2.77"),
            Log("logs/who.log", 2),
            *([Log("logs/port.log", 1)] if b"198.51" in header else []),
        ),
    )


def _only_here(name: str, header: bytes) -> Case:
    return Case(
        f"{PROTOCOL.name}: {name}",
        PROTOCOL,
        (Send(header + request("/x")), *ask(request("/y"))[1:]),
        view=View.STATUS,
        differs="PROXY header of 15 bytes, or of more than 232",
        instead={"": ["200", "open"]},
    )


NAMES = (
    "names of hosts, and addresses that are not written whole (`127.1`), in what "
    "`RemoteIPHeader` names"
)


def _named(name: str) -> Case:
    return Case(
        f"{ALL.name}: {name} is no address",
        ALL,
        (*get("/x", f"X-Forwarded-For: 198.51.100.7, {name}"), Log("logs/who.log", 1)),
        differs=NAMES,
        instead={
            "client/1/log/0": "127.0.0.1 127.0.0.1 127.0.0.1 127.0.0.1 "
            f"198.51.100.7, {name} - - -",
            "members/m0/0/fields": [
                ["Host", "127.0.0.1:{m0}"],
                ["X-Forwarded-For", f"198.51.100.7, {name}, 127.0.0.1"],
                ["X-Forwarded-Host", "front.test"],
                ["X-Forwarded-Server", "front.test"],
            ],
        },
    )


CASES: tuple[Case, ...] = (
    _named("198.51.27"),
    *(
        _way(conf, name, *lines)
        for conf in (ALL, TRUSTED, MIXED)
        for name, lines in WAYS.items()
    ),
    _way(STRANGER, "is not believed", "198.51.100.7"),
    _way(FILES, "over all of them", "10.9.9.9, 198.51.100.7, 203.0.113.7, 192.0.2.9"),
    _way(FILES, "internal ones", "10.9.9.9, 172.20.1.1"),
    _asks(OTHER, "is taken out", request("/", "X-Real-IP: 10.0.0.9")),
    Case(
        f"{OTHER.name}: the port is not known",
        OTHER,
        (
            *get("/", "X-Real-IP: 10.0.0.9"),
            *get("/", "X-Real-IP: 198.51.100.7"),
            Log("logs/port.log", 2),
        ),
    ),
    *(
        Case(
            f"{conf.name}: two lines, the second is no address",
            conf,
            get("/", "X-Forwarded-For: 198.51.100.7", "X-Forwarded-For: unknown-"),
        )
        for conf in (ALL, TRUSTED, MIXED)
    ),
    _asks(OTHER, "others stay", request("/", "X-Forwarded-For: 198.51.100.7")),
    _asks(
        OTHER,
        "each request has its own",
        request("/a", "X-Real-IP: 198.51.100.1"),
        request("/b"),
        request("/c", "X-Real-IP: 198.51.100.2"),
    ),
    _asks(
        HOSTS,
        "each has its own",
        request("/a", "X-Forwarded-For: 10.2.2.2", "X-Client: 10.3.3.3"),
        request(
            "/b", "X-Forwarded-For: 10.2.2.2", "X-Client: 10.3.3.3", host="client.test"
        ),
        request("/c", "X-Forwarded-For: 10.2.2.2", host="list.test"),
        request("/d", "X-Forwarded-For: 10.4.4.4"),
        request("/e", "X-Forwarded-For: 10.2.2.2, 192.0.2.1", host="list.test"),
        request("/f", "X-Forwarded-For: 10.2.2.2, 192.0.2.1", host="first.test"),
    ),
    *(
        _decided(path, field)
        for path in ("/ip/", "/local/", "/not/", "/env/", "/rule/", "/off/")
        for field in ("198.51.100.7", "10.0.0.9", "203.0.113.1, 198.51.100.7")
    ),
    *(_preface(name, header) for name, header in PREFACES.items()),
    *(_only_here(name, header) for name, header in ONLY_HERE.items()),
    *(
        Case(
            f"{PROTOCOL.name}: {name}",
            PROTOCOL,
            (Send(header + b"GET / HTTP/1.1\r\nHost: front.test\r\n\r\n"), Rest()),
            view=View.STATUS,
        )
        for name, header in REFUSED.items()
    ),
)
