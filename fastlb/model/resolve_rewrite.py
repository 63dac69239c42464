"""RewriteEngine, RewriteRule and what belongs to them, into drafts.

Apache's messages and the order in which it finds them: mod_rewrite.c.
"""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import replace
from typing import Final

from fastlb.config.tree import Node
from fastlb.facts.rewrite import (
    CondTest,
    Expansion,
    FileNames,
    Part,
    PartKind,
    RewriteCond,
    RewriteRule,
)
from fastlb.facts.rewrite_maps import FUNCTIONS, MapKind, RewriteMap
from fastlb.model.drafts import (
    Asked,
    DirectoryDraft,
    Drafts,
    Handler,
    Place,
    RewriteDraft,
    RewriteTarget,
)
from fastlb.model.expressions import taken
from fastlb.model.globs import is_glob
from fastlb.model.report import Mistake, did_you_mean
from fastlb.model.resolve_server import absolute, absolute_text
from fastlb.model.rewrite_flags import RuleFlags, cond_flags, rule_flags
from fastlb.model.rewrite_hosts import TARGET_HEAD
from fastlb.model.rewrite_words import (
    WordProblem,
    expansion_of,
    literal_prefix,
    split_line,
)
from fastlb.model.targets import TargetError, is_balancer_url, split_balancer_url

_FILE_TESTS: Final = {
    "-f": CondTest.IS_FILE,
    "-s": CondTest.HAS_SIZE,
    "-d": CondTest.IS_DIRECTORY,
    "-x": CondTest.IS_EXECUTABLE,
    "-h": CondTest.IS_LINK,
    "-L": CondTest.IS_LINK,
    "-l": CondTest.IS_LINK,
    "-U": CondTest.URL_IS_FINE,
    "-F": CondTest.FILE_IS_FINE,
}
_NUMBER_TESTS: Final = {
    "-lt": CondTest.NUMBER_LESS,
    "-le": CondTest.NUMBER_LESS_EQUAL,
    "-eq": CondTest.NUMBER_EQUAL,
    "-ne": CondTest.NUMBER_EQUAL,
    "-gt": CondTest.NUMBER_GREATER,
    "-ge": CondTest.NUMBER_GREATER_EQUAL,
}
_STRING_TESTS: Final = (
    ("<=", CondTest.STRING_LESS_EQUAL),
    (">=", CondTest.STRING_GREATER_EQUAL),
    ("<", CondTest.STRING_LESS),
    (">", CondTest.STRING_GREATER),
    ("=", CondTest.STRING_EQUAL),
)
_TAKES_NOCASE: Final = (CondTest.REGEX, *(test for _, test in _STRING_TESTS))


def _draft(place: Place) -> RewriteDraft:
    """Of the section or server around the line."""
    if place.section is None:
        return place.server.rewrite
    if place.draft.rewrite is None:
        path = place.section.pattern if place.section is not None else "/"
        directory = path if path.endswith("/") else f"{path}/"
        place.draft.rewrite = RewriteDraft(directory=directory)
    return place.draft.rewrite


def rewrite_engine(_run: Drafts, place: Place, node: Node) -> None:
    """`RewriteEngine On|Off`."""
    draft = _draft(place)
    draft.is_touched = True
    draft.engine = node.args[0].lower() == "on"


def rewrite_options(_run: Drafts, place: Place, node: Node) -> None:
    """`RewriteOptions word ...`; several lines add up."""
    draft = _draft(place)
    draft.is_touched = draft.has_options = True
    draft.options |= {word.lower() for word in node.args}


def rewrite_base(_run: Drafts, place: Place, node: Node) -> None:
    """`RewriteBase path`, in a section."""
    path = node.args[0]
    if not path.startswith("/"):
        raise Mistake(
            "FB0803",
            "RewriteBase: argument is not a valid URL",
            cure=f"write RewriteBase /{path}",
            word=path,
            instead=f"/{path}",
        )
    draft = _draft(place)
    draft.is_touched = True
    draft.base = path


def rewrite_cond(run: Drafts, place: Place, node: Node) -> None:
    """`RewriteCond test-string pattern [flags]`."""
    draft = _draft(place)
    draft.is_touched = True
    try:
        draft.conds.append(_cond(run, node, _is_section(place)))
    except WordProblem as problem:
        raise Mistake("FB0805", f"RewriteCond: {problem}") from problem


