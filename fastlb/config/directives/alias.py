"""mod_alias: redirects. Aliases to files are in `others`."""

from __future__ import annotations

from fastlb.config.registry import SVD, Args, Directive, Status

ALIAS = "mod_alias.c"
_ARGUMENTS = "an optional status, then a path and the URL to redirect to"
_ORDER = (
    "Outside <Location> a ProxyPass that takes the path comes first; inside"
    " <Location> the redirect does."
)


DIRECTIVES = (
    Directive(
        "Redirect",
        ALIAS,
        SVD,
        Args.ONE_TO_THREE,
        "[status] [path] URL",
        _ARGUMENTS,
        manual=(
            "status is permanent (301), temp (302, the default), seeother (303), gone"
            " (410) or a number. What follows the path is appended to the URL: give"
            f" both or neither a slash at the end. {_ORDER}"
        ),
    ),
    Directive(
        "RedirectMatch",
        ALIAS,
        SVD,
        Args.TWO_THREE,
        "[status] regex URL",
        "an optional status, then a regular expression and the URL",
        manual=f"$1 to $9 in the URL are what the groups matched. {_ORDER}",
    ),
    Directive(
        "RedirectTemp",
        ALIAS,
        SVD,
        Args.TWO,
        "path URL",
        "a path and the URL to redirect to with 302",
    ),
    Directive(
        "RedirectPermanent",
        ALIAS,
        SVD,
        Args.TWO,
        "path URL",
        "a path and the URL to redirect to with 301",
    ),
    Directive(
        "RedirectRelative",
        ALIAS,
        SVD,
        Args.FLAG,
        "On|Off",
        "whether a redirect to a path is sent as it is",
        default="Off",
    ),
    Directive(
        "AliasPreservePath",
        ALIAS,
        SVD,
        Args.FLAG,
        "On|Off",
        "whether the path is kept under the target",
        Status.EXPLAINED,
        default="Off",
        reason="fastlb serves no files, so there is no Alias",
    ),
)
