"""Balancing methods of other packages are loaded, once for each process that looks at a
configuration: workers are forked with them."""

from __future__ import annotations

from fastlb.config.directives import balancer_params
from fastlb.config.outside_methods import outside_methods, source_of
from fastlb.config.tree import Node
from fastlb.model.drafts import Drafts


def lint_methods(run: Drafts) -> None:
    named: dict[str, Node] = {}
    for server in run.servers:
        for balancer in server.balancers.values():
            method = balancer.params.get("lbmethod", "byrequests")
            if method not in balancer_params.LBMETHODS:
                named.setdefault(method, balancer.node)
    if not named:
        return
    from fastlb._core import take_lbmethod  # for those who name one

    known = outside_methods()
    for name, node in named.items():
        points = known.get(name, ())
        if len(points) > 1:
            sources = " and ".join(source_of(one) for one in points)
            _refuse(run, node, name, f"{sources} both have it", "remove one of them")
            continue
        why = "its package is gone"
        try:
            for point in points:
                why = f"of {source_of(point)}: "
                take_lbmethod(name, point.load())
        except ValueError as problem:
            _refuse(run, node, name, f"{why}{problem}")
        except Exception as problem:  # whatever that package's code raises
            _refuse(run, node, name, f"{why}{type(problem).__name__}: {problem}")
        else:
            if not points:
                _refuse(run, node, name, why)


def _refuse(
    run: Drafts,
    node: Node,
    name: str,
    why: str,
    cure: str = "install one that was made for this fastlb",
) -> None:
    text = f"lbmethod={name} cannot be loaded"
    run.report.error(node, "FB0346", text, why=why, cure=cure, word="lbmethod")