def _cond(run: Drafts, node: Node, in_section: bool) -> RewriteCond:
    line = split_line(node.raw)
    if line is None:
        raise WordProblem(f"bad argument line '{node.raw}'")
    flags = cond_flags(line.flags)
    pattern = line.second
    negated = pattern.startswith("!")
    if line.first.lower() == "expr":
        return _expression_cond(run, node, pattern, negated, flags)
    test, operand, inverts = _test_of(pattern.removeprefix("!"))
    ignore_case = "nc" in flags
    if ignore_case and test not in _TAKES_NOCASE:
        run.report.warn(
            node,
            "FB0804",
            f"AH00665: RewriteCond: NoCase option for non-regex pattern '{operand}' is"
            " not supported and will be ignored.",
        )
        ignore_case = False
    if test is CondTest.REGEX:
        _compile(run, node, operand, ignore_case)
    return RewriteCond(
        subject=_expansion(line.first, in_section),
        test=test,
        pattern=operand,
        shown_pattern=pattern,
        ignore_case=ignore_case,
        negated=negated is not inverts,
        or_next="or" in flags,
        no_vary="nv" in flags,
    )


def _expression_cond(
    run: Drafts, node: Node, pattern: str, negated: bool, flags: set[str]
) -> RewriteCond:
    text = pattern.removeprefix("!")
    words = f'RewriteCond: cannot compile expression "{text}": '
    return RewriteCond(
        subject=(),
        test=CondTest.EXPRESSION,
        pattern=text,
        shown_pattern=pattern,
        ignore_case=False,
        negated=negated,
        or_next="or" in flags,
        no_vary="nv" in flags,
        expression=taken(run, node, text, number="FB0805", words=words),
    )


def _test_of(pattern: str) -> tuple[CondTest, str, bool]:
    """(test, operand, whether it is turned round) of a pattern without its `!`."""
    if len(pattern) < 2:
        return CondTest.REGEX, pattern, False
    if pattern in _FILE_TESTS:
        return _FILE_TESTS[pattern], pattern, False
    if pattern[:3] in _NUMBER_TESTS and len(pattern) > 3:
        return _NUMBER_TESTS[pattern[:3]], pattern[3:], pattern.startswith("-ne")
    for sign, test in _STRING_TESTS:
        if pattern.startswith(sign):
            operand = pattern[len(sign) :]
            if test is CondTest.STRING_EQUAL and operand == '""':
                operand = ""
            return test, operand, False
    return CondTest.REGEX, pattern, False


def rewrite_rule(run: Drafts, place: Place, node: Node) -> None:
    """`RewriteRule pattern substitution [flags]`."""
    draft = _draft(place)
    draft.is_touched = True
    conds, draft.conds = tuple(draft.conds), []
    try:
        rule = _rule(run, node, conds, _is_section(place))
        draft.rules.append(rule)
        if rule.proxy and rule.substitution is not None:
            draft.targets.append(_target(node, draft.rules))
    except WordProblem as problem:
        raise Mistake("FB0805", f"RewriteRule: {problem}") from problem


def _is_section(place: Place) -> bool:
    return place.section is not None


def _rule(
    run: Drafts, node: Node, conds: tuple[RewriteCond, ...], in_section: bool
) -> RewriteRule:
    line = split_line(node.raw)
    if line is None:
        raise WordProblem(f"bad argument line '{node.raw}'")
    flags = rule_flags(line.flags)
    negated = line.first.startswith("!")
    pattern = line.first.removeprefix("!")
    _compile(run, node, pattern, "nc" in flags.on)
    output = line.second
    query_none = False
    if output.endswith("?"):
        if "qsa" in flags.on:
            flags.on.add("qsl")
        else:
            query_none, output = True, output[:-1]
    elif "qsd" in flags.on and "?" not in output:
        query_none = True
    is_substituted = line.second != "-" and not flags.sets_status
    if is_substituted and "p" in flags.on and output.startswith("/"):
        _leads_back(run, node, flags, output)
    return RewriteRule(
        conds=conds,
        pattern=pattern,
        negated=negated,
        prefix="" if negated else literal_prefix(pattern),
        output=output,
        substitution=_expansion(output, in_section) if is_substituted else None,
        query_none=query_none,
        file=node.file,
        line=node.line,
        **_said(run, node, flags, in_section),  # type: ignore[arg-type]
    )


def _leads_back(run: Drafts, node: Node, flags: RuleFlags, output: str) -> None:
    """[P] to a path of ours: httpd asks itself for it, here it is mapped at once."""
    flags.on -= {"p"}
    flags.on |= {"pt", "l"}
    run.report.note(
        node,
        "FB0809",
        f"[P] to {output} leads back to this server: it is taken as PT",
        why="httpd asks itself for the path, over a connection of its own",
        word=output,
    )


