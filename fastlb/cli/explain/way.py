"""The way of a request in steps: what was decided, why, where it stands, what lost.

The core has decided (`core/flow/explain.pyx`); here its numbers get the names and
places that the model knows.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import urlsplit

from fastlb.base.masking import masked_field, masked_users, masked_value
from fastlb.cli.explain.access import (
    BECAUSE,
    DENIALS,
    VERDICTS,
    access_text,
    flat,
    unmapped,
)
from fastlb.cli.explain.asked import Asked, arrival, is_address, packed
from fastlb.cli.explain.election import election_steps
from fastlb.cli.explain.heads import Heads, error_steps
from fastlb.cli.explain.own_files import at_path
from fastlb.cli.explain.rules import rewrite_steps
from fastlb.cli.explain.standing import Standing
from fastlb.cli.explain.step import NOWHERE, Step, line_of
from fastlb.cli.explain.told import lines_of, status_line, text_of_bytes
from fastlb.facts.mapping import Mapping
from fastlb.facts.numbered import (
    BY_HANDLER,
    BY_RULE,
    conf_numbered,
    ifs_of,
    mapping_numbered,
    placed_of,
)
from fastlb.facts.rewrite_maps import maps_by_program
from fastlb.facts.vhost import (
    DirConf,
    Line,
    SectionKind,
    VHost,
)
from fastlb.model.request_ids import TRACE_FIELDS


@dataclass(frozen=True, slots=True)
class Way:
    """Where a request goes.

    outcome  "member", "file", "redirect", "handler", "tunnel", "here" or "error"
    status   of an answer that is made here; 0: the member's
    goes_to  "balancer://name", a member's URL, the place of a redirect, or the status
    member   its URL, "" where none is asked
    sent     the head that the member gets
    """

    asked: Asked
    steps: tuple[Step, ...]
    outcome: str
    status: int
    goes_to: str
    member: str = ""
    target: str = ""
    sent: tuple[str, ...] = ()
    answer: tuple[str, ...] = ()
    as_of: str = ""  # whose members and counts these are


def way_of(standing: Standing, asked: Asked, answer: Sequence[str] = ()) -> Way:
    """Explain one request. Raises AskedError. answer: fields of a member's answer."""
    way = _Story(standing, asked).told(answer)
    shown = partial(masked_users, secrets=standing.secrets)
    return replace(
        way,
        steps=tuple(_masked(step, shown) for step in way.steps),
        goes_to=shown(way.goes_to),
        member=shown(way.member),
        target=shown(way.target),
        sent=tuple(map(shown, way.sent)),
        answer=tuple(map(shown, way.answer)),
    )


def _masked(step: Step, shown: Callable[[str], str]) -> Step:
    """What rules make of a line may show its secrets in other places."""
    return replace(
        step,
        text=shown(step.text),
        why=shown(step.why),
        lost=tuple(_masked(one, shown) for one in step.lost),
    )


