"""mod_rewrite: rules over the path of a request.

Rules and conditions are taken apart as mod_rewrite does it, which is not as words of
other directives are: `model/rewrite_words.py` has their grammar.
"""

from __future__ import annotations

from fastlb.base.errors import Severity
from fastlb.config.registry import SV, SVD, Args, Complaint, D, Directive, Status

MODULE = "mod_rewrite.c"
_OPTIONS = (
    *("inherit", "inheritbefore", "inheritdown", "inheritdownbefore"),
    *("ignoreinherit", "allownoslash", "allowanyuri", "mergebase"),
    *("ignorecontextinfo", "legacyprefixdocroot", "unsafeprefixstat"),
)


def _options(name: str, words: tuple[str, ...]) -> Complaint | None:
    for index, word in enumerate(words):
        if word.lower().startswith("maxredirects="):
            return Complaint(
                "AH00664: RewriteOptions: MaxRedirects option has been removed in favor"
                " of the global LimitInternalRecursion directive and will be ignored.",
                "",
                f"delete {word}",
                "FB0801",
                Severity.WARNING,
                index,
            )
        if word.lower() not in _OPTIONS:
            return Complaint(f"RewriteOptions: unknown option '{word}'", word=index)
    return None


DIRECTIVES = (
    Directive(
        "RewriteEngine",
        SVD,
        "On|Off",
        "On or Off to enable or disable (default) the whole rewriting engine",
        default="Off",
        manual=(
            "Without it no rule of its context runs. A virtual host inherits it from"
            " the main server, but no rules (RewriteOptions Inherit)."
        ),
    ),
    Directive(
        "RewriteOptions",
        SVD,
        "option ...",
        "List of option strings to set",
        takes=Args.LIST,
        manual=(
            "Inherit, InheritBefore, InheritDown, InheritDownBefore, IgnoreInherit,"
            " AllowNoSlash, AllowAnyURI, MergeBase, IgnoreContextInfo,"
            " LegacyPrefixDocRoot, UnsafePrefixStat."
        ),
        check=_options,
    ),
    Directive(
        "RewriteBase",
        D,
        "path",
        "the base URL of the per-directory context",
        misplaced="RewriteBase: only valid in per-directory config files",
    ),
    Directive(
        "RewriteCond",
        SVD,
        "test-string pattern [flags]",
        "an input string and a to be applied regexp-pattern",
        takes=Args.RAW,
        manual=(
            "Holds for the next RewriteRule. The test string may hold $N, %N and"
            " %{VARIABLE}; the pattern is a regular expression, or one of <text >text"
            " =text <=text >=text -lt -le -eq -ge -gt -ne -f -d -s -l -x -U -F, each"
            " with ! before it. Flags: NC, OR, NV. %{LA-U:REMOTE_USER} in rules of a"
            " server is who the user will be, and -U whether a URL would be answered"
            " without an error: the request is looked at as it will be, its password"
            " checked. -F and %{LA-F:REQUEST_FILENAME} look at a file of that name"
            " instead, as the sections of its path would let it be sent."
        ),
    ),
    Directive(
        "RewriteRule",
        SVD,
        "pattern substitution [flags]",
        "an URL-applied regexp-pattern and a substitution URL",
        takes=Args.RAW,
        manual=(
            "In a server the pattern is compared with the path before a ProxyPass is"
            " looked for, in a section after access was decided. Flags: B, BCTLS, BNE,"
            " BNP, C, CO, DPI, E, END, F, G, H, L, N, NC, NE, NS, P, PT, QSA, QSD, QSL,"
            " R, S, T, UNC, UnsafeAllow3F, UnsafePrefixStat. Where P leads must be"
            " written, or be one of some hosts that are: the request can name one by a"
            " group such as (one|two), by a RewriteMap with a file, or by a variable"
            " that rules set so. T is the type of an answer"
            " that a member sends without one. Rules in <Directory> and <Files> are for"
            " requests that no mapping takes. SCRIPT_URL and SCRIPT_URI are variables"
            " with the path, and the URL, as they were before any rule. A substitution"
            " without P and R names a file, of which fastlb has none: with PT the"
            " result is mapped like a path that was asked for."
        ),
    ),
    Directive(
        "RewriteMap",
        SV,
        "name type:source [user:group]",
        "a mapname and a filename and options",
        takes=Args.TWO_THREE,
        manual=(
            "txt:FILE and rnd:FILE hold a key and a value on each line, int:tolower,"
            " toupper, escape and unescape are functions, dbm=sdbm:FILE is a file of"
            " httxt2dbm -f sdbm. A file, of 64 MiB at most, is held in memory, and read"
            " again within a second when it has changed, beside the requests. Where a"
            " map of text or SDBM gives the host of a [P], the hosts are those that it"
            " holds at start. prg:/program argument ... is a program: it gets a key on"
            " each line and answers with a line, or NULL. One runs for each map of a"
            " server whose RewriteEngine is on, beside the requests, as the user and"
            " group that stand behind it, else as User and Group. Without an answer"
            " within 10 s the request gets 503, and another one is started."
        ),
    ),
    *(
        Directive(
            name,
            SVD,
            "...",
            "of httpd 2.2",
            status=Status.REFUSED,
            takes=Args.RAW,
            reason="httpd 2.4 does not know it any more",
            cure="delete the line; LogLevel rewrite:trace3 shows what rules do",
        )
        for name in ("RewriteLog", "RewriteLogLevel", "RewriteLock")
    ),
)
