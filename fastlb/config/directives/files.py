"""Where files of the server's own lie, and how a request names one."""

from __future__ import annotations

from fastlb.config.checks import Choice
from fastlb.config.registry import SV, SVD, Args, D, Directive
from fastlb.facts.server import DOCUMENT_ROOT

MODULE = "core.c"
_ALIAS = "mod_alias.c"
_DIR = "mod_dir.c"

DIRECTIVES = (
    Directive(
        "DocumentRoot",
        SV,
        "directory",
        "Root directory of the document tree",
        default=DOCUMENT_ROOT,
        manual=(
            "What no ProxyPass, no Redirect and no Alias takes is looked for below it."
        ),
        differs=(
            "Apache's default is the directory that was named when it was built:"
            " Debian's is this one."
        ),
    ),
    Directive(
        "Options",
        SVD,
        "[+|-]option ...",
        "what may be done in a directory",
        takes=Args.RAW,
        default="FollowSymLinks",
        manual=(
            "FollowSymLinks, SymLinksIfOwnerMatch, Indexes, Includes, IncludesNOEXEC,"
            " ExecCGI, MultiViews, All, None. Words without signs replace what holds"
            " around the section. Nothing is run and nothing negotiated: ExecCGI and"
            " MultiViews change nothing, and a file that INCLUDES would fill in under"
            " Includes is not sent. The check warns of MultiViews where a file lies"
            " that it would find."
        ),
    ),
    Directive(
        "AllowOverride",
        D,
        "All|None|class ...",
        "what .htaccess files may say",
        takes=Args.RAW,
        default="None",
        manual=(
            "Such files are not read. Where they might say something, and one lies on"
            " the way to a file, the request is answered with 500: what it would have"
            " protected is not served."
        ),
        differs="Apache reads .htaccess files.",
    ),
    Directive(
        "AllowOverrideList",
        D,
        "None|directive ...",
        "single directives that .htaccess files may say",
        takes=Args.RAW,
        default="None",
    ),
    Directive(
        "AccessFileName",
        SV,
        "name ...",
        "what .htaccess files are called",
        default=".htaccess",
    ),
    Directive(
        "AcceptPathInfo",
        SVD,
        "On|Off|Default",
        "whether more may follow the name of a file in a path",
        check=Choice(("On", "Off", "Default"), values=(True, False, None)),
        shown_default="Default",
        sets="accept_path_info",
        manual="Default, as Off: such a path is answered with 404.",
    ),
    Directive(
        "Alias",
        SVD,
        "path file-or-directory",
        "a fakename and a realname",
        takes=Args.ONE_TWO,
        module=_ALIAS,
        manual=(
            "A file or directory in the place of a path. A ProxyPass that takes the"
            " path comes first; of several the first that fits is taken."
        ),
    ),
    Directive(
        "AliasMatch",
        SVD,
        "regex file-or-directory",
        "a regular expression and a filename",
        takes=Args.ONE_TWO,
        module=_ALIAS,
        manual="$1 to $9 are what the groups matched.",
    ),
    Directive(
        "ScriptAlias",
        SVD,
        "path file-or-directory",
        "a fakename and a realname",
        takes=Args.ONE_TWO,
        module=_ALIAS,
        manual="Programs are not run, and not sent either: 404.",
        differs="Apache runs what lies there.",
    ),
    Directive(
        "ScriptAliasMatch",
        SVD,
        "regex file-or-directory",
        "a regular expression and a filename",
        takes=Args.ONE_TWO,
        module=_ALIAS,
        manual="As ScriptAlias.",
        differs="Apache runs what lies there.",
    ),
    Directive(
        "DirectoryIndex",
        SVD,
        "name ...",
        "a list of file names",
        module=_DIR,
        default="index.html",
        manual=(
            "Files that are looked for in a directory whose path ends with a slash; the"
            " first one is the answer. disabled: none is."
        ),
    ),
    Directive(
        "DirectorySlash",
        SVD,
        "On|Off",
        "whether a path that names a directory is redirected to one with a slash",
        module=_DIR,
        default="On",
        sets="directory_slash",
    ),
    Directive(
        "FallbackResource",
        SVD,
        "path|disabled",
        "the path that answers where there is no file",
        module=_DIR,
        default="disabled",
    ),
)