def _said(
    run: Drafts, node: Node, flags: RuleFlags, in_section: bool
) -> dict[str, object]:
    """The fields of a rule that its flags say."""
    for word in flags.env:
        name = word.removeprefix("!").partition(":")[0]
        if not word.startswith("!") and not re.search(r"[$%\\]", name):
            run.variables.append((node, name))
    texts = {"mime_type": flags.mime_type, "handler": flags.handler}
    return {
        **{name: flag in flags.on for flag, name in _SWITCHES.items()},
        **{
            k: None if v is None else _expansion(v, in_section)
            for k, v in texts.items()
        },
        "sets_status": flags.sets_status,
        "status": flags.status,
        "rounds_max": flags.rounds_max,
        "skip": flags.skip,
        "escapes": flags.escapes,
        "no_escapes": flags.no_escapes,
        "env": tuple(_expansion(one, in_section) for one in flags.env),
        "cookies": tuple(_expansion(one, in_section) for one in flags.cookies),
    }


_SWITCHES: Final = {
    "nc": "ignore_case",
    "p": "proxy",
    "pt": "passthrough",
    "r": "redirect",
    "l": "last",
    "end": "end",
    "c": "chain",
    "n": "next_round",
    "ns": "no_subrequest",
    "ne": "no_escape",
    "qsa": "query_append",
    "qsd": "query_discard",
    "qsl": "query_last",
    "dpi": "discard_path_info",
    "b": "escape_groups",
    "bnp": "escape_no_plus",
    "bctls": "escape_controls",
    "unsafeallow3f": "unsafe_3f",
    "unsafeprefixstat": "unsafe_prefix_stat",
    "unc": "keep_slashes",
}
"""Flags that say no more than that they stand there, and their fields."""


def directory(run: Drafts, place: Place, node: Node) -> None:
    """What rules a section about files has: a <Directory> or <Files> keeps them."""
    draft = place.draft.rewrite
    if draft is None or not draft.is_touched:
        return
    pattern, is_regex = "", False
    files = None
    if node.name.lower().startswith("files"):
        name, names_regex = _pattern_of(run, node)
        files = FileNames(name, names_regex, not names_regex and is_glob(name))
        draft.directory = f"{name}/"
    if place.directory is not None:
        pattern, is_regex = _pattern_of(run, place.directory)
        if not is_regex:
            pattern = absolute_text(run, pattern).rstrip("/")
    if files is None:
        draft.directory = pattern if pattern.endswith("/") else f"{pattern}/"
    place.server.rewrite.directories.append(
        DirectoryDraft(pattern, is_regex, files, draft, node)
    )
    place.server.rewrite.targets += draft.targets


def _pattern_of(run: Drafts, section: Node) -> tuple[str, bool]:
    """(its pattern, whether that is an expression) of a <Directory> or <Files>."""
    words = list(section.args)
    pattern = words[-1] if words else "/"
    is_regex = section.name.lower().endswith("match") or words[:1] == ["~"]
    if is_regex:
        with run.report.mistakes_at(section):
            run.take_regex(section, pattern)
    return pattern, is_regex


def rewrite_map(run: Drafts, place: Place, node: Node) -> None:
    """`RewriteMap name type:source [user:group]`."""
    name, written = node.args[0], node.args[1]
    kind, _, source = written.partition(":")
    draft = _draft(place)
    draft.is_touched = True
    low = kind.lower()
    if low == "int":
        if source not in FUNCTIONS:
            raise Mistake(
                "FB0808",
                f"RewriteMap: internal map not found:{source}",
                cure=did_you_mean(source, FUNCTIONS),
                word=written,
            )
        draft.maps[name] = RewriteMap(name, MapKind.INT, source)
        return
    if low == "prg":
        draft.maps[name] = _program(run, node, source)
        return
    if low in _MAPS_REFUSED or low.startswith("dbm"):
        if low != "dbm=sdbm":
            why, cure = _MAPS_REFUSED.get(low, _MAPS_REFUSED["dbm"])
            raise Mistake(
                "FB0808",
                f"RewriteMap {name}: {kind}: is not supported",
                why=why,
                cure=cure,
                word=written,
            )
    elif low not in ("txt", "rnd"):
        low, source = "txt", written
    found = MapKind(low)
    path = absolute(run, source)
    file = f"{path}.pag" if found is MapKind.SDBM else path
    if not os.path.exists(file):
        raise Mistake(
            "FB0808",
            f"RewriteMap: file for map {name} not found:{file}",
            word=written,
        )
    if not os.path.isfile(file):
        raise Mistake(
            "FB0808",
            f"RewriteMap {name}: {file} is no regular file",
            word=written,
        )
    draft.maps[name] = RewriteMap(name, found, path)


