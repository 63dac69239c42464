"""The hosts that a request can choose from, where [P] leads to one that it names.

A host is known at start when the configuration bounds it: by the values of a map with a
file, by the names of the virtual host, by a group of an expression that holds one of a
few words, by a variable that rules set to such, or by the balancers that there are.
Whatever else a request says, it leads to none of these and is answered with 500; and a
rule that says nothing of the kind is refused: whoever sends the request would choose
where it goes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from fastlb.facts.regex import compile_pcre
from fastlb.facts.rewrite import CondTest, Expansion, Part, PartKind, RewriteRule
from fastlb.facts.rewrite_maps import MapKind, pairs_of
from fastlb.model.drafts import (
    Asked,
    ConfDraft,
    Drafts,
    RewriteTarget,
    ServerDraft,
)
from fastlb.model.globs import is_glob
from fastlb.model.regex_values import Values, bounded, groups_of, joined
from fastlb.model.report import Mistake
from fastlb.model.targets import WEBSOCKET_SCHEMES

TARGET_HEAD: Final = re.compile(
    r"((?:unix:[^|$%]*\|)?[A-Za-z][A-Za-z0-9+.-]*://[^/?$%\\]+)(.*)", re.DOTALL
)
"""Scheme and authority of a substitution, as far as they are written."""
_BALANCER: Final = "balancer://"
_IS_WHOLE: Final = re.compile(
    r"(?:unix:[^|]*\|)?[A-Za-z][A-Za-z0-9+.-]*://[^/?]+[/?]", re.DOTALL
)
_OWN_NAMES: Final = ("HTTP_HOST", "SERVER_NAME", "HTTP:HOST")
_PATHS: Final = (
    *("REQUEST_URI", "REQUEST_FILENAME", "SCRIPT_FILENAME", "PATH_INFO"),
    *("THE_REQUEST", "LA-U:REQUEST_URI"),
)
_SCHEMES: Final = ("http", "https", *WEBSOCKET_SCHEMES)
_HOSTS_MAX: Final = 1000
_DEPTH_MAX: Final = 8  # of variables that are set from others
_CASES: Final = {"tolower": str.lower, "toupper": str.upper}
_SLASHES: Final = (b"/x", b"/")


@dataclass(frozen=True, slots=True)
class _Looker:
    """What is known where a rule stands."""

    run: Drafts
    server: ServerDraft
    asked: Asked
    depth: int = 0

    def text(self, parts: Expansion) -> Values | None:
        """All that a text can become; None: anything."""
        found: Values | None = frozenset(("",))
        for part in parts:
            found = joined(found, self.part(part))
            if found is None:
                return None
        return found

    def part(self, part: Part) -> Values | None:
        if part.kind in (PartKind.LITERAL, PartKind.ESCAPED):
            return frozenset((part.text,))
        if part.kind is PartKind.RULE_GROUP:
            if self.asked.negated:
                return frozenset(("",))
            return _values(self.asked.pattern, part.number)
        if part.kind is PartKind.COND_GROUP:
            return self._cond_group(part.number)
        if part.kind is PartKind.MAP:
            return self._map(part)
        return self._variable(part.text)

    def _cond_group(self, number: int) -> Values | None:
        """Of the RewriteCond that matched last; of several that might be, all."""
        found: set[str] = set()
        conds = self.asked.conds
        for index in reversed(range(len(conds))):
            cond = conds[index]
            if cond.test is CondTest.EXPRESSION and "~" in cond.pattern:
                return None
            if cond.test is not CondTest.REGEX or cond.negated:
                continue
            values = _values(cond.pattern, number)
            if values is None:
                subjects = self.text(cond.subject)
                if subjects is None:
                    return None
                values = frozenset(
                    _captured(cond.pattern, cond.ignore_case, number, subjects)
                )
            found |= values
            if not cond.or_next and not (index and conds[index - 1].or_next):
                break
        return bounded(found or ("",))

    def _map(self, part: Part) -> Values | None:
        maps, inherited = self.server.rewrite.maps, self.run.main.rewrite.maps
        known = maps.get(part.text) or inherited.get(part.text)
        if known is None:
            return self.text(part.default)
        if known.kind is MapKind.PRG:
            return None
        if known.kind is MapKind.INT:
            keys, change = self.text(part.key), _CASES.get(known.source)
            return keys and change and bounded(change(key) for key in keys)
        found = set(_map_values(known.kind, known.source, part.text))
        default = self.text(part.default) if part.default else frozenset()
        return default if default is None else bounded(found | default)

    def has_empty_map(self, parts: Iterable[Part]) -> bool:
        return any(
            part.kind is PartKind.MAP and self._map(part) == frozenset()
            for part in parts
        )

    def _variable(self, name: str) -> Values | None:
        upper = name.upper()
        if upper in _OWN_NAMES:
            return frozenset(names_of(self.server))
        if upper == "SERVER_PORT":
            return frozenset(str(port) for _, port, _, _ in self.run.listens)
        if upper == "REQUEST_SCHEME":
            return frozenset(("http", "https"))
        if upper.startswith("ENV:") and self.depth < _DEPTH_MAX:
            return self._environment(name[4:])
        return None

    def _environment(self, name: str) -> Values | None:
        """Whatever a rule or SetEnv gives to the variable."""
        found: set[str] = set()
        for rule in _rules(self.run, self.server):
            asked = Asked(rule.pattern, rule.ignore_case, rule.negated, rule.conds)
            looker = _Looker(self.run, self.server, asked, self.depth + 1)
            for said in rule.env:
                first = said[0].text if said else ""
                if said and said[0].kind is not PartKind.LITERAL:
                    return None  # it may be called so
                set_name, colon, begin = first.partition(":")
                if not colon and len(said) > 1:
                    return None
                if set_name == name:
                    head = Part(PartKind.LITERAL, begin)
                    values = looker.text((head, *said[1:]))
                    if values is None:
                        return None
                    found |= values
        for conf in _confs(self.run, self.server):
            for one in (*conf.conf.env_rules, *conf.conf.set_env_if):
                if one.variable != name or one.value is None:
                    continue
                if one.attribute is not None and b"$" in one.value:
                    return None
                if one.expression is not None:
                    return None
                found.add(one.value.decode("latin-1"))
        return bounded(found)

    def may_be_path(self, part: Part, behind: Expansion) -> bool:
        """Might anything that stands behind a host begin the path there?

        "http://host$1" is plainly meant so where $1 is `.*`; `[^/.]+`, or what follows
        "app-" before ".internal", is not.
        """
        if part.kind is PartKind.VARIABLE:
            return part.text.upper() not in _OWN_NAMES
        if part.kind is PartKind.MAP:
            return True
        goes_on = bool(behind) and (
            behind[0].kind is PartKind.LITERAL and behind[0].text[:1] not in "/?"
        )
        if part.kind is PartKind.RULE_GROUP:
            pattern = self.asked.pattern
            begins = re.match(r"\^?\(", pattern) is not None
            if goes_on and not (begins and part.number <= 1):
                return False
            return _may_be_path(pattern, part.number)
        return not goes_on and all(
            _may_be_path(cond.pattern, part.number)
            and any(
                one.kind is PartKind.VARIABLE and one.text.upper() in _PATHS
                for one in cond.subject
            )
            for cond in self.asked.conds
            if cond.test is CondTest.REGEX and not cond.negated
        )


def urls_of(run: Drafts, server: ServerDraft, target: RewriteTarget) -> list[str]:
    """What is written, or what may stand there. []: a map that holds nothing yet."""
    if target.url or target.asked is None:
        return [target.url]
    looker = _Looker(run, server, target.asked)
    texts = [""]
    for index, part in enumerate(target.parts):
        if all(map(_IS_WHOLE.match, texts)):
            break
        behind = target.parts[index + 1 :]
        if behind and behind[0].text.startswith("://") and "://" not in texts[0]:
            texts = [scheme for scheme in _SCHEMES if scheme.startswith(texts[0])]
            continue
        values = looker.part(part)
        if values is not None:
            texts = [text + value for text in texts for value in sorted(values)]
            texts = texts if len(texts) <= _HOSTS_MAX else list(dict.fromkeys(texts))
        elif texts[0].startswith(_BALANCER):
            texts = _balancers(run, server, texts)
            break
        else:
            _in_host(target, looker, part, behind)
            texts = [f"{text}$" for text in texts]  # what follows is the request's
            break
        if len(texts) > _HOSTS_MAX:
            raise Mistake(
                "FB0808",
                f"RewriteRule: [P]: more than {_HOSTS_MAX} hosts that it may lead to",
                cure="make several rules, or several maps",
            )
    heads = (TARGET_HEAD.match(text) for text in texts)
    found = list(dict.fromkeys(head[1] for head in heads if head is not None))
    found = [url for url in found if url.rpartition("/")[2][0] not in ".:"]
    subjects = (one for cond in target.asked.conds for one in cond.subject)
    if not found and not looker.has_empty_map((*target.parts, *subjects)):
        raise _strangers_choose()
    return found


def _in_host(
    target: RewriteTarget, looker: _Looker, part: Part, behind: Expansion
) -> None:
    if not looker.may_be_path(part, behind):
        raise _strangers_choose()


def _strangers_choose() -> Mistake:
    return Mistake(
        "FB0805",
        "RewriteRule: [P]: the host must be written, or be one of some that are",
        why="whoever sends the request would choose where it goes",
        cure="write scheme, host and port; or let $1 or %1 stand for a group such as"
        " (one|two), or take the host out of a RewriteMap with a file",
    )


def names_of(server: ServerDraft) -> list[str]:
    """What the virtual host is called, names that stand for many left out."""
    said = server.settings.get("server_name")
    names = [said.lower()] if said else []
    names += (name for name in server.aliases if not is_glob(name))
    return list(dict.fromkeys(names))


def _balancers(run: Drafts, server: ServerDraft, texts: list[str]) -> list[str]:
    """Those that are there, of such a name."""
    return [
        f"{name}/"
        for owner in (server, run.main)
        for name in owner.balancers
        if name.startswith(tuple(text.lower() for text in texts))
    ]


def _values(pattern: str, number: int) -> Values | None:
    group = groups_of(pattern).get(number)
    if group is None or group.values is None:
        return None
    return group.values | {""} if group.is_repeated else group.values


def _captured(
    pattern: str, ignore_case: bool, number: int, subjects: Iterable[str]
) -> Iterator[str]:
    compiled = compile_pcre(pattern, ignore_case=ignore_case)
    for subject in subjects:
        spans = compiled.search(subject.encode("latin-1", "replace"))
        if spans is not None:
            begin, end = spans[number] if number < len(spans) else (-1, -1)
            yield subject[begin:end] if begin >= 0 else ""


def _may_be_path(pattern: str, number: int) -> bool:
    group = groups_of(pattern).get(number)
    if group is None:
        return True
    text = pattern[group.begin : group.end]
    if re.search(r"(?:^|[(:|^])\\?/", text):
        return True
    compiled = compile_pcre(rf"\A(?:{text})")
    return any(compiled.search(subject) is not None for subject in _SLASHES)


def _map_values(kind: MapKind, source: str, name: str) -> list[str]:
    """What a look-up in a map can give."""
    try:
        pairs = pairs_of(kind, source)
    except (OSError, ValueError) as problem:
        raise Mistake("FB0808", f"RewriteMap {name}: {problem}") from problem
    parts = (part for v in pairs.values() for part in v.decode("latin-1").split("|"))
    values = list(dict.fromkeys(parts))
    if len(values) > _HOSTS_MAX:
        raise Mistake(
            "FB0808",
            f"RewriteMap {name}: more than {_HOSTS_MAX} hosts that [P] may lead to",
            cure="make several maps",
        )
    return values


def _owners(run: Drafts, server: ServerDraft) -> tuple[ServerDraft, ...]:
    return (run.main,) if server is run.main else (run.main, server)


def _rules(run: Drafts, server: ServerDraft) -> Iterator[RewriteRule]:
    for owner in _owners(run, server):
        yield from owner.rewrite.rules
        for directory in owner.rewrite.directories:
            yield from directory.draft.rules
        for section in owner.sections:
            if section.draft.rewrite is not None:
                yield from section.draft.rewrite.rules


def _confs(run: Drafts, server: ServerDraft) -> Iterator[ConfDraft]:
    for owner in _owners(run, server):
        drafts = [owner.default]
        drafts += (section.draft for section in owner.sections)
        drafts += (section.draft for section in owner.file_sections)
        while drafts:
            draft = drafts.pop()
            yield draft
            drafts += (one.draft for one in draft.ifs)
