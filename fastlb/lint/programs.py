"""Files that httpd would run, fill in or let clients write, where such a one is served.

What a stock configuration says of programs changes nothing as long as none lies there,
so they are looked for; who would be run by AddHandler or its type is refused as such.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from itertools import chain

from fastlb.config.filters import named
from fastlb.config.lexer import filesystem_path
from fastlb.config.tree import Node
from fastlb.facts.files import INCLUDES, FileOptions
from fastlb.facts.filters import Filter
from fastlb.facts.vhost import DirConf, SectionKind
from fastlb.lint.sites import (
    OF_DIRECTORIES,
    OF_NAMES,
    Paths,
    Served,
    below,
    directories,
    first_file,
    holds,
    matches,
    names,
    options_of,
    path_of,
)
from fastlb.lint.takers import is_under
from fastlb.model.drafts import Drafts, SectionDraft, ServerDraft
from fastlb.model.globs import glob_to_regex

_HANDLERS = ("type-map", "default-handler", "none")  # that run nothing
_TYPES = ("addtype", "forcetype")
_RUN = "application/x-httpd-"  # what httpd takes for the name of a handler
_TYPE_FLAG = re.compile(rf'(?i)[\[,]\s*(?:T|type)="?({_RUN}[^],"]*)')
_FILTERS = ("setoutputfilter", "addoutputfilter", "addoutputfilterbytype")
_PROGRAMS = (
    *("cgi-script", "fcgid-script", "wsgi-script", "php-script", "php5-script"),
    *("php7-script", "perl-script", "modperl", "lua-script", "server-parsed"),
    *("imap-file", "send-as-is"),
)


def script(run: Drafts, node: Node, paths: Paths) -> None:
    """`ScriptAlias /path /directory`: nothing is run, so nothing may be there."""
    if len(node.args) < 2:
        return
    path, target = node.args[0], path_of(run, node.args[1])
    if node.name.lower().endswith("match"):
        path = literal_beginning(path)
        target = target.partition("$")[0]
    found = first_file(target)
    if found and not paths.are_taken(path):
        run.report.error(
            node,
            "FB0170",
            f"{node.name} {node.args[0]}: programs are not run",
            why=f"httpd would answer with what {target}/{found} writes",
            cure="run it behind a server of its own, and map that by ProxyPass",
            word=node.args[1],
        )


def programs(run: Drafts, nodes: Sequence[Node], told: set[int]) -> None:
    """AddHandler, and the types of PHP: files that somebody would have to run."""
    for node in below(nodes):
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


def handlers(run: Drafts, served: Served, paths: Paths, told: set[int]) -> None:
    """`SetHandler cgi-script` and its kin, where a file lies that it would run."""
    for section in (*served.ordered, *served.elsewhere):
        if not _is_program(section.draft.said.get("handler")):
            continue
        node = next(
            (n for n in section.node.children if n.name.lower() == "sethandler"), None
        )
        if node is None or id(node) in told:
            continue
        files = (_file_for(section, root, paths) for root in served.roots)
        found = next(filter(None, files), "")
        if found:
            told.add(id(node))
            run.report.error(
                node,
                "FB0170",
                f"SetHandler {node.args[0]}: programs are not run",
                why=f"httpd would answer with what {found} writes",
                cure="run it behind a server of its own, and map that by ProxyPass, or"
                ' by SetHandler "proxy:fcgi://..."',
                word=node.args[0],
            )


def _is_program(handler: object) -> bool:
    return isinstance(handler, str) and (
        handler in _PROGRAMS or handler.startswith(_RUN)
    )


def _file_for(section: SectionDraft, root: str, paths: Paths) -> str:
    """A file below root for which the section holds; "": there is none."""
    if section.kind is SectionKind.LOCATION and not section.is_regex:
        if paths.are_mapped(section.pattern):
            return ""
        root = os.path.join(root, section.pattern.strip("/"))
        if os.path.isfile(root):
            return root
    elif section.kind not in (*OF_DIRECTORIES, *OF_NAMES):
        return ""
    for directory in directories(root):
        around = section.within if section.kind in OF_NAMES else section
        if (
            around is not None
            and around.kind in OF_DIRECTORIES
            and not holds(around, directory)
        ):
            continue
        for name in names(directory):
            if section.kind not in OF_NAMES or _is_called(section, name):
                return os.path.join(directory, name)
    return ""


def _is_called(section: SectionDraft, name: str) -> bool:
    if section.is_regex:
        return matches(section.pattern, name)
    if section.is_glob:
        return matches(glob_to_regex(section.pattern), name)
    return section.pattern == name


def with_dav(nodes: Sequence[Node]) -> list[Node]:
    """Those that are a Dav line or hold one: hardly ever any."""
    return [
        node
        for node in nodes
        if any(one.name.lower() == "dav" for one in below((node,)))
    ]


def dav_lines(nodes: Sequence[Node], paths: Paths, served: set[str]) -> Iterator[Node]:
    """`Dav On`, where a request comes to it."""
    for node in nodes:
        name = node.name.lower()
        if name == "dav" and node.args and node.args[0].lower() != "off":
            if any(map(os.path.isdir, served)):
                yield node
        elif name == "location" and node.args and paths.are_mapped(node.args[-1]):
            continue
        elif name == "directory" and node.args and "~" not in node.args:
            own = filesystem_path(node.args[0]).rstrip("/")
            if any(is_under(root, own) or is_under(own, root) for root in served):
                yield from dav_lines(node.children, paths, served)
        elif name != "virtualhost":
            yield from dav_lines(node.children, paths, served)


def no_dav(run: Drafts, node: Node) -> None:
    run.report.error(
        node,
        "FB0170",
        f"{node.name} {node.args[0]}: nothing is written here",
        why="httpd would take PUT, DELETE and PROPFIND there; here they are 405, and"
        " what stands beside the line may be meant for those who write alone",
        cure="let a server that has mod_dav serve it, and map that by ProxyPass",
        word=node.args[0],
    )


def names_includes(nodes: Sequence[Node]) -> Node | None:
    """The first line by which pages are filled in."""
    return next((n for n in below(nodes) if _names_includes(n)), None)


def includes(
    run: Drafts,
    server: ServerDraft,
    served: Served,
    line: Node | None,
    told: set[int],
) -> None:
    """A page that mod_include would fill in, where Options let it.

    line: by which (names_includes)
    """
    if line is None or id(line) in told:
        return
    others = [section.draft.conf for section in served.elsewhere]
    anywhere = any(_lets_include(conf.file_options) for conf in others)
    for directory in chain.from_iterable(map(directories, served.roots)):
        confs = [run.main.default.conf, server.default.conf]
        confs += [section.draft.conf for section in served.holding(directory)]
        if not anywhere and not _lets_include(options_of(confs)):
            continue
        confs += others
        name = next((n for n in names(directory) if _is_filled_in(n, confs)), None)
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


def literal_beginning(pattern: str) -> str:
    """`^/static/(.*)$` as /static/; / where there is none."""
    found = re.match(r"\^?((?:/[A-Za-z0-9._~-]*)*)", pattern)
    return (found[1] if found else "") or "/"
