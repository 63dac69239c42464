"""Spellings of a path: under each setting, who is let through and what a member gets.

Every setting is a virtual host of one configuration, and every spelling is asked for at
each of them: thousands of rows at the price of one start.

    python -m tests.conformance.spellings

records what the httpd that is installed does, and where fastlb decides otherwise. A row
is [status, request line's target at the member] - [status] when nothing arrived there;
of the second member the target stands behind its name.
"""

import json
import socket
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from .case import Conf
from .members import Member, fields_of
from .servers import (
    Product,
    apache,
    apache_version,
    directory,
    fastlb,
    free_ports,
    running,
)

RECORDED = Path(__file__).parent / "recorded/spellings.json"
ANSWER_SECONDS = 15.0
READ_BYTES = 65536

Row = list[object]
Rows = dict[str, dict[str, Row]]

_DENIED = "<Location /admin>\n  Require all denied\n</Location>\n"
_MATCH = '<LocationMatch "^/admin">\n  Require all denied\n</LocationMatch>\n'
_ROOT = "ProxyPass / http://127.0.0.1:{m0}/\n"
_RAW = "ProxyPass / http://127.0.0.1:{m0}/ nocanon\n"
_ENV = (
    'SetEnvIf Request_URI "^/admin" SHUT\n<Location />\n  <RequireAll>\n'
    "    Require all granted\n    Require not env SHUT\n  </RequireAll>\n</Location>\n"
)
_ONLY = (
    "<Location />\n  Require all denied\n</Location>\n"
    "<Location /admin>\n  Require all granted\n</Location>\n"
)
_ONLY_ENV = (
    'SetEnvIf Request_URI "^/admin/" OPEN\n<Location />\n  Require env OPEN\n'
    "</Location>\n"
)

