"""mod_alias: redirects. Aliases to files are in `others`."""

from __future__ import annotations

from fastlb.config.registry import SVD, Complaint, Directive, Status

MODULE = "mod_alias.c"
_WORDS = {"permanent": 301, "temp": 302, "seeother": 303, "gone": 410}
_ARGUMENTS = "an optional status, then a path and the URL to redirect to"
_ORDER = (
    "Outside <Location> a ProxyPass that takes the path comes first; inside"
    " <Location> the redirect does."
)


def _status(word: str) -> int | None:
    if word.isdigit():
        return int(word)
    return _WORDS.get(word.lower())


def _redirect(name: str, words: tuple[str, ...]) -> Complaint | None:
    """[status] [path] [URL], with Apache's sentences.

    Whether a path is missing or too much depends on the section: whoever resolves
    the line knows. With one word it is the URL.
    """
    status = _status(words[0])
    if len(words) == 3 and status is None:
        return Complaint("Redirect: invalid first argument (of three)")
    rest = words[1:] if status is not None and len(words) > 1 else words
    if status is not None and not 300 <= status < 400:
        if len(rest) > 1:
            return Complaint("Redirect URL not valid for this status", word=2)
        return None
    if len(rest) == 2 and not _is_target(rest[1]):
        return Complaint(
            "Redirect to non-URL",
            f"'{rest[1]}' is neither absolute nor begins with /",
            f"write http://{rest[1]} or /{rest[1]}",
            word=len(words) - 1,
        )
    return None


def _is_target(word: str) -> bool:
    return word.startswith(("/", "$", "%")) or "://" in word


DIRECTIVES = (
    Directive(
        "Redirect",
        SVD,
        "[status] [path] URL",
        _ARGUMENTS,
        manual=(
            "status is permanent (301), temp (302, the default), seeother (303), gone"
            " (410) or a number. What follows the path is appended to the URL: give"
            f" both or neither a slash at the end. {_ORDER}"
        ),
        check=_redirect,
    ),
    Directive(
        "RedirectMatch",
        SVD,
        "[status] regex URL",
        "an optional status, then a regular expression and the URL",
        manual=f"$1 to $9 in the URL are what the groups matched. {_ORDER}",
    ),
    Directive(
        "RedirectTemp",
        SVD,
        "path URL",
        "a path and the URL to redirect to with 302",
    ),
    Directive(
        "RedirectPermanent",
        SVD,
        "path URL",
        "a path and the URL to redirect to with 301",
    ),
    Directive(
        "RedirectRelative",
        SVD,
        "On|Off",
        "whether a redirect to a path is sent as it is",
        default="Off",
        sets="redirect_relative",
    ),
    Directive(
        "AliasPreservePath",
        SVD,
        "On|Off",
        "whether the path is kept under the target",
        status=Status.EXPLAINED,
        default="Off",
        reason="an Alias in a <Location> is refused, and no other one asks",
    ),
)
