"""Each word that declarations know, in the smallest configuration that holds it.

    cd tests/unit; python every_word.py > data/httpd_words.json

records what the installed httpd says of each; "" is that it takes it.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from fastlb.config.checks import Choice
from fastlb.config.directives import balancer_params
from fastlb.config.directives.balancer_params import BALANCER
from fastlb.config.directives.member_params import MEMBER
from fastlb.config.registry import Args, Context, Directive, Status, collect

MODULES = Path("/usr/lib/apache2/modules")
# One value of each parameter that takes any but a number.
VALUES = {
    "agentcheck": "127.0.0.1:9",
    "agentinterval": "5",
    "acquire": "1ms",
    "failonstatus": "503",
    "failontimeout": "on",
    "flusher": "flush",
    "hashkey": "uri",
    "hashload": "150",
    "flushpackets": "auto",
    "forcerecovery": "on",
    "hcinterval": "5",
    "hcmethod": "HEAD",
    "hctemplate": "",  # the name of something declared elsewhere
    "hcexpr": "",
    "hcuri": "/",
    "hctimeout": "5",
    "hcstart": "up",
    "hcheaders": "a:b",
    "iobuffersize": "8192",
    "keepalive": "on",
    "disablereuse": "on",
    "enablereuse": "on",
    "maxscope": "global",
    "nofailover": "on",
    "nonce": "none",
    "proxyprotocol": "v1",
    "receivebuffersize": "8192",
    "ejecton": "failures:5",
    "ejectmax": "30%",
    "ejecttime": "40",
    "retrybudget": "30%",
    "retryonstatus": "503",
    "routeregex": "[.](.*)",
    "scolonpathdelim": "on",
    "slowstart": "30",
    "status": "+H",
    "stickycookie": "LB",
    "stickykey": "/etc/passwd",  # long enough to be one
    "stickysessionsep": "_",
    "upgrade": "websocket",
}
# Words beyond one for each parameter.
MORE = {
    "status": ("hot_standby", "+D-E", "HI", "R", "C"),
    "upgrade": ("ANY", "NONE", "*"),
    "flushpackets": ("on", "off"),
    "hashkey": ("header:X-Key", "cookie:sid"),
    "hcmethod": ("TCP", "OPTIONS", "GET", "GET11", "HEAD11", "OPTIONS11", "CPING"),
    "stickycookie": ("LB;Path=/a;Domain=a.test;Max-Age=60;SameSite=None;Partitioned",),
    "stickysessionsep": ("Off",),
}


def words_of(item: Directive) -> Iterator[str]:
    if item.args is Args.FLAG:
        yield from ("On", "Off")
    elif isinstance(item.check, Choice) and item.args is Args.ONE:
        yield from item.check.words


def in_its_place(item: Directive, line: str) -> str:
    if Context.SERVER in item.contexts:
        return line
    if Context.VHOST in item.contexts:
        return f"<VirtualHost *:80>\n{line}\n</VirtualHost>"
    section = "Directory" if item.name.startswith("AllowOverride") else "Location"
    return f'<{section} "/">\n{line}\n</{section}>'


def values_of(key: str) -> Iterable[str]:
    """What is shown of a parameter."""
    if key == "lbmethod":
        return balancer_params.LBMETHODS
    value = VALUES.get(key, "1")
    return (value, *MORE.get(key, ())) if value else ()


def every_word(declared: Iterable[Directive]) -> Iterator[tuple[str, str]]:
    """(name, configuration), apart from the directives that all need."""
    for item in declared:
        if item.status in (Status.SERVED, Status.EXPLAINED) and not item.is_section:
            for word in words_of(item):
                yield f"{item.name} {word}", in_its_place(item, f"{item.name} {word}")
    member = "BalancerMember http://127.0.0.1:9"
    for key in dict.fromkeys((*MEMBER.names(), *BALANCER.names())):
        for value in values_of(key):
            pair = f"{key}={value}"
            for where, lines in (
                ("member", f"{member} {pair}"),
                ("balancer", f"{member}\nProxySet {pair}"),
            ):
                block = f"<Proxy balancer://b>\n{lines}\n</Proxy>"
                yield f"{where} {pair}", block


def httpd_says(text: str, folder: str) -> str:
    """The complaint of `apache2 -t`, without its place; "" when it is sound."""
    loads = [
        f"LoadModule {name}_module {MODULES}/mod_{name}.so"
        for path in sorted(MODULES.glob("mod_*.so"))
        if not (name := path.stem.removeprefix("mod_")).startswith("mpm_")
        or name == "mpm_event"
    ]
    head = [f"ServerRoot {folder}", "ServerName x", "ErrorLog /dev/null", "Listen 8080"]
    conf = Path(folder, "httpd.conf")
    conf.write_text("\n".join([*head, f"DefaultRuntimeDir {folder}", *loads, text, ""]))
    done = subprocess.run(
        ["apache2", "-t", "-f", str(conf)],
        capture_output=True,
        encoding="latin-1",
        check=False,
    )
    if done.returncode == 0:
        return ""
    return done.stderr.strip().splitlines()[-1].replace(folder, "/")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        said = {name: httpd_says(text, folder) for name, text in every_word(collect())}
    print(json.dumps(said, indent=1))


if __name__ == "__main__":
    main()
