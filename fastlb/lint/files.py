"""Files that httpd would run, read or serve, and fastlb does not.

Files of DocumentRoot and Alias are served; programs are not run, a .htaccess is not
read and home directories are not served. That changes an answer where no mapping takes
the paths and something lies there, which is looked for. What a distribution brings for
httpd's own pages (icons of listings, a page of welcome) is nobody's site.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence
from functools import cache
from itertools import islice

from fastlb.config.lexer import filesystem_path
from fastlb.config.tree import Node
from fastlb.facts.server import DOCUMENT_ROOT
from fastlb.lint.negotiation import last_line, negotiation
from fastlb.lint.programs import (
    dav_lines,
    handlers,
    includes,
    names_includes,
    no_dav,
    programs,
    script,
    with_dav,
)
from fastlb.lint.sites import (
    ENTRIES_MAX,
    Paths,
    Served,
    directories,
    first_file,
    last,
    lines,
    path_of,
)
from fastlb.model.drafts import Drafts, ServerDraft

_SCRIPTS = ("scriptalias", "scriptaliasmatch")
_CURE = "map it by ProxyPass to a server that has the files, or delete the line"


def lint_files(run: Drafts, nodes: Sequence[Node]) -> None:
    """Look over what each server says of files. nodes: of the whole tree."""
    roots = last(nodes, "documentroot")
    # Of thousands of hosts none looks at what stands in the others.
    outside = [node for node in nodes if node.name.lower() != "virtualhost"]
    dav_outside = with_dav(outside)
    filled, chosen = names_includes(nodes), last_line(nodes)
    rest = nodes  # that are looked over with the first server of files
    told: set[int] = set()
    any_file = cache(first_file)
    for server in run.servers:
        if server.is_main and not _is_reached(run):
            continue
        own = server.node.children if server.node is not None else nodes
        paths = Paths(run, server, own)
        root = last(own, "documentroot") or roots
        if root is not None and id(root) not in told:
            told.add(id(root))
            _document_root(run, root, paths)
        for node in lines(own, _SCRIPTS):
            script(run, node, paths)
        served = {
            path_of(run, alias.target)
            for alias in (*server.file_aliases, *run.main.file_aliases)
            if not alias.is_regex and not paths.are_taken(alias.pattern)
        }
        if not paths.are_taken("/") or any(m.exclude for m in paths.mappings):
            if root is not None:
                served.add(path_of(run, root.args[0]))
            elif any_file(DOCUMENT_ROOT):
                served.add(DOCUMENT_ROOT)
        if served:
            there = Served(run, server, sorted(served))
            for directory in there.roots:
                _overrides(run, server, there, directory)
            includes(run, server, there, names_includes(own) or filled, told)
            negotiation(run, server, there, last_line(own) or chosen, told)
            handlers(run, there, paths, told)
        dav = dav_outside if server.is_main else [*with_dav(own), *dav_outside]
        for node in dav_lines(dav, paths, served):
            if id(node) not in told:
                told.add(id(node))
                no_dav(run, node)
        if served:
            programs(run, (*own, *rest), told)
            rest = ()
        for node in lines(own, ("userdir",)):
            _user_dir(run, node, paths)


def _document_root(run: Drafts, node: Node, paths: Paths) -> None:
    directory = path_of(run, node.args[0])
    if not os.path.isdir(directory) and not paths.are_taken("/"):
        run.report.warn(
            node,
            "FB0169",
            f"DocumentRoot '{node.args[0]}' is not a directory, or is not readable",
            why="what no ProxyPass takes is answered with 404",
            cure=f"make {directory}, or delete the line",
            word=node.args[0],
        )


def _overrides(run: Drafts, server: ServerDraft, served: Served, root: str) -> None:
    """A .htaccess that lies where AllowOverride lets it say something."""
    names = server.access_file_names or run.main.access_file_names or (".htaccess",)
    for directory in directories(root):
        said = None
        for section in served.holding(directory):
            allows = section.draft.conf.overrides
            if allows is not None:
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


def _user_dir(run: Drafts, node: Node, paths: Paths) -> None:
    """`UserDir public_html`; disabled and enabled are words of their own."""
    word = node.args[0] if node.args else ""
    if word.lower() in ("disabled", "enabled", "") or paths.are_taken("/~x"):
        return
    pattern = filesystem_path(word)
    if "*" not in pattern:
        pattern = "/home/*/" + glob.escape(pattern)
    found = next(filter(first_file, islice(glob.iglob(pattern), ENTRIES_MAX)), None)
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


def _is_reached(run: Drafts) -> bool:
    """Whether a request can come to the main server: no virtual host has its port."""
    ports = {port for _, port, _, _ in run.listens}
    for server in run.vhosts:
        for _, port in server.addresses:
            ports = ports - {port} if port is not None else set()
    return bool(ports)
