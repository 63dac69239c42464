"""Access log: the letters whose values do not depend on time."""

from ..case import (
    Case,
    Close,
    Conf,
    Down,
    Log,
    RecvBytes,
    Rest,
    Step,
    View,
    ask,
    get,
    request,
)
from ..members import Act, Script, answer, turn

LOG = Conf(
    "log",
    r"""
LogFormat "%h %l %u \"%r\" %>s %b" clf
LogFormat "%h %l %u \"%r\" %>s" line
LogFormat "%{proxy-status}n %>s %R %^ti %^to" member
LogFormat "%a %{c}a %A %m %U %q %H %s %>s %p %{local}p %{canonical}p %v %V" facts
LogFormat "%{BALANCER_NAME}e|%{BALANCER_WORKER_NAME}e|%{BALANCER_WORKER_ROUTE}e|\
%{BALANCER_SESSION_STICKY}e|%{BALANCER_SESSION_ROUTE}e|\
%{BALANCER_ROUTE_CHANGED}e" balancer
LogFormat "%{User-Agent}i|%{X-Out}o|%{SID}C|%{Absent}i|%{Cookie}i" fields
LogFormat "%X %k %R %f %%" state
LogFormat "%400,404{Referer}i %!200,304U %<s" conditions
LogFormat "tab\tnewline-n-\"quote\" backslash\\ end" escapes
CustomLog "{root}/logs/clf.log" clf
CustomLog "{root}/logs/facts.log" facts
CustomLog "{root}/logs/line.log" line
CustomLog "{root}/logs/balancer.log" balancer
CustomLog "{root}/logs/fields.log" fields
CustomLog logs/member.log member
CustomLog logs/state.log state
CustomLog logs/conditions.log conditions
CustomLog logs/escapes.log escapes
CustomLog logs/only.log "%r" env=LOGGED
CustomLog logs/not.log "%r" env=!LOGGED
CustomLog logs/bytes.log "%b %B"
SetEnvIf X-Log . LOGGED
Header set X-Out "out value"
Redirect /redirected http://to.test/
<Proxy balancer://b>
  BalancerMember http://127.0.0.1:{m0} route=a retry=600
  BalancerMember http://127.0.0.1:{m1} route=b retry=600
  ProxySet stickysession=SID
</Proxy>
ProxyPass /local !
ProxyPass /redirected !
ProxyPass /status !
<Location /status>
  SetHandler server-status
</Location>
<Location /hidden>
  ProxyErrorOverride On
</Location>
ProxyPass /hidden/ http://127.0.0.1:{m2}/
ProxyPass /direct/ http://127.0.0.1:{m2}/
ProxyPass / balancer://b/
""",
)

VHOST = Conf(
    "log of a vhost",
    """\
LogFormat "%v %U" name
CustomLog logs/main.log name
TransferLog logs/transfer.log
<VirtualHost *:{port}>
  ServerName with.test
  CustomLog logs/vhost.log name
  ProxyPass / http://127.0.0.1:{m0}/
</VirtualHost>
<VirtualHost *:{port}>
  ServerName without.test
  ProxyPass / http://127.0.0.1:{m0}/
</VirtualHost>
""",
)

NAMES = Conf(
    "canonical names in logs",
    """\
LogFormat "%v %V %p %{canonical}p" names
<VirtualHost *:{port}>
  ServerName canonical.test
  UseCanonicalName On
  UseCanonicalPhysicalPort On
  CustomLog logs/names.log names
  ProxyPass / http://127.0.0.1:{m0}/
</VirtualHost>
""",
)

UNNAMED = Conf(
    "log of a vhost without a name",
    """\
ServerName main.test:99
LogFormat "%v %V %p %{canonical}p" names
<VirtualHost *:{port}>
  CustomLog logs/names.log names
  ProxyPass / http://127.0.0.1:{m0}/
</VirtualHost>
""",
)

TUNNEL = Conf(
    "log of a tunnel",
    """\
LogFormat "%>s %b" bytes
CustomLog logs/tunnel.log bytes
ProxyPass / http://127.0.0.1:{m0}/ upgrade=websocket
""",
)
# The first column of a line in docs/differences-from-apache.md.
TUNNEL_BYTES = "`%b` of a tunnel"

FILES = {
    "common format": "clf",
    "facts": "facts",
    "balancer": "balancer",
    "fields": "fields",
    "state": "state",
    "conditions": "conditions",
    "escapes": "escapes",
}


