"""Sections of the core, and the directives that act while a file is read."""

from __future__ import annotations

from fastlb.config.registry import SV, SVD, Args, Complaint, Directive, S, Status

MODULE = "core.c"
SO = "mod_so.c"
VERSION = "mod_version.c"


def _one_expression(name: str, words: tuple[str, ...]) -> Complaint | None:
    if len(words) > 1:
        return Complaint(
            f"Multiple <{name}> arguments not supported.",
            "",
            "put quotes around the expression",
            word=1,
        )
    return None


def _no_word(name: str, words: tuple[str, ...]) -> Complaint | None:
    if words:
        return Complaint(f"<{name}> does not take an argument", word=0)
    return None


DIRECTIVES = (
    Directive(
        "VirtualHost",
        S,
        "addr[:port] [addr[:port]] ...",
        "a virtual host, by address, port and name",
        takes=Args.SECTION,
        is_section=True,
        manual=(
            "Settings for requests that arrive on an address and port and ask for one"
            " of the host's names. The address is an IP literal, *, _default_ or a"
            " name that is looked up at start; a port of * is any port. It opens no"
            " socket: write Listen as well. Of several virtual hosts on one address"
            " the first is the default for unknown names."
        ),
    ),
    Directive(
        "Location",
        SV,
        "path|~ regex",
        "settings for requests by URL path",
        takes=Args.ONE_WORD_SECTION,
        is_section=True,
        manual=(
            "Applies to the decoded path and what is below it, on segment boundaries:"
            " /a covers /a, /a/ and /a/b but not /ab. Sections that match are applied"
            " in the order in which they stand, later ones win: write the general one"
            " first. With * or ? in the path they match within one segment."
        ),
    ),
    Directive(
        "LocationMatch",
        SV,
        "regex",
        "settings for requests by a regular expression over the URL path",
        takes=Args.ONE_WORD_SECTION,
        is_section=True,
        manual=(
            "As Location ~ regex; the expression may match anywhere in the path."
            " Expressions everywhere are PCRE2's, with DOTALL and DOLLAR_ENDONLY. One"
            " that takes too many steps over a request's bytes is logged (FB0301);"
            " where it would have decided on a section the request is answered with"
            " 500. A group with a name sets the variable MATCH_NAME."
        ),
    ),
    *(
        Directive(
            name,
            SVD,
            "expression",
            "settings under a condition on the request",
            takes=Args.SECTION,
            is_section=True,
            manual=(
                "What it holds is merged last, behind every <Location>; of several the"
                " later wins. <ElseIf> and <Else> belong to the <If> before them in the"
                " same section. ProxyPass may not stand in it."
            ),
            check=_one_expression,
        )
        for name in ("If", "ElseIf")
    ),
    Directive(
        "Else",
        SVD,
        "",
        "settings where no condition before it held",
        takes=Args.RAW,
        is_section=True,
        check=_no_word,
    ),
    *(
        Directive(
            name,
            SVD if name.startswith("Files") else SV,
            syntax,
            "settings by file system path",
            takes=Args.ONE_WORD_SECTION,
            is_section=True,
            manual=(
                "Holds for requests that no ProxyPass takes, by the file that they"
                " name; a proxied request has none, and <Location> is for those."
                " Directories come first, the shortest path first, then expressions"
                " for directories, then names of files, all before every <Location>."
            ),
            not_in=("Location", "LocationMatch") if name.startswith("Files") else (),
        )
        for name, syntax in (
            ("Directory", "path|~ regex"),
            ("DirectoryMatch", "regex"),
            ("Files", "name|~ regex"),
            ("FilesMatch", "regex"),
        )
    ),
    Directive(
        "IfModule",
        SVD,
        "[!]module",
        "reads what it encloses if a module is there",
        takes=Args.SECTION,
        is_section=True,
        manual=(
            "The module by file (mod_proxy.c) or identifier (proxy_module). True for"
            " every module whose directives fastlb serves, with or without LoadModule,"
            " and for what LoadModule has named before: then each directive inside is"
            " refused or explained at its place."
        ),
    ),
    Directive(
        "IfDefine",
        SVD,
        "[!]name",
        "reads what it encloses if a name is defined",
        takes=Args.SECTION,
        is_section=True,
        manual="Defined by -D name or by an earlier Define.",
    ),
    Directive(
        "IfVersion",
        SVD,
        "[[!]operator] version",
        "reads what it encloses if the version compares",
        takes=Args.SECTION,
        module=VERSION,
        is_section=True,
        manual=(
            "fastlb answers as Apache 2.4.71. Operators = == > >= < <= compare numbers;"
            " ~ and = /regex/ match. Without one, equality is meant."
        ),
    ),
    Directive(
        "IfFile",
        SVD,
        "[!]path",
        "reads what it encloses if a file exists",
        takes=Args.SECTION,
        is_section=True,
        manual="A relative path is under ServerRoot.",
    ),
    *(
        Directive(
            name,
            SVD,
            syntax,
            "reads what it encloses if the server knows a name",
            takes=Args.SECTION,
            is_section=True,
            manual="It does when its module is there, as <IfModule> says.",
        )
        for name, syntax in (
            ("IfDirective", "[!]directive"),
            ("IfSection", "[!]section"),
        )
    ),
    Directive(
        "Include",
        SVD,
        "path|pattern",
        "a file, a directory or a pattern to read here",
        manual=(
            "A directory is read whole, with what is below it; *, ? and [] may stand in"
            " any component. Everything is read in byte order of the names. Relative"
            " paths are under ServerRoot as it is at that point. Nothing found is an"
            " error."
        ),
    ),
    Directive(
        "IncludeOptional",
        SVD,
        "path|pattern",
        "as Include, but nothing found is no error",
    ),
    Directive(
        "Define",
        SVD,
        "name [value]",
        "a name for <IfDefine>, with a value for ${name}",
        manual=(
            "Acts while the file is read, so it must stand before its use, and is"
            " global even inside a section. ${name} is replaced anywhere in a line; a"
            " name that is not defined is looked for in the environment."
        ),
    ),
    Directive(
        "UnDefine",
        SVD,
        "name",
        "a name to forget, also one given with -D",
    ),
    Directive(
        "Error",
        SVD,
        "text",
        "stops with this text",
        takes=Args.RAW,
        manual="Useful inside <IfDefine> and the like, to refuse a combination.",
    ),
    Directive(
        "ServerRoot",
        SVD,
        "directory",
        "the directory that relative paths are under",
        manual="Acts while the file is read. It must exist.",
    ),
    Directive(
        "LoadModule",
        SVD,
        "identifier file",
        "an identifier and the file of a module",
        module=SO,
        manual=(
            "fastlb opens no file: what it serves is built in. A known identifier is"
            " recorded for -M; loading mpm_event or mpm_worker makes <IfModule> answer"
            " for that one instead of mpm_prefork. A module that fastlb does not have"
            " is a warning, and an error if it exists to protect or route requests."
        ),
        differs="Apache fails when the file does not exist; fastlb never looks.",
    ),
    Directive(
        "LoadFile",
        SVD,
        "file [file] ...",
        "shared libraries to load",
        module=SO,
        status=Status.EXPLAINED,
        reason="fastlb loads no modules, so libraries for them are not needed",
    ),
)
