"""Files: DocumentRoot's kin, and sections by the path of a file.

Messages and their order are those of core.c, mod_alias.c and mod_dir.c.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from fastlb.config.tree import Node
from fastlb.facts import files
from fastlb.facts.files import DirectoryIndex, FileAlias, FileOptions
from fastlb.facts.vhost import DirConf, FileSection, SectionKind
from fastlb.model.drafts import (
    ConfDraft,
    Drafts,
    Handler,
    Place,
    SectionDraft,
    ServerDraft,
)
from fastlb.model.globs import is_glob
from fastlb.model.report import Mistake
from fastlb.model.resolve_rewrite import directory as rewrite_directory
from fastlb.model.resolve_server import absolute_text

KINDS: Final = {
    "directory": SectionKind.DIRECTORY,
    "directorymatch": SectionKind.DIRECTORY_MATCH,
    "files": SectionKind.FILES,
    "filesmatch": SectionKind.FILES_MATCH,
}
_OPTIONS: Final = {
    "indexes": files.INDEXES,
    "includes": files.INCLUDES,
    "includesnoexec": files.INCLUDES,
    "followsymlinks": files.FOLLOW_SYM_LINKS,
    "symlinksifownermatch": files.SYM_LINKS_IF_OWNER_MATCH,
    "execcgi": files.EXEC_CGI,
    "multiviews": files.MULTI_VIEWS,
    "runscripts": files.MULTI_VIEWS | files.EXEC_CGI,
    "none": 0,
    "all": files.ALL,
}
_DIRECTORIES: Final = (SectionKind.DIRECTORY, SectionKind.DIRECTORY_MATCH)
Walk = Callable[[Drafts, Place, tuple[Node, ...]], None]


def section(run: Drafts, place: Place, node: Node, walk: Walk) -> None:
    """<Directory>, <Files> and their like; walk reads what they enclose."""
    kind = KINDS[node.name.lower()]
    words = list(node.args)
    is_regex = kind in (SectionKind.DIRECTORY_MATCH, SectionKind.FILES_MATCH)
    if words and words[0] == "~":
        del words[0]
        is_regex = True
    if not words:
        raise Mistake("FB0203", f"<{kind.value} > block must specify a path")
    pattern = words[0]
    if is_regex:
        run.take_regex(node, pattern, complaint="Regex could not be compiled")
    if kind in _DIRECTORIES:
        if kind is SectionKind.DIRECTORY and is_regex:
            kind = SectionKind.DIRECTORY_MATCH
        if not is_regex:
            pattern = absolute_text(run, pattern).rstrip("/")
    elif is_regex:
        kind = SectionKind.FILES_MATCH
    outer = place.section
    if outer is not None and outer.kind not in _DIRECTORIES:
        raise Mistake(
            "FB0203",
            f"<{node.name}> within <{outer.kind.value}> is not supported",
            cure=f"write the <{outer.kind.value}> within it, or beside it",
        )
    draft = SectionDraft(
        kind=kind,
        pattern=pattern,
        is_regex=is_regex,
        is_glob=not is_regex and is_glob(pattern),
        draft=ConfDraft(),
        node=node,
        within=outer,
    )
    place.server.file_sections.append(draft)
    around = node if outer is None and "directory" in node.name.lower() else None
    inner = replace(
        place,
        draft=draft.draft,
        section=draft,
        directory=around or place.directory,
    )
    walk(run, inner, node.children)
    rewrite_directory(run, inner, node)
    draft.draft.rewrite = None  # which the server keeps (RewriteDirectory)


def in_order(main: ServerDraft, server: ServerDraft) -> list[SectionDraft]:
    """Sections in the order in which they hold: directories by the length of their
    paths, expressions for directories, names of files; what stands in a directory comes
    behind what stands in none, in the order of the directories."""
    drafts = main.file_sections + ([] if server.is_main else server.file_sections)
    plain = [d for d in drafts if d.kind is SectionKind.DIRECTORY]
    plain.sort(key=lambda d: d.pattern.count("/"))
    plain += [d for d in drafts if d.kind is SectionKind.DIRECTORY_MATCH]
    places = {id(d): number for number, d in enumerate(plain)}
    names = [d for d in drafts if id(d) not in places]
    names.sort(key=lambda d: places[id(d.within)] if d.within is not None else -1)
    return plain + names


def frozen(
    drafts: list[SectionDraft], conf_of: Callable[[ConfDraft], DirConf]
) -> tuple[FileSection, ...]:
    """The model's, with conf_of for what they say."""
    places = {id(draft): number for number, draft in enumerate(drafts)}
    return tuple(
        FileSection(
            kind=draft.kind,
            pattern=draft.pattern,
            is_regex=draft.is_regex,
            is_glob=draft.is_glob,
            within=-1 if draft.within is None else places[id(draft.within)],
            conf=conf_of(draft.draft),
            file=draft.node.file,
            line=draft.node.line,
        )
        for draft in drafts
    )