def _program(run: Drafts, node: Node, source: str) -> RewriteMap:
    """`prg:/path argument ...`, and whom it becomes."""
    name = node.args[0]
    try:
        words = shlex.split(source)
    except ValueError as problem:
        raise Mistake(
            "FB0808", f"RewriteMap {name}: {problem}", word=node.args[1]
        ) from problem
    if not words:
        raise Mistake("FB0808", f"RewriteMap: bad path to {name}", word=node.args[1])
    path = absolute(run, words[0])
    if not os.path.exists(path):
        raise Mistake(
            "FB0808",
            f"RewriteMap: file for map {name} not found:{path}",
            word=node.args[1],
        )
    if not os.path.isfile(path) or not os.stat(path).st_mode & 0o111:
        raise Mistake(
            "FB0808",
            f"RewriteMap {name}: {path} is no program that can be executed",
            cure=f"chmod a+x {path}, and let its first line name its interpreter",
            word=node.args[1],
        )
    user, _, group = node.args[2].partition(":") if len(node.args) > 2 else ("", "", "")
    return RewriteMap(
        name, MapKind.PRG, path, tuple(words[1:]), user or None, group or None
    )


_MAPS_REFUSED: Final = {
    "dbd": ("there is no database client here", "write txt: with a file"),
    "fastdbd": ("there is no database client here", "write txt: with a file"),
    "dbm": (
        "only SDBM files are read",
        "make one with httxt2dbm -f sdbm and write dbm=sdbm:, or write txt: with the"
        " file that it was made of: either is held in memory here",
    ),
}


def _target(node: Node, rules: list[RewriteRule]) -> RewriteTarget:
    """Where [P] of the last rule leads: what of the substitution is written as it is,
    or its parts."""
    rule, at = rules[-1], len(rules) - 1
    output = rule.output
    found = TARGET_HEAD.match(output)
    if found is None and "://" not in output and not _BEGINS_ANYHOW.match(output):
        raise WordProblem(f"[P] to {output}: write the member's URL")
    if found is None or found[2][:1] in ("$", "%", "\\"):
        asked = Asked(rule.pattern, rule.ignore_case, rule.negated, rule.conds)
        return RewriteTarget("", node, rules, at, expansion_of(output), asked)
    if is_balancer_url(found[1]):
        try:
            split_balancer_url(found[1])
        except TargetError as problem:
            raise WordProblem(str(problem)) from problem
    return RewriteTarget(found[1], node, rules, at)


_BEGINS_ANYHOW: Final = re.compile(r"[$%][{0-9]")


def _compile(run: Drafts, node: Node, pattern: str, ignore_case: bool) -> None:
    complaint = f"{node.name}: cannot compile regular expression '{pattern}'"
    run.take_regex(
        node, pattern, ignore_case=ignore_case, number="FB0805", complaint=complaint
    )


def _expansion(text: str, in_section: bool) -> Expansion:
    return tuple(_part(part, in_section) for part in expansion_of(text))


def _part(part: Part, in_section: bool) -> Part:
    """%{LA-U:NAME} and %{LA-F:NAME} look ahead. In a section who a user is, is known,
    and what else is as it was asked for is the same."""
    if part.kind is PartKind.MAP:
        key, default = (
            tuple(_part(one, in_section) for one in parts)
            for parts in (part.key, part.default)
        )
        return replace(part, key=key, default=default)
    prefix, rest = part.text[:5].upper(), part.text[5:].upper()
    if part.kind is not PartKind.VARIABLE or prefix not in ("LA-U:", "LA-F:"):
        return part
    looks = prefix == "LA-U:" if not in_section else rest in _FILES
    looks |= rest.startswith("ENV:") or (not in_section and rest in _OF_A_FILE)
    return replace(part, looks_ahead=prefix[3] if looks else "")


_FILES: Final = ("REQUEST_FILENAME", "SCRIPT_FILENAME")
_OF_A_FILE: Final = (*_FILES, "REMOTE_USER", "AUTH_TYPE")


HANDLERS: Final[dict[str, Handler]] = {
    "rewriteengine": rewrite_engine,
    "rewriteoptions": rewrite_options,
    "rewritebase": rewrite_base,
    "rewritecond": rewrite_cond,
    "rewriterule": rewrite_rule,
    "rewritemap": rewrite_map,
}
