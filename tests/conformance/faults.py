"""Faulty configurations: what `-t` says, and where.

Each is checked by httpd and by fastlb; exit status, line and message must agree.  A
message of fastlb's may go on after httpd's words (a hint, a suggestion).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .case import Conf
from .cases import seeds


@dataclass(frozen=True)
class Faulty:
    """A configuration for the check.

    differs   fastlb judges otherwise: its line in docs/differences-from-apache.md
    lenient   it takes it with a warning, and refuses it with --strict; with differs
              alone it refuses what httpd takes
    accepted  both take it
    """

    name: str
    text: str
    files: Mapping[str, str] = field(default_factory=dict)
    lenient: bool = False
    differs: str = ""
    accepted: bool = False
    bare: bool = False

    @property
    def is_stricter(self) -> bool:
        """Httpd takes it, fastlb does not."""
        return bool(self.differs) and not self.lenient

    @property
    def conf(self) -> Conf:
        """The configuration to check."""
        return Conf(self.name, self.text, self.files, bare=self.bare)


def _in_proxy(line: str) -> str:
    return f"<Proxy balancer://b>\n{line}\n</Proxy>\n"


def _in_vhost(line: str) -> str:
    return f"<VirtualHost *:80>\n{line}\n</VirtualHost>\n"


def _in_location(line: str) -> str:
    return f"<Location /x>\n{line}\n</Location>\n"


MEMBER = "BalancerMember http://127.0.0.1:8001"
NUMBERS = "a word where a number stands (`Timeout abc`)"

READ = (
    "LoadModule reqtimeout_module /usr/lib/apache2/modules/mod_reqtimeout.so\n"
    "RequestReadTimeout "
)

LINES = {
    "KeepAliveTimeout a word": "KeepAliveTimeout abc",
    "RequestReadTimeout of a word": f"{READ}header",
    "RequestReadTimeout of an unknown stage": f"{READ}foot=1",
    "RequestReadTimeout without a number": f"{READ}header=a",
    "RequestReadTimeout with a unit": f"{READ}header=5s",
    "RequestReadTimeout of a range without rate": f"{READ}header=5-10",
    "RequestReadTimeout of an empty range": f"{READ}body=5-3,MinRate=5",
    "RequestReadTimeout without rate": f"{READ}header=5,MinRate=0",
    "RequestReadTimeout with an empty rate": f"{READ}header=5,MinRate=",
    "RequestReadTimeout with half a range": f"{READ}header=5-,MinRate=5",
    "RequestReadTimeout, the second": f"{READ}body=5 header",
    "unknown directive": "\n\nNoSuchDirective on",
    "misspelled directive": "ProxyPas / http://127.0.0.1:8001/",
    "unknown section": "<Nonsense x>\n</Nonsense>",
    "unclosed section": "<VirtualHost *:80>\nServerName x",
    "unclosed inner section": "<VirtualHost *:80>\n<Location />\n</VirtualHost>",
    "closing without opening": "ServerName x\n</VirtualHost>",
    "wrong nesting": "<VirtualHost *:80>\n<Location /x>\n</VirtualHost>\n</Location>",
    "section without >": "<Location /x\n</Location>",
    "section without argument": "<Location>\n</Location>",
    "vhost without address": "<VirtualHost>\n</VirtualHost>",
    "false condition never closed": "<IfModule !mod_proxy.c>\nServerName x",
    "condition without argument": "<IfModule>\n</IfModule>",
    "false condition unbalanced": "<IfModule nothing.c>\n<A>\n</IfModule>\n",
    "vhost in vhost": _in_vhost("<VirtualHost *:81>\n</VirtualHost>"),
    "location in location": _in_location("<Location /y>\n</Location>"),
    "location in proxy": _in_proxy("<Location /y>\n</Location>"),
    "Error": "Error stop right here",
    "Define with a colon": "Define a:b c",
    "Define without name": "Define",
    "Define of too many": "Define a b c",
    "Include of a missing file": "Include conf/missing.conf",
    "Include without a match": "Include conf/missing/*.conf",
    "Include pattern without a match": "Include conf/*.missing",
    "Include without argument": "Include",
    "LoadModule with one argument": "LoadModule foo_module",
    "KeepAlive neither on nor off": "KeepAlive maybe",
    "KeepAlive without argument": "KeepAlive",
    "Timeout without argument": "Timeout",
    "Timeout with two": "Timeout 1 2",
    "ServerName with two": "ServerName a b",
    "Listen without port": "Listen 127.0.0.1",
    "Listen with a large port": "Listen 99999",
    "Listen with a word": "Listen http",
    "Listen twice": "Listen 127.0.0.1:8099\nListen 127.0.0.1:8099",
    "Listen in vhost": _in_vhost("Listen 8099"),
    "MaxConnectionsPerChild in vhost": _in_vhost("MaxConnectionsPerChild 10"),
    "StartServers in Location": _in_location("StartServers 3"),
    "User in vhost": _in_vhost("User www-data"),
    "Timeout in Location": _in_location("Timeout 3"),
    "ServerName in Location": _in_location("ServerName x"),
    "CustomLog in Location": _in_location("CustomLog logs/x common"),
    "LogLevel unknown": "LogLevel loud",
    "LogFormat with unknown letter": 'LogFormat "%Z" x',
    "CustomLog with unknown letter": 'CustomLog logs/x "%Y"',
    "CustomLog with bad condition": 'CustomLog logs/x "%h" when=x',
    "ErrorDocument with bad code": "ErrorDocument 999 text",
    "ErrorDocument without text": "ErrorDocument 404",
    "ServerTokens unknown": "ServerTokens All",
    "AllowEncodedSlashes unknown": "AllowEncodedSlashes Maybe",
    "LimitRequestFields negative": "LimitRequestFields -1",
    "LimitRequestBody with a word": "LimitRequestBody lots",
    "RequestHeader with unknown action": "RequestHeader put X y",
    "Header with unknown action": "Header put X y",
    "Header without value": "Header set X",
    "Header unset with value": "Header unset X y",
    "Header with unknown letter": 'Header set X "%Q"',
    "Header with bad condition": "Header set X y when=z",
    "Header with bad regex": 'Header edit X "(" y',
    "Header edit without replacement": "Header edit X y",
    "SetEnvIf without variable": "SetEnvIf X y",
    "SetEnvIf with bad regex": 'SetEnvIf X "(" V',
    "RegexDefaultOptions with unknown option": "RegexDefaultOptions +FOO",
    "SetEnvIf with empty regex": 'SetEnvIf X "" V',
    "BrowserMatch with empty regex": 'BrowserMatch "" V',
    "SetEnvIf with one": "SetEnvIf X",
    "Redirect without target": "Redirect /x",
    "Redirect without anything": "Redirect",
    "Redirect gone with target": "Redirect gone /x http://y/",
    "Redirect to a relative target": "Redirect /x y",
    "Redirect with status and no target": "Redirect 301 /x",
    "Redirect with odd status": "Redirect 999 /x http://y/",
    "RedirectMatch with bad regex": "RedirectMatch ( http://y/",
    "Require in the server": "Require all granted",
    "Require all maybe": _in_location("Require all maybe"),
    "Require of unknown kind": _in_location("Require mood good"),
    "Require ip of a word": _in_location("Require ip nonsense"),
    "Require ip without": _in_location("Require ip"),
    "Require ip with bad mask": _in_location("Require ip 10.0.0.0/99"),
    "Require not alone": _in_location("Require not ip 10.0.0.1"),
    "RequireNone alone": _in_location("<RequireNone>\nRequire env X\n</RequireNone>"),
    "RequireAll empty": _in_location("<RequireAll>\n</RequireAll>"),
    "ProxyPass without target": "ProxyPass /x",
    "ProxyPass without anything": "ProxyPass",
    "ProxyPass to a path": "ProxyPass /x /y",
    "ProxyPass to a word": "ProxyPass /x y",
    "ProxyPass with unknown key": "ProxyPass /x http://127.0.0.1:8001/ tiemout=1",
    "ProxyPass with a bare word": "ProxyPass /x http://127.0.0.1:8001/ word",
    "ProxyPass in Location with path": _in_location(
        "ProxyPass /y http://127.0.0.1:81/"
    ),
    "ProxyPass in Files": "<Files x>\nProxyPass http://127.0.0.1:81/\n</Files>",
    "ProxyPassMatch with bad regex": "ProxyPassMatch ( http://127.0.0.1:8001/",
    "ProxyPass with unknown balancer key": "ProxyPass /x balancer://b/ retry=3",
    "ProxyPass with unknown mapping": "ProxyPass /x http://127.0.0.1:81/ mapping=odd",
    "ProxyPassReverse without url": "ProxyPassReverse /x",
    "ProxyPassReverse in Location with path": _in_location(
        "ProxyPassReverse /y http://127.0.0.1:81/"
    ),
    "BalancerMember outside": MEMBER,
    "BalancerMember without url": _in_proxy("BalancerMember"),
    "BalancerMember with unknown key": _in_proxy(f"{MEMBER} colour=red"),
    "BalancerMember with a bare word": _in_proxy(f"{MEMBER} fast"),
    "BalancerMember of a path": _in_proxy("BalancerMember /x"),
    "loadfactor zero": _in_proxy(f"{MEMBER} loadfactor=0"),
    "loadfactor half": _in_proxy(f"{MEMBER} loadfactor=0.5"),
    "loadfactor too large": _in_proxy(f"{MEMBER} loadfactor=101"),
    "loadfactor a word": _in_proxy(f"{MEMBER} loadfactor=heavy"),
    "lbset negative": _in_proxy(f"{MEMBER} lbset=-1"),
    "lbset too large": _in_proxy(f"{MEMBER} lbset=100"),
    "retry negative": _in_proxy(f"{MEMBER} retry=-1"),
    "timeout zero": _in_proxy(f"{MEMBER} timeout=0"),
    "connectiontimeout zero": _in_proxy(f"{MEMBER} connectiontimeout=0"),
    "ping a word": _in_proxy(f"{MEMBER} ping=often"),
    "max negative": _in_proxy(f"{MEMBER} max=-1"),
    "iobuffersize too small": _in_proxy(f"{MEMBER} iobuffersize=100"),
    "keepalive neither": _in_proxy(f"{MEMBER} keepalive=maybe"),
    "disablereuse neither": _in_proxy(f"{MEMBER} disablereuse=maybe"),
    "route too long": _in_proxy(f"{MEMBER} route={'r' * 64}"),
    "redirect too long": _in_proxy(f"{MEMBER} redirect={'r' * 64}"),
    "flushpackets unknown": _in_proxy(f"{MEMBER} flushpackets=maybe"),
    "status letter unknown": _in_proxy(f"{MEMBER} status=+X"),
    "ProxySet with unknown key": _in_proxy("ProxySet colour=red"),
    "ProxySet with unknown method": _in_proxy("ProxySet lbmethod=bycolour"),
    "ProxySet without value": _in_proxy("ProxySet lbmethod"),
    "ProxySet outside of nothing": "ProxySet lbmethod=byrequests",
    "ProxySet outside of an unknown balancer": "ProxySet balancer://none nofailover=On",
    "ProxyPass with unknown method": "ProxyPass /x balancer://b/ lbmethod=bycolour",
    "stickysessionsep of two": _in_proxy("ProxySet stickysessionsep=ab"),
    "nofailover neither": _in_proxy("ProxySet nofailover=maybe"),
    "maxattempts negative": _in_proxy("ProxySet maxattempts=-1"),
    "balancer timeout zero": _in_proxy("ProxySet timeout=0"),
    "failonstatus out of range": _in_proxy("ProxySet failonstatus=99"),
    "growth out of range": _in_proxy("ProxySet growth=200"),
    "ProxyTimeout zero": "ProxyTimeout 0",
    "ProxyVia unknown": "ProxyVia maybe",
    "ProxyErrorOverride with bad code": "ProxyErrorOverride On 200",
    "ProxyErrorOverride neither": "ProxyErrorOverride maybe",
    "ProxyIOBufferSize too small": "ProxyIOBufferSize 100",
    "ProxyRequests in Location": _in_location("ProxyRequests On"),
    "ProxyStatus unknown": "ProxyStatus maybe",
    "ProxyBadHeader unknown": "ProxyBadHeader maybe",
    "hcmethod unknown": _in_proxy(f"{MEMBER} hcmethod=SHOUT"),
    "hcinterval too small": _in_proxy(f"{MEMBER} hcmethod=TCP hcinterval=10ms"),
    "vhost address without host": "<VirtualHost 80>\n</VirtualHost>",
    "unknown user": "User no-such-user-here",
    "unknown group": "Group no-such-group-here",
    "ServerRoot missing": 'ServerRoot "/no/such/directory"',
    "UseCanonicalName unknown": "UseCanonicalName maybe",
    "HttpProtocolOptions unknown": "HttpProtocolOptions Loose",
    "SetHandler without argument": _in_location("SetHandler"),
    "LocationMatch with bad regex": "<LocationMatch (>\n</LocationMatch>",
    "IfVersion with bad operator": "<IfVersion >> 2.4>\n</IfVersion>",
}

# What httpd swallows, so must fastlb.
ACCEPTED = {
    "true condition never closed": "<IfModule mod_proxy.c>\nServerName x",
    "RedirectMatch in Location": _in_location("RedirectMatch ^/x http://y/"),
    "empty file": "",
    "comments only": "# one\n   # two \\\n three\n",
    "balancer without definition": "ProxyPass / balancer://nosuch/",
    "rule that can never match": (
        "ProxyPass / http://127.0.0.1:8001/\nProxyPass /x http://127.0.0.1:8002/"
    ),
    "two members with one route": _in_proxy(
        f"{MEMBER} route=a\nBalancerMember http://127.0.0.1:8002 route=a"
    ),
    "balancer without its slash": (_in_proxy(MEMBER) + "ProxyPass / balancer://b\n"),
    "all members stand by": _in_proxy(f"{MEMBER} status=+H"),
    "undefined variable": 'ServerAdmin "${NOWHERE}"',
    "words after a hash": _in_location("Require host a.test # not a comment"),
    "optional file is missing": "IncludeOptional conf/none.conf",
    "unknown words in a false condition": "<IfModule x.c>\nNo Such Thing\n</IfModule>",
    "Directory section": (
        "<Directory />\nOptions None\nAllowOverride None\nRequire all denied\n"
        "</Directory>"
    ),
    "old spelling": "MaxClients 20\nMaxRequestsPerChild 100",
}

# What httpd reads as 0 or takes in silence, though it cannot be meant.
STRICTER = {
    "ProxyMaxForwards a word": ("ProxyMaxForwards many", NUMBERS),
    "Timeout a word": ("Timeout abc", NUMBERS),
    "MaxConnectionsPerChild a word": ("MaxConnectionsPerChild abc", NUMBERS),
    "StartServers a word": ("StartServers abc", NUMBERS),
    "MaxKeepAliveRequests negative": (
        "MaxKeepAliveRequests -1",
        "`MaxKeepAliveRequests -1`",
    ),
    "ProxyPass with unknown scheme": (
        "ProxyPass /x odd://127.0.0.1:8001/",
        "target whose scheme nobody can serve (`odd://`)",
    ),
    "Require ip with holes in its mask": (
        _in_location("Require ip 10.0.0.0/255.0.255.0"),
        "`Require ip`, `Allow`, `Deny` with a mask that has holes (`255.0.255.0`)",
    ),
}

NESTED = (
    Faulty(
        "fault in an included file",
        "ServerSignature Off\nInclude conf/inner.conf",
        {"conf/inner.conf": "\n\nNoSuchDirective on\n"},
    ),
    Faulty(
        "structure of an included file",
        "ServerSignature Off\nInclude conf/inner.conf",
        {"conf/inner.conf": "</Location>\n"},
    ),
    Faulty("line of a continued directive", "ServerSignature \\\n  Off \\\n  Maybe On"),
    Faulty(
        "first fault is told",
        "KeepAlive maybe\nTimeout\nNoSuchDirective on",
    ),
    Faulty("no Listen at all", "ServerName x\n", bare=True, accepted=True),
)

PRINTED = tuple(
    Faulty(conf.name, conf.text, lenient=True, differs=seeds.DIFFERS[conf.name])
    for conf in (
        seeds.CLUSTER_REFUSED,
        seeds.STICKY,
        seeds.GERRY_LOST,
        seeds.HELICON,
        seeds.HELICON_LOST,
        seeds.STANDBY,
    )
)

# Refused in sections, with a plain meaning outside of them.
MISPLACED = (
    Faulty(
        "MaxConnectionsPerChild in Proxy",
        _in_proxy("MaxConnectionsPerChild 10"),
        lenient=True,
        differs="`MaxConnectionsPerChild` and other settings of processes in `<Proxy>`",
    ),
)

FAULTS: tuple[Faulty, ...] = (
    *(Faulty(name, text) for name, text in LINES.items()),
    *NESTED,
    *(Faulty(name, text, accepted=True) for name, text in ACCEPTED.items()),
    *(
        Faulty(name, text, differs=differs)
        for name, (text, differs) in STRICTER.items()
    ),
    *PRINTED,
    *MISPLACED,
)
