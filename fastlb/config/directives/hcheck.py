"""mod_proxy_hcheck: health checks by clock."""

from __future__ import annotations

from fastlb.config.checks import Integer
from fastlb.config.registry import SVD, Args, Complaint, Directive, S, Status

MODULE = "mod_proxy_hcheck.c"
_UNSUPPORTED = (
    "health checks by clock are not supported; a member that was refused is probed"
    " until it is back"
)


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
        manual="Used by hcexpr=name of a member with hcmethod GET or HEAD.",
        check=_expression,
        status=Status.UNSUPPORTED,
        reason=_UNSUPPORTED,
    ),
    Directive(
        "ProxyHCTemplate",
        SVD,
        "name key=value [key=value ...]",
        "a named set of hc keys",
        takes=Args.RAW,
        manual="Used by hctemplate=name; keys at the member win.",
        check=_template,
        status=Status.UNSUPPORTED,
        reason=_UNSUPPORTED,
    ),
    Directive(
        "ProxyHCTPsize",
        S,
        "n",
        "threads for health checks",
        status=Status.EXPLAINED,
        default="16",
        reason="one process runs all checks at once, without threads",
        check=Integer(0),
    ),
)
