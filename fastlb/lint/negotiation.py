"""Files that httpd would find by the beginning of their names: Options MultiViews.

A path that names nothing, /page, is answered there with page.html or page.en.html;
here with 404. That changes an answer only where such a file lies, and whoever has none
of them may have written the option for years: so they are looked for.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import chain

from fastlb.config.tree import Node
from fastlb.facts.files import MULTI_VIEWS
from fastlb.lint.sites import (
    Served,
    directories,
    is_welcome,
    names,
    options_of,
)
from fastlb.lint.takers import is_under
from fastlb.model.drafts import Drafts, SectionDraft, ServerDraft

_WORDS = ("multiviews", "runscripts")  # the old name of two options
# What distributions bring for httpd's own pages is nobody's site.
_OF_HTTPD = ("/usr/share/httpd", "/usr/share/apache2")


def negotiation(
    run: Drafts,
    server: ServerDraft,
    served: Served,
    outside: Node | None,
    told: set[int],
) -> None:
    """outside: the line that switches it on where no section does (last_line)."""
    elsewhere = _line(served.elsewhere)
    roots = [
        root
        for root in served.roots
        if not any(is_under(root, own) for own in _OF_HTTPD)
    ]
    for directory in chain.from_iterable(map(directories, roots)):
        held = served.holding(directory)
        confs = [run.main.default.conf, server.default.conf]
        options = options_of([*confs, *(s.draft.conf for s in held)])
        if options is not None and options.on & MULTI_VIEWS:
            line = _line(held) or outside
        else:
            line = elsewhere
        if line is None or id(line) in told:
            continue
        name = _found_by_beginning(directory)
        if name:
            told.add(id(line))
            _warn(run, line, directory, name)


def _line(sections: Iterable[SectionDraft]) -> Node | None:
    """The last of them that switches it on."""
    found = [line for section in sections if (line := last_line(section.node.children))]
    return found[-1] if found else None


def last_line(nodes: Iterable[Node]) -> Node | None:
    """... that switches it on."""
    found = [node for node in nodes if node.name.lower() == "options" and _word(node)]
    return found[-1] if found else None


def _word(node: Node) -> str:
    """As it is written; "": it is not switched on here."""
    return next((w for w in node.args if w.lower().lstrip("+") in _WORDS), "")


def _found_by_beginning(directory: str) -> str:
    """The name of a file whose beginning names nothing; "": there is none."""
    for name in names(directory):
        beginning, dot, _ = name.partition(".")
        if (
            beginning
            and dot
            and not os.path.lexists(os.path.join(directory, beginning))
            and not is_welcome(os.path.join(directory, name))
        ):
            return name
    return ""


def _warn(run: Drafts, line: Node, directory: str, name: str) -> None:
    beginning = name.partition(".")[0]
    run.report.warn(
        line,
        "FB0173",
        f"{line.name} {_word(line)}: no file is chosen for a name that is not there",
        why=f"httpd would answer /{beginning} below {directory} with {name}; here it is"
        " answered with 404",
        cure="let links name the files, or write a RewriteRule that adds what is"
        " missing; then take the word away",
        word=_word(line),
    )