class _Story:
    """One request, while it is told."""

    def __init__(self, standing: Standing, asked: Asked) -> None:
        self.standing = standing
        self.model = standing.model
        self.asked = asked
        self.arrival = arrival(self.model, asked)
        self.steps: list[Step] = []
        here = self.arrival
        self.found = standing.ask(
            here.head,
            here.listener,
            packed(asked.client),
            packed(here.local),
            name=here.host.encode() if here.tls and not is_address(here.host) else b"",
            client=asked.client,
        )
        self.vhost: VHost = self.model.vhosts[self.found["vhost"]]
        self.placed = placed_of(self.vhost)
        self.ifs = list(ifs_of(self.vhost))

    def told(self, answer: Sequence[str]) -> Way:
        self.listener()
        if self.found["tls"] is not self.arrival.tls:
            return self.wrong_scheme()
        self.host()
        if "sections" in self.found:
            self.sections()
            self.variables()
            confs = [self.conf(index) for index in self.found["sections"]]
            self.steps += rewrite_steps(
                self.found["rules"], self.vhost, confs, self.written
            )
            self.cipher()
            self.access()
            self.elsewhere()
            self.where()
        elif "program" in self.found:
            confs = [self.vhost.default_conf]
            self.steps += rewrite_steps(
                self.found["rules"], self.vhost, confs, self.written
            )
        outcome, status, goes_to, member = self.outcome()
        if outcome == "error" and "sections" in self.found:
            self.steps += error_steps(self.standing, self.found, self.conf, status)
        sent: tuple[str, ...] = ()
        back: tuple[str, ...] = ()
        if outcome == "member":
            sent = tuple(map(masked_field, lines_of(self.found["head"])))
            self.header_rules()
            confs = [self.conf(index) for index in self.found["sections"]]
            heads = Heads(self.standing, self.vhost, confs, self.found)
            self.steps += heads.out(self.asked.fields, sent)
            self.steps += heads.back()
            if answer:
                back = self.answered(answer)
        return Way(
            self.asked,
            tuple(self.steps),
            outcome,
            status,
            goes_to,
            member,
            text_of_bytes(self.found.get("target")),
            sent,
            back,
            self.standing.as_of,
        )

    def add(
        self,
        kind: str,
        text: str,
        why: str = "",
        line: Line = NOWHERE,
        lost: Sequence[Step] = (),
    ) -> None:
        self.steps.append(Step(kind, text, why, line, tuple(lost)))

    def written(self, line: Line, otherwise: str) -> str:
        return self.standing.texts.get(line, otherwise)

    # -- who is spoken to

    def listener(self) -> None:
        listener = self.model.listeners[self.arrival.listener]
        speaks = "TLS" if self.found["tls"] else "plain"
        arrived = f"the connection arrives at {self.arrival.local}:{listener.port}"
        self.add(
            "listener",
            f"Listen {listener.key}, {speaks}",
            self.arrival.remark or arrived,
            (listener.file, listener.line),
        )

    def wrong_scheme(self) -> Way:
        if self.arrival.tls:
            why = "the virtual host at this address speaks no TLS (SSLEngine)"
            self.add("end", "the handshake fails", why, self.vhost_line(self.vhost))
            return self.refused(0, "no handshake")
        why = "plain HTTP at an address that speaks TLS"
        self.add("end", status_line(400), why, self.vhost_line(self.vhost))
        return self.refused(400, "400")

    def refused(self, status: int, goes_to: str) -> Way:
        steps = tuple(self.steps)
        return Way(
            self.asked, steps, "error", status, goes_to, as_of=self.standing.as_of
        )

    def vhost_line(self, vhost: VHost) -> Line:
        """Of the main server that of its name."""
        if vhost.line:
            return vhost.file, vhost.line
        return self.standing.place("ServerName", vhost)

    def asked_host(self) -> str:
        """What the client calls us: Host, where one is given, replaces the URL's."""
        for line in self.asked.fields:
            field, _, value = line.partition(":")
            if field.strip().lower() == "host":
                return urlsplit(f"//{value.strip()}").hostname or ""
        return self.arrival.host

    def host(self) -> None:
        vhost, name = self.vhost, self.asked_host()
        others = [
            index for index in self.found.get("vhosts", ()) if index != vhost.index
        ]
        if not self.found.get("vhosts"):
            why = "the request was refused before its host was looked at"
        elif vhost.index == 0 and not others:
            why = "no <VirtualHost> has this address: it is the main server's"
        elif not others:
            why = "the only one at this address, whatever Host says"
        elif not self.found["vhost_named"]:
            why = f"the first one at this address: nobody is called {name}"
        elif name.lower() == vhost.server_name.lower():
            why = f"ServerName is {name}"
        else:
            why = f"ServerAlias matches {name}"
        lost = [
            Step("host", self.model.vhosts[i].server_name, "", self.vhost_line(item))
            for i in others
            for item in (self.model.vhosts[i],)
        ]
        self.add("host", vhost.server_name, why, self.vhost_line(vhost), lost)

    # -- what applies

    def conf(self, section: int) -> DirConf:
        """Numbers are those of the core: sections, and behind them <If>s."""
        return conf_numbered(self.vhost, section)

    def sections(self) -> None:
        applied = [index for index in self.found["sections"] if index >= 0]
        passed = [
            Step("section", self.section_text(index), "", self.section_line(index))
            for index, section in enumerate(self.vhost.sections)
            if index not in applied
            and section.kind in (SectionKind.LOCATION, SectionKind.LOCATION_MATCH)
        ]
        count = len(self.placed)
        passed += [
            Step(
                "section",
                self.section_text(index),
                self.why_not_if(index),
                self.section_line(index),
            )
            for index in range(count, count + len(self.ifs))
            if index not in applied
        ]
        for place, index in enumerate(applied):
            lost = passed if place == len(applied) - 1 else []
            text, line = self.section_text(index), self.section_line(index)
            self.add("section", text, self.why_section(index), line, lost)
        if not applied and passed:
            self.add("section", "none", "no section matches", lost=passed)

    def why_not_if(self, index: int) -> str:
        if self.ifs[index - len(self.placed)].is_else:
            return "one before it in its chain holds, or its own expression does not"
        return "its expression does not hold, or what it stands in does not apply"

    def why_section(self, index: int) -> str:
        if index >= len(self.placed):
            is_else = self.ifs[index - len(self.placed)].condition is None
            return "nothing before it held" if is_else else "its expression holds"
        kind = self.placed[index].kind
        is_proxy = kind in (SectionKind.PROXY, SectionKind.PROXY_MATCH)
        return (
            f"matches {'the target' if is_proxy else text_of_bytes(self.found['path'])}"
        )

    def section_text(self, index: int) -> str:
        if index >= len(self.placed):
            condition = self.ifs[index - len(self.placed)].condition
            text = "<Else>" if condition is None else f"<If {condition.text}>"
            return self.written(self.section_line(index), text)
        section = self.placed[index]
        text = f"<{section.kind.value} {section.pattern}>"
        return self.written((section.file, section.line), text)

    def section_line(self, index: int) -> Line:
        count = len(self.placed)
        if index >= count:
            return self.ifs[index - count].file, self.ifs[index - count].line
        section = self.placed[index]
        return section.file, section.line

    def variables(self) -> None:
        for section, kind, number in self.found["env_rules"]:
            conf = self.conf(section)
            name = "set_env_if" if kind == "if" else "env_rules"
            rule = getattr(conf, name)[number]
            value = self.found["env"].get(rule.variable)
            shown = "is removed"
            if rule.value is not None:
                shown = f"= {masked_value(rule.variable, text_of_bytes(value))!r}"
            line = line_of(conf, name, number)
            why = self.written(line, "")
            self.add("variable", f"{rule.variable} {shown}", why, line)

    def access(self) -> None:
        rules = self.found["access"]
        self.old_access()
        if not rules:
            return
        for section, verdicts in rules:
            conf = self.conf(section)
            assert conf.access is not None
            for (rule, depth), verdict in zip(flat(conf.access), verdicts, strict=True):
                line = (rule.file, rule.line)
                text = self.written(line, access_text(rule)) if rule.line else ""
                shown = "  " * depth + (text or access_text(rule))
                self.add("access", shown, VERDICTS[verdict], line)
            last = section
        denied = self.found["because"] in DENIALS or self.found["status"] == 401
        misread = self.found["misread"]
        why = f"as a member may read it: {text_of_bytes(misread)}" if misread else ""
        self.add(
            "access",
            "denied" if denied else "granted",
            why or f"by the rules of {self.place_of_conf(last)}",
        )

    def cipher(self) -> None:
        """SSLCipherSuite of a section: explain shakes no hands."""
        confs = [self.conf(section) for section in self.found["sections"]]
        said = [conf for conf in confs if conf.tls_ciphers is not None]
        if said and self.arrival.tls:
            self.add(
                "access",
                self.written(line_of(said[-1], "tls_ciphers", 0), "SSLCipherSuite"),
                "403 for a connection up to TLS 1.2 whose cipher is none of these;"
                " what follows is what another leads to",
                line_of(said[-1], "tls_ciphers", 0),
            )

    def old_access(self) -> None:
        """What is said in the language of Apache 2.2; the last section's holds."""
        said = [(s, self.conf(s)) for s in self.found["sections"]]
        old = [(s, conf) for s, conf in said if conf.old_access is not None]
        for section, conf in old[-1:]:
            denied = self.found["because"] == "old"
            self.add(
                "access",
                "Order, Allow and Deny: " + ("denied" if denied else "granted"),
                f"by {self.place_of_conf(section)}",
                line_of(conf, "old_access", 0),
            )

    def elsewhere(self) -> None:
        """AuthRequest: who would be asked first; it is taken for granted here."""
        for asked in self.found["elsewhere"]:
            confs = [self.conf(s) for s in self.found["sections"]]
            said = [c for c in confs if c.auth_request == asked]
            line = line_of(said[-1], "auth_request", 0) if said else NOWHERE
            whom = asked.mapping
            assert whom is not None
            where = re.sub("(://[^/]*).*", r"\1", whom.target)
            self.add(
                "access",
                self.written(line, f"AuthRequest {asked.url}"),
                f"decides, by its answer to GET {whom.target_path} at {where};"
                " what follows is what a yes leads to",
                line,
            )

    def place_of_conf(self, section: int) -> str:
        return "the virtual host" if section < 0 else self.section_text(section)

    # -- where it goes

    def where(self) -> None:
        what = self.found["what"]
        if what == "redirect":
            if self.found["redirect"] is None:
                return  # a rule's, which was told
            section, number = self.found["redirect"]
            conf = self.conf(section)
            line = line_of(conf, "redirects", number)
            text = self.written(line, "Redirect")
            self.add("redirect", text, "its path matches", line)
            return
        if self.found["mapping"] is None:
            if self.found["excluded"]:
                self.excluded()
            elif what in ("nothing", "handler", "file"):
                self.add(
                    "mapping", "none", "no ProxyPass matches", lost=self.lost(None)
                )
            return
        chosen = tuple(self.found["mapping"])
        mapping = self.mapping(chosen)
        line = (mapping.file, mapping.line)
        if chosen[0] == BY_RULE:
            why = "a rule's [P] leads there"
            self.add("mapping", mapping.target, why, line, self.passed_by())
            self.asked_for()
            return
        if chosen[1] == BY_HANDLER:
            line = line_of(self.conf(chosen[0]), "handler", 0)
            why = "no ProxyPass matches; DocumentRoot and the path are asked for there"
            self.add("mapping", self.written(line, "SetHandler"), why, line)
            self.asked_for()
            return
        text = self.written(line, f"ProxyPass {mapping.pattern} {mapping.target}")
        why = (
            f"its expression matches {text_of_bytes(self.found['path'])}"
            if mapping.is_regex
            else f"{text_of_bytes(self.found['path'])} begins with {mapping.pattern}"
        )
        self.add("mapping", text, why, line, self.lost(chosen))
        self.asked_for()

    def asked_for(self) -> None:
        if self.found["target"]:
            self.add(
                "target", text_of_bytes(self.found["target"]), "what is asked for there"
            )
        if "balancer" in self.found:
            self.steps += election_steps(self.standing, self.found)

    def excluded(self) -> None:
        for section, number, matches, _ in self.found["considered"]:
            mapping = self.mapping((section, number))
            if matches and mapping.exclude:
                line = (mapping.file, mapping.line)
                self.add(
                    "mapping",
                    self.written(line, f"ProxyPass {mapping.pattern} !"),
                    "it is taken out: no member gets it",
                    line,
                    self.lost((section, number)),
                )
                return
        self.add("mapping", "none", "the variable no-proxy is set")

    def mapping(self, which: tuple[int, int]) -> Mapping:
        return mapping_numbered(self.vhost, *which)

    def passed_by(self) -> list[Step]:
        """Mappings that nobody looks at, because a rule has said where it goes."""
        confs = [self.conf(section) for section in self.found["sections"]]
        inside = [conf.mapping for conf in confs if conf.mapping is not None]
        steps: list[Step] = []
        for mapping in (*inside, *self.vhost.mappings):
            line = (mapping.file, mapping.line)
            text = f"ProxyPass {mapping.pattern} {mapping.target}"
            why = "is not looked at: a rule has decided"
            steps.append(Step("mapping", self.written(line, text), why, line))
        return steps

    def lost(self, chosen: tuple[int, int] | None) -> list[Step]:
        """Every other mapping, and why it was not that one."""
        steps: list[Step] = []
        is_past = False
        for section, number, matches, serves in self.found["considered"]:
            if (section, number) == chosen:
                is_past = True
                continue
            mapping = self.mapping((section, number))
            line = (mapping.file, mapping.line)
            if not matches:
                why = "does not match"
            elif is_past:
                why = "matches too, but stands behind"
            elif not serves:
                why = "matches, but is for WebSockets alone"
            else:
                why = "matches"
            text = f"ProxyPass {mapping.pattern} {mapping.target}"
            steps.append(Step("mapping", self.written(line, text), why, line))
        return steps

    # -- how it ends

    def outcome(self) -> tuple[str, int, str, str]:
        """(outcome, status, where to, member)."""
        found, what = self.found, self.found["what"]
        if what == "member":
            balancer = found["balancer"]
            member = self.model.members[found["member"]]
            name = self.model.balancers[balancer].name if balancer >= 0 else member.url
            return "member", 0, name, member.url
        if what == "redirect":
            location = text_of_bytes(found["location"])
            self.add("end", status_line(found["status"]), location)
            outcome = "error" if found["status"] >= 400 else "redirect"
            return outcome, found["status"], location or str(found["status"]), ""
        if what == "handler":
            name = text_of_bytes(found["handler"])
            self.add("end", f"the handler {name} answers")
            return "handler", 200, name, ""
        if what == "tunnel":
            self.add("end", "a CONNECT: AllowCONNECT decides where it may lead")
            return "tunnel", 0, "CONNECT", ""
        if what == "here":
            self.add("end", status_line(200), "answered here: Max-Forwards is 0")
            return "here", 200, "200", ""
        if "program" in found:
            return self.program()
        status = found.get("status", 0)
        why = BECAUSE.get(found.get("because", ""), found.get("because", ""))
        if status == 401 and not why:
            why = "the client does not say who it is, and is asked for it"
        if what == "file":
            return self.file()
        if what == "nothing":
            status, why = unmapped(self.asked.method)
        elif what == "wait":
            status, why = 500, "too many names are to be looked up"
        self.add("end", status_line(status), why)
        return "error" if status >= 400 else "here", status, str(status), ""

    def file(self) -> tuple[str, int, str, str]:
        """It names a file of ours: what of that is there now?"""
        alias = self.found["alias"]
        if alias >= 0:
            known = self.vhost.file_aliases[alias]
            line = (known.file, known.line)
            text = self.written(line, f"Alias {known.pattern} {known.target}")
            self.add("alias", text, "its path matches", line)
        else:
            line = self.standing.place("DocumentRoot", self.vhost)
            text = self.written(line, f"DocumentRoot {self.vhost.document_root}")
            self.add("root", text, "no Alias matches", line)
        path = os.fsdecode(self.found["file"])
        confs = [self.conf(index) for index in self.found["sections"]]
        status, why, end = at_path(
            path,
            self.found["path"].endswith(b"/"),
            confs,
            lists=self.standing.model.lists_directories,
        )
        self.add("end", end if status == 200 else status_line(status), why)
        if status == 200:
            return "file", 200, end.removeprefix("the file "), ""
        return ("redirect" if status < 400 else "error"), status, str(status), ""

    def program(self) -> tuple[str, int, str, str]:
        """It hangs on the program of a RewriteMap."""
        number, key = self.found["program"]
        known = maps_by_program(self.model.vhosts)[number]
        self.add(
            "end",
            "known only to the program of a map",
            f"RewriteMap {known.name}: the program {known.source} decides, by what it"
            f' says to the key "{text_of_bytes(key)}"; nobody starts it here',
        )
        return "program", 0, known.source, ""

    # -- the head that goes out, and the way back

    def header_rules(self) -> None:
        for section, number in self.found["header_rules"]:
            conf = self.conf(section)
            line = line_of(conf, "request_header_rules", number)
            name = conf.request_header_rules[number].name
            # One that nobody wrote: the server's own (model/request_ids.py)
            own = "RequestHeader"
            if name in TRACE_FIELDS:
                own = f"TraceContext: {name}"
            elif name == self.vhost.request_id_header:
                own = f"RequestID: {name}"
            text = self.written(line, own)
            self.add("request header", text, "", line)

    def answered(self, fields: Sequence[str]) -> tuple[str, ...]:
        lines = ["HTTP/1.1 200 OK", "Content-Length: 0", *fields, "", ""]
        head = "\r\n".join(lines).encode("utf-8", "surrogateescape")
        found = self.standing.explainer.answer(head)
        return (status_line(found),) if isinstance(found, int) else lines_of(found)
