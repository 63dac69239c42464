"""How long reading and checking ten thousand lines takes, by what they are.

    python bench/check.py [--lines 10000] [--bar 1.0]

Each shape of configuration is one that is written by hands or by programs: many hosts
with a few lines each, one host with thousands of mappings, sections, redirects ... The
time is processor time of `fastlb.master.loading.load`, the least of three; beside it is
told how many times that of half the lines it is. Ends with 1 when one is over the bar.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from fastlb.cli.options import parse
from fastlb.cli.serve import source_of
from fastlb.master.loading import load

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


def redirects(number: int) -> str:
    return f"Redirect permanent /old{number} https://host.test/new{number}\n"


def headers(number: int) -> str:
    name = f"A{number}"
    return f'Header set X-{name} "%{{{name}}}e"\nSetEnvIf A "b{number}" {name}\n'


def notes(number: int) -> str:
    return f"AddType application/x-{number} .a{number}\n<Directory /a>\n</Directory>\n"


def wrong(number: int) -> str:
    return f"Timeuot {number}\n"


SHAPES: tuple[Callable[[int], str], ...] = (
    *(hosts, small_hosts, mappings, balancers, undefined, members, sections, matches),
    *(redirects, headers, notes, wrong),
)


def text_of(shape: Callable[[int], str], lines: int) -> str:
    def pieces() -> Iterator[str]:
        left, number = lines, 0
        while left > 0:
            piece = shape(number)
            left -= piece.count("\n")
            number += 1
            yield piece

    return HEAD + "".join(pieces())


def seconds(shape: Callable[[int], str], lines: int, folder: Path) -> float:
    conf = folder / "httpd.conf"
    conf.write_text(text_of(shape, lines))
    source = source_of(parse(["-f", str(conf), "-d", str(folder)]), "/", "httpd.conf")

    def once() -> float:
        began = time.process_time()
        load(source)
        return time.process_time() - began

    return min(once() for _ in range(3))


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--lines", type=int, default=10_000)
    words.add_argument("--bar", type=float, default=1.0, help="seconds")
    asked = words.parse_args()
    slow = False
    with tempfile.TemporaryDirectory() as folder:
        for shape in SHAPES:
            half = seconds(shape, asked.lines // 2, Path(folder))
            whole = seconds(shape, asked.lines, Path(folder))
            slow = slow or whole > asked.bar
            print(f"{shape.__name__:12} {whole:6.3f} s  x{whole / half:.1f}")
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
