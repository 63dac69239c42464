"""mod_proxy_hcheck: health checks by clock."""

from __future__ import annotations

from fastlb.config.checks import Integer
from fastlb.config.registry import SVD, Args, Complaint, Directive, S, Status

MODULE = "mod_proxy_hcheck.c"


def _expression(name: str, words: tuple[str, ...]) -> Complaint | None:
    if not words:
        return Complaint(f"Missing expression name for {name}", word=-1)
    if len(words) == 1:
        return Complaint(f"Missing expression for {name}", word=0)
    return None


def _template(name: str, words: tuple[str, ...]) -> Complaint | None:
    if not words:
        return Complaint(f"Missing template name for {name}", word=-1)
    return None


DIRECTIVES = (
    Directive(
        "ProxyHCExpr",
        SVD,
        "name {expression}",
        "a named condition on the answer to a health check",
        takes=Args.RAW,
        manual="Asked by hcexpr=name of members below it. `%{REQUEST_STATUS}`,"
        " `%{resp:Name}` and `%{CONTENT_TYPE}` are those of the answer; `hc('body')` or"
        " `%{HC_BODY}` is its body, of which 64 KiB are kept.",
        check=_expression,
    ),
    Directive(
        "ProxyHCTemplate",
        SVD,
        "name key=value [key=value ...]",
        "a named set of hc keys",
        takes=Args.RAW,
        manual="Taken by hctemplate=name of members below it, with all that it says and"
        " does not say; keys behind hctemplate= win.",
        check=_template,
    ),
    Directive(
        "ProxyHCTPsize",
        S,
        "n",
        "threads for health checks",
        status=Status.EXPLAINED,
        default="16",
        reason="one process runs all checks at once, without threads",
        check=Integer(0, wrong="Invalid {name} parameter. Parameter must be >= 0"),
    ),
)
