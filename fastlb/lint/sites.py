"""What lies in the directories that are served, as far as the check looks."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from fastlb._pcre2 import PatternError, PatternLimitError
from fastlb.base.regular import open_regular
from fastlb.config.lexer import filesystem_path
from fastlb.config.tree import Node
from fastlb.facts.files import FileOptions
from fastlb.facts.regex import compile_pcre
from fastlb.facts.vhost import DirConf, SectionKind
from fastlb.lint.mappings import mappings_of
from fastlb.lint.takers import Takers, is_under
from fastlb.model.drafts import Drafts, MappingDraft, SectionDraft, ServerDraft
from fastlb.model.globs import glob_to_regex
from fastlb.model.resolve_files import in_order

ENTRIES_MAX = 200  # of a directory that are looked at
_DIRECTORIES_MAX = 1000  # of a site
_PAGE_BYTES = 2048
_WELCOME = re.compile(rb"<title>(Apache2 \w+ Default Page|Welcome to nginx)")
OF_DIRECTORIES = (SectionKind.DIRECTORY, SectionKind.DIRECTORY_MATCH)
OF_NAMES = (SectionKind.FILES, SectionKind.FILES_MATCH)


class Paths:
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
            for node in lines(nodes, ("rewriterule",))
            if len(node.args) > 1 and node.args[1] != "-"
        ]

    def are_taken(self, path: str) -> bool:
        """True when no file at or below path would be asked for."""
        first = self._takers.first(path)
        return (first is not None and not first.exclude) or self.are_ours(path)

    def are_mapped(self, path: str) -> bool:
        """True when a member is asked for all of it."""
        first = self._takers.first(path)
        return first is not None and not first.exclude

    def are_ours(self, path: str) -> bool:
        """... because they are redirected, rewritten, or a page of the server's."""
        if any(is_under(path, prefix) for prefix in (*self._handlers, *self._prefixes)):
            return True
        probe = path.rstrip("/") + "/x"
        return any(matches(pattern, probe) for pattern in self._patterns)


class Served:
    """The directories of a server, and which sections hold in each.

    roots      that are served with all that is below them
    ordered    sections by the path of a file, as they hold
    elsewhere  those of paths, names and expressions: they may hold in any directory
    """

    def __init__(self, run: Drafts, server: ServerDraft, roots: Sequence[str]) -> None:
        self.roots = roots
        self.ordered = in_order(run.main, server)
        self.elsewhere = [*run.main.sections, *server.sections]
        self.elsewhere += [s for s in self.ordered if s.kind not in OF_DIRECTORIES]
        self._plain: dict[str, list[int]] = {}  # places in ordered, by directory
        self._tried: list[int] = []  # of those that are compared one by one
        for place, section in enumerate(self.ordered):
            if section.kind is SectionKind.DIRECTORY and not section.is_glob:
                self._plain.setdefault(section.pattern, []).append(place)
            elif section.kind in OF_DIRECTORIES:
                self._tried.append(place)

    def holding(self, directory: str) -> list[SectionDraft]:
        """Those of a directory and of the ones around it, as they hold."""
        places = [n for n in self._tried if holds(self.ordered[n], directory)]
        path = f"{directory}/"
        for end, letter in enumerate(path):
            if letter == "/":
                places += self._plain.get(path[:end], ())
        return [self.ordered[place] for place in sorted(places)]


def first_file(directory: str) -> str:
    """The name of something in it that a client would see; "": there is nothing."""
    try:
        with os.scandir(directory) as entries:
            for entry in islice(entries, ENTRIES_MAX):
                hidden = entry.name.startswith(".")
                if not hidden and not is_welcome(entry.path):
                    return entry.name
    except OSError:
        return ""
    return ""


def is_welcome(path: str) -> bool:
    """The page that a distribution puts where a site will be."""
    if not os.path.basename(path).startswith("index."):
        return False
    try:
        with open_regular(path) as page:
            return _WELCOME.search(page.read(_PAGE_BYTES)) is not None
    except OSError:
        return False


def names(directory: str) -> Iterator[str]:
    """Files of a directory; so many are looked at and no more."""
    try:
        with os.scandir(directory) as entries:
            for entry in islice(entries, ENTRIES_MAX):
                if entry.is_file():
                    yield entry.name
    except OSError:
        return


def directories(root: str) -> Iterator[str]:
    """A directory and those below it; so many are looked at and no more."""
    for count, (directory, below, _) in enumerate(os.walk(root)):
        yield directory
        below.sort()
        if count >= _DIRECTORIES_MAX:
            return


def holds(section: SectionDraft, directory: str) -> bool:
    if section.kind is SectionKind.DIRECTORY_MATCH:
        return matches(section.pattern, directory)
    if section.kind is not SectionKind.DIRECTORY:
        return False
    if section.is_glob:
        pattern = glob_to_regex(section.pattern, slash_is_special=True)
        parts = directory.split("/")
        heads = ("/".join(parts[: end + 1]) for end in range(len(parts)))
        return any(matches(pattern, head) for head in heads)
    return f"{directory}/".startswith(f"{section.pattern}/")


def options_of(confs: Iterable[DirConf]) -> FileOptions | None:
    """What they say together, in their order."""
    options: FileOptions | None = None
    for conf in confs:
        if conf.file_options is not None:
            options = conf.file_options.over(options)
    return options


def matches(pattern: str, path: str) -> bool:
    try:
        return compile_pcre(pattern).search(path.encode("latin-1")) is not None
    except (PatternError, PatternLimitError, ValueError):
        return False


def below(nodes: Sequence[Node]) -> Iterator[Node]:
    """All of a server, and what stands in its sections."""
    for node in nodes:
        yield node
        if node.name.lower() != "virtualhost":
            yield from below(node.children)


def path_of(run: Drafts, word: str) -> str:
    path = os.path.join(run.server_root, filesystem_path(word))
    return path.rstrip("/").replace("\0", "") or "/"


def last(nodes: Sequence[Node], name: str) -> Node | None:
    found = [node for node in nodes if node.name.lower() == name and node.args]
    return found[-1] if found else None


def lines(nodes: Sequence[Node], names: tuple[str, ...]) -> Iterator[Node]:
    return (node for node in nodes if node.name.lower() in names)