SETTINGS: Mapping[str, str] = {
    "Location": _DENIED + _ROOT,
    "Location, slashes as they are": "MergeSlashes Off\n" + _DENIED + _ROOT,
    "Location, encoded slashes on": "AllowEncodedSlashes On\n" + _DENIED + _ROOT,
    "Location, encoded slashes kept": "AllowEncodedSlashes NoDecode\n"
    + _DENIED
    + _ROOT,
    "Location, kept, slashes as they are": "AllowEncodedSlashes NoDecode\n"
    "MergeSlashes Off\n" + _DENIED + _ROOT,
    "Location, on, slashes as they are": "AllowEncodedSlashes On\n"
    "MergeSlashes Off\n" + _DENIED + _ROOT,
    "Location, nocanon": _DENIED + _RAW,
    "Location, nocanon, on": "AllowEncodedSlashes On\n" + _DENIED + _RAW,
    "Location, nocanon, kept": "AllowEncodedSlashes NoDecode\n" + _DENIED + _RAW,
    "Location, nocanon, kept, as they are": "AllowEncodedSlashes NoDecode\n"
    "MergeSlashes Off\n" + _DENIED + _RAW,
    "Location, mapping=encoded": _DENIED + _RAW.replace("nocanon", "mapping=encoded"),
    "Location, Unsafe": "HttpProtocolOptions Unsafe\n" + _DENIED + _ROOT,
    "Location with a slash": _DENIED.replace("/admin", "/admin/") + _ROOT,
    "Location with a glob": _DENIED.replace("/admin", "/ad*n") + _ROOT,
    "Location with a glob, as they are": "MergeSlashes Off\n"
    + _DENIED.replace("/admin", "/ad*n/x")
    + _ROOT,
    "LocationMatch": _MATCH + _ROOT,
    "LocationMatch, slashes as they are": "MergeSlashes Off\n" + _MATCH + _ROOT,
    "LocationMatch, nocanon, kept": "AllowEncodedSlashes NoDecode\n" + _MATCH + _RAW,
    "only what is granted": _ONLY + _ROOT,
    "only what is granted, as they are": "MergeSlashes Off\n" + _ONLY + _ROOT,
    "only what is granted, nocanon, kept": "AllowEncodedSlashes NoDecode\n"
    + _ONLY
    + _RAW,
    "exclusion": "ProxyPass /admin !\n" + _ROOT,
    "exclusion, slashes as they are": "MergeSlashes Off\nProxyPass /admin !\n" + _ROOT,
    "exclusion, nocanon, kept": "AllowEncodedSlashes NoDecode\nProxyPass /admin !\n"
    + _RAW,
    "Redirect": "<Location /admin>\n  Redirect gone\n</Location>\n" + _ROOT,
    "Redirect, nocanon, kept": "AllowEncodedSlashes NoDecode\n"
    "<Location /admin>\n  Redirect gone\n</Location>\n" + _RAW,
    "SetEnvIf": _ENV + _ROOT,
    "SetEnvIf, nocanon, kept": "AllowEncodedSlashes NoDecode\n" + _ENV + _RAW,
    "SetEnvIf grants": _ONLY_ENV + _ROOT,
    "SetEnvIf grants, nocanon, kept": "AllowEncodedSlashes NoDecode\n"
    + _ONLY_ENV
    + _RAW,
    "Proxy": "<Proxy http://127.0.0.1:{m0}/admin>\n  Require all denied\n</Proxy>\n"
    + _ROOT,
    "ProxyPassMatch": _DENIED + "ProxyPassMatch ^/(.*)$ http://127.0.0.1:{m0}/$1\n",
    "ProxyPassMatch, slashes as they are": "MergeSlashes Off\n"
    + _DENIED
    + "ProxyPassMatch ^(.*)$ http://127.0.0.1:{m0}$1\n",
    "below a prefix": _DENIED + "ProxyPass /x/ http://127.0.0.1:{m0}/\n",
    "below a prefix, nocanon, kept": "AllowEncodedSlashes NoDecode\n"
    + _DENIED
    + "ProxyPass /x/ http://127.0.0.1:{m0}/ nocanon\n",
    "a group behind a slash": _DENIED.replace("/admin", "/y/admin")
    + "ProxyPassMatch ^/x(.*)$ http://127.0.0.1:{m0}/y/$1\n",
    "a group behind a slash, nocanon": _DENIED.replace("/admin", "/y/admin")
    + "ProxyPassMatch ^/x(.*)$ http://127.0.0.1:{m0}/y/$1 nocanon\n",
    "a member of its own": "ProxyPass /admin http://127.0.0.1:{m1}/admin\n" + _ROOT,
    "a member of its own, nocanon, kept": "AllowEncodedSlashes NoDecode\n"
    "ProxyPass /admin http://127.0.0.1:{m1}/admin\n" + _RAW,
    "one file": _DENIED + "ProxyPass /admin http://127.0.0.1:{m0}/admin\n",
}