def _log(
    name: str,
    file: str,
    *steps: Step,
    members: dict[int, Script] | None = None,
    lines: int = 1,
    conf: Conf = LOG,
) -> Case:
    return Case(
        f"{conf.name}: {name}",
        conf,
        (*steps, Log(f"logs/{file}.log", lines)),
        members=members or {},
        view=View.STATUS,
    )


AGENT = ('User-Agent: Mozilla/5.0 "quoted" \\slash', "Cookie: x=1; SID=q.b; y=2")

CASES: tuple[Case, ...] = (
    Case(
        "log of a tunnel: bytes behind the 101",
        TUNNEL,
        (
            *get("/", "Connection: Upgrade", "Upgrade: websocket"),
            RecvBytes(5),
            Rest(),
            Close(),
            Log("logs/tunnel.log", 1),
        ),
        members={
            0: turn(
                b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                b"Upgrade: websocket\r\n\r\nhello",
                Act.CLOSE,
            )
        },
        view=View.STATUS,
        differs=TUNNEL_BYTES,
        instead={"1/log/0": "101 5"},
        compat=True,
    ),
    *(_log(name, file, *get("/a%20b?q=1", *AGENT)) for name, file in FILES.items()),
    _log("nothing mapped", "line", *get("/local")),
    _log("nothing mapped, facts", "facts", *get("/local/x?y")),
    _log(
        "nothing mapped, conditions",
        "conditions",
        *get("/local", "Referer: http://r.test/"),
    ),
    _log("redirect", "line", *get("/redirected/x")),
    _log("HTTP/1.0", "facts", *get("/", version="HTTP/1.0")),
    _log("other Host", "facts", *get("/", host="Other.Test:81")),
    _log("bad request", "line", *ask(b"GET / HTTP/1.1\r\n\r\n")),
    _log("bad method", "line", *ask(b"G\x01T / HTTP/1.1\r\nHost: x\r\n\r\n")),
    _log("HEAD", "bytes", *get("/", method="HEAD")),
    _log(
        "no body",
        "bytes",
        *get("/"),
        members={0: turn(answer(b"")), 1: turn(answer(b""))},
    ),
    _log(
        "bytes of a chunked answer",
        "bytes",
        *get("/direct/"),
        members={
            2: turn(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                b"5\r\nhello\r\n0\r\n\r\n"
            )
        },
    ),
    _log(
        "bytes of a cut answer",
        "clf",
        *get("/direct/"),
        members={2: turn(answer(b"hello")[:-2], Act.CLOSE)},
    ),
    _log(
        "state of a cut answer",
        "state",
        *get("/direct/"),
        members={2: turn(answer(b"hello")[:-2], Act.CLOSE)},
    ),
    _log("member broke off", "line", *get("/direct/"), members={2: turn(Act.CLOSE)}),
    _log("sequence number", "state", *get("/direct/") * 3, lines=3),
    _log("state with close", "state", *get("/direct/", "Connection: close")),
    _log(
        "control characters in a field",
        "fields",
        *get("/direct/", "User-Agent: tab\there \xe4"),
    ),
    _log("target is not decoded", "clf", *get("/direct/%41%20%22")),
    _log("target is decoded", "facts", *get("/direct/%41%20%22")),
    _log("first session", "balancer", *get("/")),
    _log("unknown route", "balancer", *get("/", "Cookie: SID=x.z")),
    _log("member that took over", "balancer", Down(1), *get("/", "Cookie: SID=x.b")),
    _log("all members gone", "line", Down(0), Down(1), *get("/")),
    _log("env=, set", "only", *get("/direct/", "X-Log: 1")),
    _log("env=!, unset", "not", *get("/direct/")),
    _log("status of the member", "member", *get("/direct/")),
    _log(
        "status of a member that is overridden",
        "member",
        *get("/hidden/"),
        members={2: turn(answer(b"x", status="404 Not Found"))},
    ),
    _log("status of a member that is gone", "member", Down(2), *get("/direct/")),
    _log("handler", "member", *get("/status?auto")),
    _log("IPv6 Host", "facts", *get("/", host="[::1]:77")),
    _log("names and ports", "names", *get("/x", host="other.test:9"), conf=NAMES),
    _log("names and ports", "names", *get("/x", host="other.test:9"), conf=UNNAMED),
    _log("POST", "clf", *ask(request("/direct/", method="POST", body=b"hello"))),
    _log("own log", "vhost", *get("/x", host="with.test"), conf=VHOST),
    _log("main log", "main", *get("/x", host="without.test"), conf=VHOST),
)