def options(_run: Drafts, place: Place, node: Node) -> None:
    """`Options [+|-]name ...`"""
    signed = {word[:1] in ("+", "-") for word in node.args}
    if len(signed) > 1:
        raise Mistake(
            "FB0203",
            "Either all Options must start with + or -, or no Option may.",
        )
    on = off = 0
    for word in node.args:
        bits = _OPTIONS.get(word.lstrip("+-").lower())
        if bits is None:
            raise Mistake("FB0203", f"Illegal option {word.lstrip('+-')}", word=word)
        if word.startswith("-"):
            on, off = on & ~bits, off | bits
        else:
            on, off = on | bits, off & ~bits
    said = FileOptions(on, off, is_whole=signed == {False})
    place.draft.say(file_options=said.over(place.draft.said.get("file_options")))


def allow_override(run: Drafts, place: Place, node: Node) -> None:
    """`AllowOverride None|All|class ...`, `AllowOverrideList None|directive ...`"""
    if place.section is None or place.section.kind not in _DIRECTORIES:
        run.report.warn(
            node,
            "FB0172",
            f"AH00114: Useless use of {node.name}",
            why="which .htaccess files may say something hangs on their directory",
            cure="write it into a <Directory>",
        )
        return
    nothing = [word.lower() for word in node.args] == ["none"]
    if node.name.lower() == "allowoverridelist" and nothing:
        return  # AllowOverride may allow something all the same
    place.draft.say(overrides=not nothing)


def access_file_name(_run: Drafts, place: Place, node: Node) -> None:
    """`AccessFileName name ...`"""
    place.server.access_file_names = node.args


def alias(run: Drafts, place: Place, node: Node) -> None:
    """`Alias /path /file-or-directory` and its kin."""
    name = node.name.lower()
    if place.section is not None:
        raise Mistake(
            "FB0203",
            f"{node.name} within <{place.section.kind.value}> is not supported",
            cure=f"write {node.name} with its path outside of sections",
        )
    if len(node.args) != 2:
        raise Mistake(
            "FB0107",
            f"{node.name} takes two arguments, a fakename and a realname",
            cure="write the path, and then where it leads",
        )
    pattern, target = node.args
    is_regex = name.endswith("match")
    if is_regex:
        run.take_regex(
            node, pattern, complaint="Regular expression could not be compiled."
        )
    else:
        # With its last slash, which counts; `..` no file that is asked for has.
        whole = absolute_text(run, target).rstrip("/")
        target = f"{whole}/" if target.endswith("/") or not whole else whole
    found = FileAlias(
        pattern, is_regex, target, name.startswith("script"), node.file, node.line
    )
    place.server.file_aliases.append(found)


def directory_index(_run: Drafts, place: Place, node: Node) -> None:
    """`DirectoryIndex name ...`; several lines add up, disabled ends what was."""
    conf = place.draft.conf
    names = conf.directory_index.names if conf.directory_index is not None else ()
    for word in node.args:
        # As a file's name, it is asked for behind others (as httpd).
        alone = word.lower() == "disabled" and len(node.args) == 1
        names = () if alone else (*names, word)
    place.draft.say(directory_index=DirectoryIndex(names))


def fallback_resource(_run: Drafts, place: Place, node: Node) -> None:
    """`FallbackResource /path|disabled`"""
    url = node.args[0]
    url = "" if url.lower() == "disabled" else url
    place.draft.say(fallback_resource=url)


HANDLERS: Final[dict[str, Handler]] = {
    "options": options,
    "allowoverride": allow_override,
    "allowoverridelist": allow_override,
    "accessfilename": access_file_name,
    "alias": alias,
    "aliasmatch": alias,
    "scriptalias": alias,
    "scriptaliasmatch": alias,
    "directoryindex": directory_index,
    "fallbackresource": fallback_resource,
}
