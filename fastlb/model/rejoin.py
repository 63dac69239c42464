"""Members whose <Proxy> was lost: put back what a blog's markup swallowed.

Published guides show `BalancerMember http://h route=a` with no section around it,
because a browser took `<Proxy balancer://x>` for a tag. Apache refuses such lines.
Differs from Apache: with `Compat better` they are taken, with a warning that shows the
section restored. The balancer is the one that the nearest ProxyPass in the same scope
names: the last one before the lines, else the first one after them.
"""

from __future__ import annotations

from fastlb.config.tree import Node
from fastlb.model.report import Report
from fastlb.model.targets import TargetError, is_balancer_url, split_balancer_url


def rejoin(nodes: tuple[Node, ...], report: Report) -> tuple[Node, ...]:
    """The nodes with each run of bare members inside a <Proxy> of its own.

    Only this level is looked at; the caller comes here again for each <VirtualHost>.
    """
    joined: list[Node] = []
    orphans: list[Node] = []
    for place, node in enumerate(nodes):
        if is_bare_member(node):
            orphans.append(node)
            continue
        if orphans:
            joined += _wrap(orphans, nodes, place, report)
            orphans = []
        joined.append(node)
    if orphans:
        joined += _wrap(orphans, nodes, len(nodes), report)
    return tuple(joined)


def is_bare_member(node: Node) -> bool:
    """True for a BalancerMember or ProxySet that names no balancer or member."""
    name = node.name.lower()
    if not node.args:
        return False
    words = [word for word in node.args if "=" not in word or "://" in word]
    if name == "balancermember":
        return len(words) == 1 and not is_balancer_url(words[0])
    return name == "proxyset" and not words


def _wrap(
    orphans: list[Node], nodes: tuple[Node, ...], end: int, report: Report
) -> list[Node]:
    """A <Proxy> node around the orphans, which stand right before nodes[end]."""
    balancer = _nearest_balancer(nodes, end)
    if balancer is None:
        return orphans  # resolving them gives Apache's error and a hint
    first = orphans[0]
    report.warn(
        first,
        "FB0240",
        f"{first.name} outside <Proxy>: taken as a line of <Proxy {balancer}>",
        why="Apache refuses it: 'BalancerMember must define remote proxy server';"
        " the section was probably lost in copying",
        cure=f"write <Proxy {balancer}> before this line and </Proxy> after line"
        f" {orphans[-1].line}",
    )
    return [
        Node(
            name="Proxy",
            args=(balancer,),
            raw=balancer,
            file=first.file,
            line=first.line,
            column=first.column,
            is_section=True,
            children=tuple(orphans),
        )
    ]


def _nearest_balancer(nodes: tuple[Node, ...], end: int) -> str | None:
    before = (_balancer_named(node) for node in reversed(nodes[:end]))
    after = (_balancer_named(node) for node in nodes[end:])
    for name in (*before, *after):
        if name is not None:
            return name
    return None


def _balancer_named(node: Node) -> str | None:
    if node.name.lower() not in ("proxypass", "proxypassmatch"):
        return None
    for word in node.args:
        if is_balancer_url(word):
            try:
                return split_balancer_url(word)[0]
            except TargetError:
                return None
    return None
