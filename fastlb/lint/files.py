"""Files that httpd would serve, and that are answered with 404 here.

A DocumentRoot, an Alias or a UserDir changes an answer where no mapping takes its
paths and files lie behind it. Where there are none httpd answers with 404 as well, and
what a distribution brings for httpd's own pages (icons of listings, a page of welcome)
is nobody's site: of these the note of the directive is all that is said.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Sequence
from itertools import islice

from fastlb._pcre2 import PatternError, PatternLimitError
from fastlb.base.regular import open_regular
from fastlb.config.lexer import filesystem_path
from fastlb.config.tree import Node
from fastlb.facts.regex import compile_pcre
from fastlb.facts.vhost import SectionKind
from fastlb.lint.mappings import mappings_of
from fastlb.lint.takers import Takers, is_under, takes_all
from fastlb.model.drafts import Drafts, MappingDraft, ServerDraft

_ENTRIES_MAX = 200  # of a directory that are looked at
_PAGE_BYTES = 2048
_WELCOME = re.compile(rb"<title>(Apache2 \w+ Default Page|Welcome to nginx)")
_OF_HTTPD = (
    *("/usr/share/apache2/", "/usr/share/httpd/", "/usr/share/javascript/"),
    *("/usr/share/doc/", "/usr/share/nginx/"),
)
_PLAIN = ("alias", "aliasmatch")
_SCRIPTS = ("scriptalias", "scriptaliasmatch")
_CURE = "map it by ProxyPass to a server that has the files, or delete the line"


def lint_files(run: Drafts, nodes: Sequence[Node]) -> None:
    """Look over what each server says of files. nodes: of the whole tree."""
    roots = _last(nodes, "documentroot")
    told: set[int] = set()
    for server in run.servers:
        if server.is_main and not _is_reached(run):
            continue
        own = server.node.children if server.node is not None else nodes
        paths = _Paths(run, server, own)
        root = _last(own, "documentroot") or roots
        if root is not None and id(root) not in told:
            _document_root(run, root, paths, told)
        for node in _lines(own, (*_PLAIN, *_SCRIPTS)):
            _alias(run, node, paths)
        for node in _lines(own, ("userdir",)):
            _user_dir(run, node, paths)


class _Paths:
    """Which paths of a server are answered without looking at files."""

    def __init__(self, run: Drafts, server: ServerDraft, nodes: Sequence[Node]) -> None:
        self.mappings: list[MappingDraft] = [
            *mappings_of(run, server),
            *(s.draft.mapping for s in server.sections if s.draft.mapping),
        ]
        self._takers = Takers(self.mappings)
        sections = [*server.sections, *(run.main.sections if server.node else ())]
        self._handlers = [
            section.pattern
            for section in sections
            if section.kind is SectionKind.LOCATION
            and not section.is_regex
            and section.draft.conf.handler not in (None, "none")
        ]
        confs = [server.default.conf, run.main.default.conf]
        confs += [section.draft.conf for section in sections]
        redirects = [rule for conf in confs for rule in conf.redirects]
        self._prefixes = [rule.pattern for rule in redirects if not rule.is_regex]
        self._patterns = [rule.pattern for rule in redirects if rule.is_regex]
        self._patterns += [
            node.args[0]
            for node in _lines(nodes, ("rewriterule",))
            if len(node.args) > 1 and node.args[1] != "-"
        ]

    def are_taken(self, path: str) -> bool:
        """True when no file at or below path would be asked for."""
        first = self._takers.first(path)
        return (first is not None and not first.exclude) or self.are_ours(path)

    def are_ours(self, path: str) -> bool:
        """... because they are redirected, rewritten, or a page of the server's."""
        if any(is_under(path, prefix) for prefix in (*self._handlers, *self._prefixes)):
            return True
        probe = path.rstrip("/") + "/x"
        return any(_matches(pattern, probe) for pattern in self._patterns)


