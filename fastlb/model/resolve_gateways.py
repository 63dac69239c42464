"""What applications behind a gateway are told: ProxyFCGISetEnvIf."""

from __future__ import annotations

from typing import Final

from fastlb.config.tree import Node
from fastlb.facts.rules import CgiEnvRule
from fastlb.model.drafts import Drafts, Handler, Place
from fastlb.model.expressions import taken

_NUMBER: Final = "FB0304"


def fcgi_set_env_if(run: Drafts, place: Place, node: Node) -> None:
    """`ProxyFCGISetEnvIf expression [!]name [value]`; lines add up."""
    text, name, *rest = node.args
    words = f"Could not parse expression '{text}': "
    condition = taken(run, node, text, number=_NUMBER, words=words)
    unset = name.startswith("!")
    value = None
    if rest and not unset:
        words = f"Could not parse value expression '{rest[0]}': "
        value = taken(run, node, rest[0], number=_NUMBER, words=words, is_text=True)
    rule = CgiEnvRule(condition, name.removeprefix("!"), unset, value)
    place.draft.add("cgi_env_rules", rule)


HANDLERS: Final[dict[str, Handler]] = {
    "proxyfcgisetenvif": fcgi_set_env_if,
}
