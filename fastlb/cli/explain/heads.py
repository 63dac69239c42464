"""The head that goes out to the member, and what becomes of the one that comes back.

The core has composed the first (`core/flow/rewrite.pyx`); here its fields get the
directive that put them there, or left them out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from fastlb.cli.explain.access import who_knows
from fastlb.cli.explain.standing import Standing
from fastlb.cli.explain.step import NOWHERE, Step, line_of
from fastlb.cli.explain.told import text_of_bytes
from fastlb.facts.filters import Filter
from fastlb.facts.vhost import DirConf, Line, VHost
from fastlb.facts.words import Via

Found = Mapping[str, Any]
WAY_BACK = (
    *("reverse_maps", "cookie_domains", "cookie_paths", "header_rules"),
    *("error_override", "error_documents"),
    *(
        "output_filters",
        "ending_filters",
        "smart_filters",
        "filter_chain",
        "substitutions",
        "html",
    ),
)
# They say what a link is: Debian's configuration has twenty of them.
UNTOLD = ("ProxyHTMLLinks ", "ProxyHTMLEvents ")
FILTERS = ("output_filters", "ending_filters", "smart_filters", "filter_chain")
FILTERED = "a filter of the body, if the answer's head and the client's allow it"
PAGES = "of links in pages that are not coded"
ADDED = ("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Server")
# Of a client's connection alone (RFC 9110 7.6.1), or written anew.
HOP_BY_HOP = {
    *("connection", "keep-alive", "proxy-connection", "te", "trailer", "upgrade"),
    *("transfer-encoding", "content-length", "proxy-authorization", "expect"),
}


class Heads:
    """Both heads of one request. confs: the settings that apply, the host's first."""

    def __init__(
        self, standing: Standing, vhost: VHost, confs: Sequence[DirConf], found: Found
    ) -> None:
        self.standing = standing
        self.vhost = vhost
        self.confs = confs
        self.found = found

    def out(self, asked: Sequence[str], sent: Sequence[str]) -> Iterator[Step]:
        """What stands in the member's head, and why; asked: the client's fields."""
        kind = "request head"
        names = [line.partition(":")[0].lower() for line in sent[1:]]
        keeps, line = self._flag("preserve_host")
        protocol = self.found.get("protocol", "")
        if protocol:
            yield Step(
                kind,
                f"by {protocol}",
                "fields go on as they are, Host too; who asks, where and how is told "
                "beside them, not by X-Forwarded-* or Via",
            )
            yield from self._kept_back(kind, asked, names)
            return
        host = next((text for text in sent if text.lower().startswith("host:")), "Host")
        why = "the client's (ProxyPreserveHost)" if keeps else "the member's own name"
        yield Step(kind, host, why, line)
        adds, line = self._flag("add_headers")
        if adds is not False:
            text = ", ".join(name for name in ADDED if name.lower() in names)
            yield Step(kind, text, "ProxyAddHeaders adds them", line)
        elif "x-forwarded-for" not in names:
            yield Step(kind, "no X-Forwarded-For", "ProxyAddHeaders Off", line)
        if self.vhost.proxy_via is not Via.OFF:
            yield Step(kind, *self._via())
        yield from self._kept_back(kind, asked, names)

    def back(self) -> Iterator[Step]:
        """What is done to the member's answer."""
        kind = "way back"
        changes_pages = self._changes_pages()
        for conf in self.confs:
            told: set[Line] = set()  # one line may set two of them
            for name in WAY_BACK:
                for line in dict.fromkeys(conf.lines.get(name, ())):
                    why = FILTERED if name in FILTERS else ""
                    text = self.standing.texts.get(line, name)
                    if name == "html":
                        if not changes_pages or text.startswith(UNTOLD):
                            continue
                        why = PAGES
                    if line not in told or not why:
                        yield Step(kind, text, why, line)
                    told.add(line)
        if not any(conf.reverse_maps for conf in self.confs):
            why = "a Location that names the member goes to the client as it is"
            yield Step(kind, "no ProxyPassReverse", why)
        if self.vhost.proxy_via in (Via.ON, Via.FULL) and "protocol" not in self.found:
            yield Step(kind, *self._via())

    def _changes_pages(self) -> bool:
        """Is mod_proxy_html at work, be it among filters that are set?"""
        on = False
        for conf in self.confs:
            if conf.html is not None:
                on = conf.html.enabled or (on and not conf.html.resets)
            on = on or any(
                Filter.HTML in said.filters
                for said in (conf.output_filters, *conf.ending_filters)
                if said is not None
            )
        return on

    def _flag(self, name: str) -> tuple[bool | None, Line]:
        """(a switch by the last section that says it, where); None: nobody does."""
        for conf in reversed(self.confs):
            value = getattr(conf, name)
            if value is not None:
                return value, conf.lines.get(name, (NOWHERE,))[0]
        return None, NOWHERE

    def _via(self) -> tuple[str, str, Line]:
        line = self.standing.place("ProxyVia", self.vhost)
        text = self.standing.texts.get(line, f"ProxyVia {self.vhost.proxy_via.value}")
        if self.vhost.proxy_via is Via.BLOCK:
            return text, "takes Via out of both heads", line
        return text, "Via names this server in both heads", line

    def _kept_back(
        self, kind: str, asked: Sequence[str], names: Sequence[str]
    ) -> Iterator[Step]:
        named = {
            word.strip().lower()
            for text in asked
            if text.lower().startswith("connection:")
            for word in text.partition(":")[2].split(",")
        }
        for text in asked:
            name = text.partition(":")[0].strip()
            if name.lower() in (*names, "host"):
                continue
            if name.lower() in HOP_BY_HOP or name.lower() in named:
                why = "is of the client's connection alone (hop-by-hop)"
            else:
                why = "a rule takes it out"
            yield Step(kind, f"without {name}", why)


def error_steps(
    standing: Standing, found: Found, conf_of: Callable[[int], DirConf], status: int
) -> Iterator[Step]:
    """What an error is told with: its challenge and its ErrorDocument."""
    if found["challenge"]:
        challenge = text_of_bytes(found["challenge"])
        confs = [conf_of(section) for section in found["sections"]]
        who = who_knows(confs) if challenge.startswith("Basic") else ""
        yield Step("challenge", challenge, f"AuthType, AuthName{who}")
    document = standing.explainer.document(status)
    if document is None:
        return
    section, number, made = document
    line = line_of(conf_of(section), "error_documents", number)
    text = text_of_bytes(made)
    if text[:1] == '"':
        why = f"the text is {text[1:]}"
    elif text[:1] == "/":
        why = f"{text} is asked for in its place"
    elif status == 401 or not text:
        why = "the page that is built in"
    else:
        why = f"a redirect to {text}"
    written = standing.texts.get(line, f"ErrorDocument {status}")
    yield Step("document", written, why, line)
