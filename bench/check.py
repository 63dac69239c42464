"""How long reading and checking ten thousand lines takes, by what they are.

    python bench/check.py [--lines 10000] [--bar 1.0]

Each shape of configuration is one that is written by hands or by programs: many hosts
with a few lines each, one host with thousands of mappings, sections, redirects ... The
time is that of the processor (user and system) for a whole `fastlb -t`, its start
included, the least of three; beside it is told how many times that of half the lines it
is, the start left out of both. Ends with 1 when one is over the bar.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import certificate

PLACE = Path(__file__).resolve().parent.parent
RUNS = 3
HEAD = 'Listen 8080\nUser nobody\nLogFormat "%h %t" common\n'


def hosts(number: int) -> str:
    return f"""\
<VirtualHost *:8080>
    ServerName host{number}.test
    ServerAlias www.host{number}.test
    CustomLog access{number % 7}.log common
    ProxyPreserveHost On
    RequestHeader set X-Forwarded-Proto "http"
    Header always set X-Frame-Options DENY
    <Proxy balancer://app{number}>
        BalancerMember http://10.0.{number % 250}.1:8080 route=a
        BalancerMember http://10.0.{number % 250}.2:8080 route=b
        ProxySet stickysession=JSESSIONID|jsessionid
    </Proxy>
    ProxyPass /static/ http://10.1.{number % 250}.1:8080/static/
    ProxyPass /api/ balancer://app{number}/api/
    ProxyPassReverse /api/ balancer://app{number}/api/
    ProxyPass / balancer://app{number}/
    ProxyPassReverse / balancer://app{number}/
    SetEnvIf User-Agent "bot{number}" is_bot
    <Location /admin>
        Require ip 10.0.0.0/8
    </Location>
    <LocationMatch "^/private{number}/.*">
        Require all denied
    </LocationMatch>
    Redirect permanent /old{number} https://host{number}.test/new
</VirtualHost>
"""


def small_hosts(number: int) -> str:
    return f"<VirtualHost *:8080>\nServerName host{number}.test\n</VirtualHost>\n"


def mappings(number: int) -> str:
    url = f"http://10.0.{number // 250}.{number % 250}:8080/app{number}/"
    return f"ProxyPass /app{number}/ {url}\nProxyPassReverse /app{number}/ {url}\n"


def balancers(number: int) -> str:
    return f"""\
<Proxy balancer://app{number}>
BalancerMember http://10.0.{number // 250}.{number % 250}:8080
</Proxy>
ProxyPass /app{number}/ balancer://app{number}/
"""


def undefined(number: int) -> str:
    return f"ProxyPass /app{number}/ balancer://none{number}/\n"


def members(number: int) -> str:
    lines = [f"BalancerMember http://10.{number}.0.{n}:8080\n" for n in range(250)]
    section = f"<Proxy balancer://app{number}>\n{''.join(lines)}</Proxy>\n"
    return f"{section}ProxyPass /app{number}/ balancer://app{number}/\n"


def sections(number: int) -> str:
    return f"<Location /app{number}/>\nRequire ip 10.0.0.0/8\n</Location>\n"


def matches(number: int) -> str:
    return f"ProxyPassMatch ^/app{number}/(.*) http://127.0.0.1:8080/$1\n"


def mixed(number: int) -> str:
    return (
        matches(number) + mappings(number).replace("/app", "/path") + redirects(number)
    )


def redirects(number: int) -> str:
    return f"Redirect permanent /old{number} https://host.test/new{number}\n"


def headers(number: int) -> str:
    name = f"A{number}"
    return f'Header set X-{name} "%{{{name}}}e"\nSetEnvIf A "b{number}" {name}\n'


def notes(number: int) -> str:
    return f"AddType application/x-{number} .a{number}\n<Directory /a>\n</Directory>\n"


def wrong(number: int) -> str:
    return f"Timeuot {number}\n"


def rewrites(number: int) -> str:
    return f"""\
RewriteEngine On
RewriteCond %{{HTTP_HOST}} ^host{number}\\.test$ [NC]
RewriteCond %{{QUERY_STRING}} (?:^|&)id=(\\d+)
RewriteRule ^/old{number}/(.*)$ /new/$1?id=%1 [R=301,L]
RewriteRule ^/app{number}/(.*)$ http://10.0.0.{number % 250}:8080/$1 [P,L]
"""


def expressions(number: int) -> str:
    return f"""\
<If "%{{REQUEST_URI}} =~ m#^/app{number}/# && %{{HTTP:X-Kind}} == 'k{number}'">
Header set X-Which {number}
</If>
"""


def parameters(number: int) -> str:
    base = f"http://10.0.{number // 250}.{number % 250}:8080"
    return f"""\