# {host} is the virtual host's name.
_SPELLED = r"""
/ /admin /admin/ /admin/x /adminx /admin/x/ /x/admin /x/
//admin ///admin //admin//x /x//admin /x//.. /x//../admin /x/..//admin //x/../admin
//x//..//admin /x///../../admin /admin//x /admin///
/./admin /././admin /.//admin //./admin /x/./../admin /x/../admin /x/../admin/x
/../admin /x/../../admin /.. /. /.../admin /x/.. /x/../ /x/.
/admin/. /admin/.. /admin/../x /admin/./x /admin/... /admin/../admin
/a/b/../../admin /a/b/../..//admin /a/../b/../admin /x/y/../../../admin
/admin/..;/x /..;/admin /x/..;/admin /x/..;y=1/admin /;/admin /;x/admin /.;/admin
/x/.;/admin /admin; /admin;x=1 /admin;x/y /admin/;x /x;/../admin /x;/..;/admin
/x/..%3b/admin /admin%3bx /admin%3b /x/%2e%2e;/admin
/%61dmin /%61%64%6d%69%6e /admi%6e /admi%6E/x /%2561dmin /%61dmin/x /x/%61dmin
/%2e/admin /%2E/admin /x/%2e%2e/admin /x/.%2e/admin /x/%2e./admin /x/%2E%2E/admin
/%2e%2e/admin /x/%252e%252e/admin /a/b/%2e%2e/%2e%2e/admin /admin%2e /admin%2e%2e
//%2e%2e/admin /x//%2e%2e/admin /admin/%2e%2e/x
/x%2f..%2fadmin /x/..%2fadmin /x%2f../admin /x/..%2Fadmin /x/%2e%2e%2fadmin /%2fadmin
/%2Fadmin /admin%2f /admin%2fx /admin%2F..%2fx /x%2fadmin /x%2f%2e%2e%2fadmin
/x%2f/../admin /.%2fadmin /%2e%2fadmin /%2f%2fadmin /x/%2fadmin /admin/%2fx
/x/y%2f..%2f..%2fadmin /x/..%2f..%2fadmin /x/%2e%2e/..%2fadmin /x/%252fadmin
/x/y%2fz /x/%2e%2fadmin /x/..%2f /x/..%2f..%2f
/admin%5cx /x%5c..%5cadmin /x/..%5cadmin /%5cadmin /x/%2e%2e%5cadmin
/\admin /x\..\admin /admin\x /x/..\admin \admin
/admin%00 /admin%00/x /%00admin /x%00/../admin
/admin%20 /admin%09 /admin%0d%0a /admin%0a /admin%7f /%0aadmin /x%0a/../admin
/admin% /admin%2 /admin%zz /%u0061dmin /%%61dmin /%25%36%31dmin
/ADMIN /Admin/x /admin. /admin./x /admin..
/admin?x /admin? /x?/../admin /?/admin /admin/?x=/.. /x%3f/../admin /admin%3fx
/admin?%2f..%2fx /x/..?/admin
/admin#x /x#/../admin /#/admin /admin%23x /x%23/../admin /admin?x#y
http://{host}/admin http://{host}//admin http://{host}/x/../admin http://{host}/%61dmin
http://{host} HTTP://{host}/admin http://{host}/admin%2fx http://{host}:80/admin
http://{host}/x/..%2fadmin http://u@{host}/admin http://{host}?/admin
https://{host}/admin //{host}/admin http:///admin http:/admin
admin admin/x ./admin ../admin x/../admin ?/admin
OPTIONS:* OPTIONS:/admin OPTIONS:/%61dmin HEAD:/admin HEAD://admin POST:/admin
PUT:/x/../admin DELETE:/./admin TRACE:/admin GET:* BREW:/%61dmin
/admin%c0%af /%c0%ae%c0%ae/admin /%ef%bc%8fadmin /%e1dmin /%C3%A1dmin
/~admin /x/~/../admin /admin+ /admin: /admin, /admin= /admin&x /admin! /admin'
/admin" /<admin> /admin| /admin^ /admin` /{admin} /[admin] /admin(x) /admin*x /admin$x
/admin@x /adm%69n%3Fx /x/%23/../admin
/admin%3b~%252f.. /x%2f..%2fadmin;q%2f.. /admin;\.. /x/..;/admin/..%3b/y
/admin%2f%2f.. /;//admin///..;a /x%2f..%2fadmin%2fy%252f..%252f..
/admin;a%2f..;b /x\..\admin;\.. /admin/x;/..%2f..
/x../admin /x..;/admin /x%2e%2e/admin /x..%5cadmin /x..%2fadmin /x.. /x.../admin
"""
SPELLINGS = (*_SPELLED.split(), "/\xe1dmin", "/admin\xff", "/x\x7f/admin")


def host_of(number: int) -> str:
    """The name of a setting's virtual host."""
    return f"s{number}.test"


def configuration() -> Conf:
    """All settings, each in a virtual host of its own."""
    hosts = "".join(
        f"<VirtualHost 127.0.0.1:{{port}}>\nServerName {host_of(number)}\n{text}"
        "</VirtualHost>\n"
        for number, text in enumerate(SETTINGS.values())
    )
    return Conf("spellings", hosts)


def request_of(spelling: str, host: str, number: int) -> bytes:
    """The request for a row; the member finds the row's number in it.

    A word in capitals before the target is the method, unless it is a scheme.
    """
    method, mark, target = spelling.partition(":")
    if not mark or not method.isupper() or target.startswith("//{"):
        method, target = "GET", spelling
    line = f"{method} {target.replace('{host}', host)} HTTP/1.1"
    length = "Content-Length: 0\r\n" if method in ("POST", "PUT") else ""
    return f"{line}\r\nHost: {host}\r\nX-Row: {number}\r\n{length}\r\n".encode(
        "latin-1"
    )