def _document_root(run: Drafts, node: Node, paths: _Paths, told: set[int]) -> None:
    directory = _path(run, node.args[0])
    if not paths.are_taken("/"):
        found = _first_file(directory)
        if found:
            told.add(id(node))
            _warn(run, node, node.args[0], f"{found} and all else below {directory}")
        return
    for mapping in paths.mappings:
        if takes_all(mapping, "/") and not mapping.exclude:
            return
        if not mapping.exclude or mapping.is_regex or paths.are_ours(mapping.pattern):
            continue
        below = directory + "/" + mapping.pattern.strip("/")
        if os.path.isfile(below) or _first_file(below):
            _warn(run, mapping.node, mapping.pattern, below)


def _alias(run: Drafts, node: Node, paths: _Paths) -> None:
    """`Alias /path /file-or-directory`, and its kin."""
    if len(node.args) < 2:
        return
    name = node.name.lower()
    path, target = node.args[0], _path(run, node.args[1])
    is_regex = name.endswith("match")
    if is_regex:
        path = _literal_beginning(path)
        target = target.partition("$")[0]
    if paths.are_taken(path) or f"{target}/".startswith(_OF_HTTPD):
        return
    if name in _SCRIPTS:
        found = _first_file(target)
        if found:
            _warn(run, node, node.args[1], f"the answer of {target}/{found}")
    elif not (os.path.isdir(target) and not _first_file(target)):
        _warn(run, node, node.args[1], target)


def _user_dir(run: Drafts, node: Node, paths: _Paths) -> None:
    """`UserDir public_html`; disabled and enabled are words of their own."""
    word = node.args[0] if node.args else ""
    if word.lower() in ("disabled", "enabled", "") or paths.are_taken("/~x"):
        return
    pattern = filesystem_path(word)
    if "*" not in pattern:
        pattern = "/home/*/" + glob.escape(pattern)
    found = next(filter(_first_file, islice(glob.iglob(pattern), _ENTRIES_MAX)), None)
    if found is not None:
        _warn(run, node, word, found)


def _warn(run: Drafts, node: Node, word: str, what: str) -> None:
    run.report.warn(
        node,
        "FB0162",
        f"httpd would serve {what}; here it is answered with 404",
        why="fastlb serves no files, and no mapping takes these paths",
        cure=_CURE,
        word=word,
    )


def _first_file(directory: str) -> str:
    """The name of something in it that a client would see; "": there is nothing."""
    try:
        with os.scandir(directory) as entries:
            for entry in islice(entries, _ENTRIES_MAX):
                hidden = entry.name.startswith(".")
                if not hidden and not _is_welcome(entry.path):
                    return entry.name
    except OSError:
        return ""
    return ""


def _is_welcome(path: str) -> bool:
    """The page that a distribution puts where a site will be."""
    if not os.path.basename(path).startswith("index."):
        return False
    try:
        with open_regular(path) as page:
            return _WELCOME.search(page.read(_PAGE_BYTES)) is not None
    except OSError:
        return False


def _is_reached(run: Drafts) -> bool:
    """Whether a request can come to the main server: no virtual host has its port."""
    ports = {port for _, port, _, _ in run.listens}
    for server in run.vhosts:
        for _, port in server.addresses:
            ports = ports - {port} if port is not None else set()
    return bool(ports)


def _matches(pattern: str, path: str) -> bool:
    try:
        return compile_pcre(pattern).search(path.encode("latin-1")) is not None
    except (PatternError, PatternLimitError, ValueError):
        return False


def _literal_beginning(pattern: str) -> str:
    """`^/static/(.*)$` as /static/; / where there is none."""
    found = re.match(r"\^?((?:/[A-Za-z0-9._~-]*)*)", pattern)
    return (found[1] if found else "") or "/"


def _path(run: Drafts, word: str) -> str:
    path = os.path.join(run.server_root, word)
    return filesystem_path(path).rstrip("/").replace("\0", "") or "/"


def _last(nodes: Sequence[Node], name: str) -> Node | None:
    found = [node for node in nodes if node.name.lower() == name and node.args]
    return found[-1] if found else None


def _lines(nodes: Sequence[Node], names: tuple[str, ...]) -> Iterator[Node]:
    return (node for node in nodes if node.name.lower() in names)