<Proxy balancer://app{number}>
BalancerMember {base}/a route=a loadfactor=2 retry=5 timeout=10 keepalive=On ping=2
BalancerMember {base}/b route=b status=+H connectiontimeout=500ms acquire=300
ProxySet lbmethod=bybusyness stickysession=ROUTE|route nofailover=Off maxattempts=2
</Proxy>
ProxyPass /app{number} balancer://app{number} timeout=20 nocanon
ProxyPass /one{number} {base}/one{number} connectiontimeout=2 timeout=30 retry=0
"""


def directories(number: int) -> str:
    return f"""\
<Directory /srv/site{number}>
Options -Indexes +FollowSymLinks
AllowOverride None
Require all granted
</Directory>
Alias /site{number} /srv/site{number}
"""


def sites(number: int) -> str:
    return f"""\
<VirtualHost *:8080>
ServerName host{number}.test
DocumentRoot /srv/host{number}
<Directory /srv/host{number}>
AllowOverride None
Require all granted
</Directory>
<FilesMatch "\\.(inc|bak)$">
Require all denied
</FilesMatch>
</VirtualHost>
"""


def tls_hosts(number: int) -> str:
    return f"""\
<VirtualHost *:8443>
ServerName host{number}.test
SSLEngine On
SSLCertificateFile server.crt
SSLCertificateKeyFile server.key
SSLProtocol -all +TLSv1.2 +TLSv1.3
ProxyPass / http://10.0.{number // 250}.{number % 250}:8080/
</VirtualHost>
"""


def macros(number: int) -> str:
    """Of a file of its own that others use: one line is six."""
    begin = "" if number else MACRO
    return begin + "".join(f"Use App {number * 10 + one}\n" for one in range(10))


def includes(number: int) -> str:
    """A file with a host for each line."""
    return f"Include hosts/{number}.conf\n"


MACRO = """\
<Macro App $number>
<Location /app$number/>
ProxyPass http://10.0.0.1:8080/app$number/
ProxyPassReverse http://10.0.0.1:8080/app$number/
Require ip 10.0.0.0/8
</Location>
</Macro>
"""
SHAPES: tuple[Callable[[int], str], ...] = (
    *(hosts, small_hosts, mappings, balancers, undefined, members, sections, matches),
    *(mixed, redirects, headers, notes, wrong, rewrites, expressions, parameters),
    *(directories, sites, tls_hosts, macros, includes),
)


def text_of(shape: Callable[[int], str], lines: int) -> str:
    """So many lines, those of files and macros counted as if they stood there."""
    weight = {macros: 6, includes: 8}.get(shape, 1)
    head = HEAD + ("Listen 8443\n" if shape is tls_hosts else "")

    def pieces() -> Iterator[str]:
        left, number = lines, 0
        while left > 0:
            piece = shape(number)
            left -= piece.count("\n") * weight
            number += 1
            yield piece

    return head + "".join(pieces())


def write(shape: Callable[[int], str], lines: int, folder: Path) -> None:
    (folder / "httpd.conf").write_text(text_of(shape, lines))
    if shape is tls_hosts:
        certificate.make("ec", host="*.test").write(folder)
    if shape is includes:
        (folder / "hosts").mkdir(exist_ok=True)
        for number in range(lines // 8 + 1):
            text = tls_hosts(number).replace("8443", "8080").replace("SSL", "#SSL")
            (folder / "hosts" / f"{number}.conf").write_text(text)


def seconds(shape: Callable[[int], str], lines: int, folder: Path) -> float:
    """Of the processor, for the check of so many lines."""
    write(shape, lines, folder)
    command = [sys.executable, "-m", "fastlb", "-t", "-d", folder, "-f", "httpd.conf"]
    # As it is installed: compiled, by the first of the runs
    environ = {**os.environ, "PYTHONPYCACHEPREFIX": f"{folder}/compiled"}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)

    def once() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            command, cwd=PLACE, env=environ, capture_output=True, check=False
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    return min(once() for _ in range(RUNS))


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--lines", type=int, default=10_000)
    words.add_argument("--bar", type=float, default=1.0, help="seconds")
    words.add_argument("shapes", nargs="*", help="some of them; all without")
    asked = words.parse_args()
    slow = False
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for shape in SHAPES:
            if asked.shapes and shape.__name__ not in asked.shapes:
                continue
            start, half, whole = (
                seconds(shape, lines, folder)
                for lines in (1, asked.lines // 2, asked.lines)
            )
            slow = slow or whole > asked.bar
            growth = (whole - start) / max(half - start, 0.001)
            print(
                f"{shape.__name__:12} {whole:6.3f} s  x{growth:.1f}"
                f"  of which {start:.3f} s are the start",
                flush=True,
            )
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