class _Asking:
    """A client's connection, made anew whenever the server ended it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.sock: socket.socket | None = None

    def close(self) -> None:
        if self.sock is not None:
            self.sock.close()
        self.sock = None

    def status(self, data: bytes) -> int:
        """Ask, and read the whole response; 0: none came."""
        if self.sock is None:
            self.sock = socket.create_connection(
                ("127.0.0.1", self.port), ANSWER_SECONDS
            )
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.sendall(data)
        stream = self.sock.makefile("rb")
        line = stream.readline().split(b" ")
        fields = {}
        while (text := stream.readline()) not in (b"\r\n", b""):
            name, _, value = text.partition(b":")
            fields[name.lower()] = value.strip()
        chunked = b"chunked" in fields.get(b"transfer-encoding", b"")
        if not data.startswith(b"HEAD"):
            if chunked:
                while size := int(stream.readline() or b"0", 16):
                    stream.read(size + 2)
                stream.readline()
            elif b"content-length" in fields:
                stream.read(int(fields[b"content-length"]))
            else:
                stream.read()
                self.close()
        if fields.get(b"connection", b"").lower() == b"close":
            self.close()
        return int(line[1]) if len(line) > 1 else 0


def play(product: Product) -> Rows:
    """What a server does with every spelling under every setting."""
    members = [Member("m0"), Member("m1")]
    ports = {member.name: member.port for member in members}
    ports.update(free_ports(("port",)))
    found: Rows = {name: {} for name in SETTINGS}
    keys: list[tuple[str, str]] = []
    try:
        with directory() as root, running(product, configuration(), ports, root):
            client = _Asking(ports["port"])
            for number, setting in enumerate(SETTINGS):
                for spelling in SPELLINGS:
                    data = request_of(spelling, host_of(number), len(keys))
                    keys.append((setting, spelling))
                    found[setting][spelling] = [client.status(data)]
            client.close()
    finally:
        for member in members:
            member.close()
    for member in members:
        before = "" if member.name == "m0" else f"{member.name} "
        for one in member.received:
            setting, spelling = keys[int(fields_of(one.head)["x-row"])]
            target = one.head.decode("latin-1").split(" ")[1]
            found[setting][spelling].append(before + target)
    return found


def without_files() -> Product:
    """fastlb with a root that is not there: what no mapping takes is 404, as with
    httpd, which has no module here that looks into directories."""
    return replace(fastlb(), options=("-c", "DocumentRoot /none-such"))


def unlike(httpd: Rows, ours: Rows) -> Rows:
    """Our rows that are not as httpd's."""
    return {
        setting: rows
        for setting, found in ours.items()
        if (rows := {s: row for s, row in found.items() if row != httpd[setting][s]})
    }


def recorded(whose: str = "httpd") -> Rows:
    """Rows as they are kept: httpd's, or those of fastlb that differ."""
    return dict(json.loads(RECORDED.read_text())[whose])


def keep(httpd: Rows, ours: Rows) -> None:
    """Write both, a line for each row."""
    parts = []
    for whose, rows in (("httpd", httpd), ("fastlb", unlike(httpd, ours))):
        settings = []
        for setting, found in rows.items():
            inner = ",\n".join(
                f"   {json.dumps(spelling)}: {json.dumps(row)}"
                for spelling, row in found.items()
            )
            settings.append(f"  {json.dumps(setting)}: {{\n{inner}\n  }}")
        parts.append(f' "{whose}": {{\n' + ",\n".join(settings) + "\n }")
    version = f' "version": {json.dumps(apache_version())},\n'
    RECORDED.write_text("{\n" + version + ",\n".join(parts) + "\n}\n")


if __name__ == "__main__":
    keep(play(apache()), play(without_files()))
    sys.stdout.write(f"{len(SETTINGS)} settings, {len(SPELLINGS)} spellings\n")
