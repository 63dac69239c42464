"""Files that httpd would run, read or serve, and fastlb does not.

Files of DocumentRoot and Alias are served; programs are not run, a .htaccess is not
read and home directories are not served. That changes an answer where no mapping takes
the paths and something lies there, which is looked for. What a distribution brings for
httpd's own pages (icons of listings, a page of welcome) is nobody's site.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Sequence
from itertools import islice

from fastlb._pcre2 import PatternError, PatternLimitError
from fastlb.base.regular import open_regular
from fastlb.config.filters import named
from fastlb.config.lexer import filesystem_path
from fastlb.config.tree import Node
from fastlb.facts.files import INCLUDES, FileOptions
from fastlb.facts.filters import Filter
from fastlb.facts.regex import compile_pcre
from fastlb.facts.vhost import DirConf, SectionKind
from fastlb.lint.mappings import mappings_of
from fastlb.lint.takers import Takers, is_under
from fastlb.model.drafts import Drafts, MappingDraft, SectionDraft, ServerDraft
from fastlb.model.globs import glob_to_regex
from fastlb.model.resolve_files import in_order

_ENTRIES_MAX = 200  # of a directory that are looked at
_PAGE_BYTES = 2048
_WELCOME = re.compile(rb"<title>(Apache2 \w+ Default Page|Welcome to nginx)")
_DIRECTORIES_MAX = 1000  # of a site, that are looked at for .htaccess
_HANDLERS = ("type-map", "default-handler", "none")  # that run nothing
_TYPES = ("addtype", "forcetype")
_RUN = "application/x-httpd-"  # what httpd takes for the name of a handler
_TYPE_FLAG = re.compile(rf'(?i)[\[,]\s*(?:T|type)="?({_RUN}[^],"]*)')
_FILTERS = ("setoutputfilter", "addoutputfilter", "addoutputfilterbytype")
_OF_DIRECTORIES = (SectionKind.DIRECTORY, SectionKind.DIRECTORY_MATCH)
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
            told.add(id(root))
            _document_root(run, root, paths)
        for node in _lines(own, _SCRIPTS):
            _script(run, node, paths)
        served = {
            _path(run, alias.target)
            for alias in (*server.file_aliases, *run.main.file_aliases)
            if not alias.is_regex and not paths.are_taken(alias.pattern)
        }
        if root is not None and (
            not paths.are_taken("/") or any(m.exclude for m in paths.mappings)
        ):
            served.add(_path(run, root.args[0]))
        for directory in sorted(served):
            _overrides(run, server, directory)
            _includes(run, server, directory, (*own, *nodes), told)
        if served:
            _programs(run, nodes, told)
            if server.node is not None:
                _programs(run, own, told)
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


def _document_root(run: Drafts, node: Node, paths: _Paths) -> None:
    directory = _path(run, node.args[0])
    if not os.path.isdir(directory) and not paths.are_taken("/"):
        run.report.warn(
            node,
            "FB0169",
            f"DocumentRoot '{node.args[0]}' is not a directory, or is not readable",
            why="what no ProxyPass takes is answered with 404",
            cure=f"make {directory}, or delete the line",
            word=node.args[0],
        )


def _script(run: Drafts, node: Node, paths: _Paths) -> None:
    """`ScriptAlias /path /directory`: nothing is run, so nothing may be there."""
    if len(node.args) < 2:
        return
    path, target = node.args[0], _path(run, node.args[1])
    if node.name.lower().endswith("match"):
        path = _literal_beginning(path)
        target = target.partition("$")[0]
    found = _first_file(target)
    if found and not paths.are_taken(path):
        run.report.error(
            node,
            "FB0170",
            f"{node.name} {node.args[0]}: programs are not run",
            why=f"httpd would answer with what {target}/{found} writes",
            cure="run it behind a server of its own, and map that by ProxyPass",
            word=node.args[1],
        )


def _programs(run: Drafts, nodes: Sequence[Node], told: set[int]) -> None:
    """AddHandler, and the types of PHP: files that somebody would have to run."""
    for node in _below(nodes):
        word = _run_by(node)
        if word and id(node) not in told:
            told.add(id(node))
            run.report.error(
                node,
                "FB0170",
                f"{node.name} {word}: programs are not run",
                why="httpd would answer with what such files write",
                cure="run them behind a server of their own, and map that by ProxyPass",
                word=node.args[0],
            )


def _run_by(node: Node) -> str:
    """The handler, or the type, by which the line has files run; "": it has none."""
    name, word = node.name.lower(), node.args[0].lower() if node.args else ""
    if name == "addhandler" and word not in _HANDLERS:
        return word
    if name in _TYPES and word.startswith(_RUN):
        return word
    if name == "rewriterule" and len(node.args) > 2:
        flag = _TYPE_FLAG.search(node.args[2])
        return flag[1].lower() if flag is not None else ""
    return ""


def _below(nodes: Sequence[Node]) -> Iterator[Node]:
    """All of a server, and what stands in its sections."""
    for node in nodes:
        yield node
        if node.name.lower() != "virtualhost":
            yield from _below(node.children)


def _overrides(run: Drafts, server: ServerDraft, root: str) -> None:
    """A .htaccess that lies where AllowOverride lets it say something."""
    names = server.access_file_names or run.main.access_file_names or (".htaccess",)
    sections = in_order(run.main, server)
    for directory in _directories(root):
        said = None
        for section in sections:
            allows = section.draft.conf.overrides
            if allows is not None and _holds(section, directory):
                said = (section, allows)
        if said is None or not said[1]:
            continue
        for name in names:
            if os.path.lexists(os.path.join(directory, name)):
                node = next(
                    child
                    for child in said[0].node.children
                    if child.name.lower().startswith("allowoverride")
                )
                run.report.error(
                    node,
                    "FB0171",
                    f"{os.path.join(directory, name)} is not read",
                    why="what it says would not hold, and what lies there is not sent",
                    cure=f"write what it says into <Directory {directory}>, and"
                    " AllowOverride None",
                )
                return


def _includes(
    run: Drafts,
    server: ServerDraft,
    root: str,
    nodes: Sequence[Node],
    told: set[int],
) -> None:
    """A page that mod_include would fill in, where Options let it."""
    line = next((n for n in _below(nodes) if _names_includes(n)), None)
    if line is None or id(line) in told:
        return
    sections = in_order(run.main, server)
    others = [*run.main.sections, *server.sections]
    others += [s for s in sections if s.kind not in _OF_DIRECTORIES]
    anywhere = any(_lets_include(s.draft.conf.file_options) for s in others)
    for directory in _directories(root):
        confs = [run.main.default.conf, server.default.conf]
        confs += [s.draft.conf for s in sections if _holds(s, directory)]
        options: FileOptions | None = None
        for conf in confs:
            if conf.file_options is not None:
                options = conf.file_options.over(options)
        if not anywhere and not _lets_include(options):
            continue
        confs += [s.draft.conf for s in others]
        name = next((n for n in _names(directory) if _is_filled_in(n, confs)), None)
        if name is not None:
            told.add(id(line))
            run.report.error(
                line,
                "FB0170",
                f"{line.name} {line.args[0]}: nothing is put into pages",
                why=f"httpd would fill in {os.path.join(directory, name)}, and what"
                " stands in it is not sent as it is",
                cure="map it by ProxyPass to a server that does so, or take Includes"
                " from its Options",
                word=line.args[0],
            )
            return


def _names_includes(node: Node) -> bool:
    words = node.args[:1]
    if node.name.lower() == "filterprovider":
        words = node.args[1:2]
    elif node.name.lower() not in _FILTERS:
        return False
    return any(one is Filter.INCLUDES for word in words for _, one in named(word))


def _lets_include(options: FileOptions | None) -> bool:
    return options is not None and bool(options.on & INCLUDES)


def _is_filled_in(name: str, confs: Sequence[DirConf]) -> bool:
    """By its endings, or because any file might be."""
    by_ending: dict[str, bool] = {}
    whole = chosen = False
    for conf in confs:
        for item in conf.ending_filters:
            by_ending[item.ending] = Filter.INCLUDES in item.filters
        if conf.output_filters is not None:
            whole = Filter.INCLUDES in conf.output_filters.filters
        chosen = chosen or any(
            provider.filter is Filter.INCLUDES
            for smart in conf.smart_filters
            for provider in smart.providers
        )
    return (
        whole
        or chosen
        or any(by_ending.get(part.lower(), False) for part in name.split(".")[1:])
    )


def _names(directory: str) -> Iterator[str]:
    """Files of a directory; so many are looked at and no more."""
    try:
        with os.scandir(directory) as entries:
            for entry in islice(entries, _ENTRIES_MAX):
                if entry.is_file():
                    yield entry.name
    except OSError:
        return


def _directories(root: str) -> Iterator[str]:
    """A directory and those below it; so many are looked at and no more."""
    for count, (directory, below, _) in enumerate(os.walk(root)):
        yield directory
        below.sort()
        if count >= _DIRECTORIES_MAX:
            return


def _holds(section: SectionDraft, directory: str) -> bool:
    if section.kind is SectionKind.DIRECTORY_MATCH:
        return _matches(section.pattern, directory)
    if section.kind is not SectionKind.DIRECTORY:
        return False
    if section.is_glob:
        pattern = glob_to_regex(section.pattern, slash_is_special=True)
        parts = directory.split("/")
        heads = ("/".join(parts[: end + 1]) for end in range(len(parts)))
        return any(_matches(pattern, head) for head in heads)
    return f"{directory}/".startswith(f"{section.pattern}/")


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
        why="home directories are not served, and no mapping takes these paths",
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
    path = os.path.join(run.server_root, filesystem_path(word))
    return path.rstrip("/").replace("\0", "") or "/"


def _last(nodes: Sequence[Node], name: str) -> Node | None:
    found = [node for node in nodes if node.name.lower() == name and node.args]
    return found[-1] if found else None


def _lines(nodes: Sequence[Node], names: tuple[str, ...]) -> Iterator[Node]:
    return (node for node in nodes if node.name.lower() in names)
