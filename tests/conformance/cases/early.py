"""Header rules that run early, before anything is decided; and slashes that stay."""

from collections.abc import Mapping

from ..case import Case, Conf, View, ask, get, request
from ..members import answer, turn

EARLY = Conf(
    "early rules",
    """\
RequestHeader set X-Server early early
RequestHeader unset X-Gone early
RequestHeader append X-Joined early early
Header set X-Server early early
Header always set X-Always early early
SetEnvIf X-Server early SERVER
SetEnvIf X-Gone . GONE
SetEnvIf X-Late . LATE
RequestHeader set X-Late late
Header set X-Saw-Server yes env=SERVER
Header set X-Saw-Gone yes env=GONE
Header set X-Saw-Late yes env=LATE
<Location /section/>
  RequestHeader set X-Section early early
  RequestHeader unset X-Kept early
  Header set X-Section early early
  Header always set X-Section-Always early early
  SetEnvIf X-Section . SECTION
  Header set X-Saw-Section yes env=SECTION
</Location>
<Location /refused/>
  Require all denied
</Location>
ProxyPass / http://127.0.0.1:{m0}/
<VirtualHost *:{port}>
  ServerName front.test
</VirtualHost>
<VirtualHost *:{port}>
  ServerName other.test
  RequestHeader set X-Host early early
  RequestHeader set X-Server host early
  Header set X-Host early early
  Header set X-Both early early
  Header set X-Both late
</VirtualHost>
""",
)

SLASHES = Conf(
    "slashes under nocanon",
    """\
ProxyPass /raw/ http://127.0.0.1:{m0}/r/ nocanon
ProxyPass /bare http://127.0.0.1:{m0} nocanon
ProxyPass /deep http://127.0.0.1:{m0}/d/e nocanon
ProxyPassMatch "^/m/(.*)$" "http://127.0.0.1:{m0}/t/$1" nocanon
ProxyPass /plain/ http://127.0.0.1:{m0}/p/
ProxyPass / http://127.0.0.1:{m0}/ nocanon
""",
)
KEPT = Conf(
    "slashes kept under nocanon",
    f"MergeSlashes Off\n{SLASHES.text}",
)
PATHS: Mapping[str, str] = {
    "behind the pattern": "/raw//x",
    "in the rest": "/raw/x//y",
    "before the pattern": "//raw/x",
    "at the end": "/raw/x//",
    "alone": "/raw//",
    "three": "/raw///x",
    "in the query": "/raw/x?a=//b",
    "of the root": "//",
    "behind a bare pattern": "/bare//x",
    "behind a pattern without a slash": "/deep//x//y",
    "in a group": "/m//x//y",
    "without nocanon": "/plain//x//y",
}


def _early(name: str, target: str, *fields: str, host: str = "front.test") -> Case:
    return Case(
        f"{EARLY.name}: {name}",
        EARLY,
        ask(request(target, *fields, host=host)),
        members={0: turn(answer(b"x", "X-Server: member", "X-Both: member"))},
    )


CASES: tuple[Case, ...] = (
    _early("server", "/x", "X-Gone: 1", "X-Joined: sent"),
    _early("section", "/section/x", "X-Kept: 1"),
    _early("virtual host", "/x", host="other.test"),
    _early("page of ours", "/refused/x"),
    *(
        Case(f"{conf.name}: {name}", conf, get(path), view=View.TARGET)
        for conf in (SLASHES, KEPT)
        for name, path in PATHS.items()
    ),
)
