"""Rules that set fields of one hop: Connection, and what ends with it."""

from dataclasses import replace

from ..case import Case, Conf, ask, request

RULES = Conf(
    "hops by rules",
    """\
<Location /upgrade/>
  RequestHeader set Connection upgrade
  RequestHeader set Upgrade websocket
</Location>
<Location /named/>
  RequestHeader set Connection X-Gone
</Location>
<Location /close/>
  RequestHeader set Connection "close, X-Gone"
</Location>
<Location /others/>
  RequestHeader set Keep-Alive timeout=9
  RequestHeader set Proxy-Connection keep-alive
  RequestHeader set Trailer X-T
</Location>
<Location /te/>
  RequestHeader set TE trailers
</Location>
ProxyPass / http://127.0.0.1:{m0}/
""",
)


def _one(name: str, target: str) -> Case:
    return Case(
        f"{RULES.name}: {name}",
        RULES,
        ask(request(target, "X-Gone: 1", "X-Stays: 1")),
        hop_by_hop=True,
    )


CASES: tuple[Case, ...] = (
    _one("Connection and Upgrade", "/upgrade/x"),
    _one("a field that Connection names", "/named/x"),
    _one("fields of one hop", "/others/x"),
    _one("TE", "/te/x"),
    replace(
        _one("close", "/close/x"),
        differs="`RequestHeader set Connection close`",
        instead={
            "client/0/fields": [
                ["Content-Length", "2"],
                ["Content-Type", "text/plain"],
                ["Date", "<now>"],
                ["Server", "<product>"],
            ],
            "client/1/end": "open",
        },
    ),
)
