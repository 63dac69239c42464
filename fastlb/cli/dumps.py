"""-S, -M and `-t -D DUMP_...`: the settings of a sound configuration."""

from __future__ import annotations

import grp
import pwd
from collections.abc import Iterator

from fastlb.base.masking import masked_words
from fastlb.config.modules import EMULATED
from fastlb.config.tree import Node, Tree
from fastlb.facts.dump import dump_run_cfg, dump_vhosts
from fastlb.facts.server import Model


def dump(name: str, model: Model, tree: Tree) -> str:
    """The text of one of options.DUMPS."""
    match name:
        case "DUMP_VHOSTS":
            return dump_vhosts(model)
        case "DUMP_RUN_CFG":
            return dump_run_cfg(model, system_id)
        case "DUMP_MODULES":
            return "".join(f"{line}\n" for line in module_lines(model))
        case "DUMP_INCLUDES":
            return "".join(f"{line}\n" for line in include_lines(tree))
        case _:
            return "".join(f"{line}\n" for line in config_lines(tree))


def module_lines(model: Model) -> Iterator[str]:
    """Loaded Modules: what LoadModule names is (shared), the rest (static)."""
    yield "Loaded Modules:"
    loaded = dict.fromkeys(model.modules)
    for name in EMULATED:
        identifier = f"{name}_module"
        if identifier not in loaded:
            yield f" {identifier} (static)"
    for identifier in loaded:
        yield f" {identifier} (shared)"


def include_lines(tree: Tree) -> Iterator[str]:
    """Every file that was read, indented below the line that includes it."""
    yield "Included configuration files:"
    for path, depth, line in tree.files:
        place = str(line) if depth else "*"
        yield f"{'  ' * (depth + 1)}({place}) {path}"


def config_lines(tree: Tree) -> Iterator[str]:
    """Every directive with its line, as httpd's mod_info prints it: conditions are
    decided, variables expanded. Differs from Apache: passwords are left out."""
    yield from _node_lines(tree.nodes, 0, [""])


def _node_lines(nodes: tuple[Node, ...], depth: int, file: list[str]) -> Iterator[str]:
    """file: the one named last."""
    indent = "  " * depth
    for node in nodes:
        if node.file != file[0]:
            file[0] = node.file
            yield f"{indent}# In file: {node.file}"
        yield f"{indent}# {node.line:3d}:"
        raw = masked_words(node.name, node.raw)
        if not node.is_section:
            yield f"{indent}{node.name} {raw}".rstrip()
            continue
        yield f"{indent}<{node.name} {raw}>"
        yield from _node_lines(node.children, depth + 1, file)
        yield f"{indent}</{node.name}>"


def system_id(name: str, is_group: bool) -> int | None:
    """The number behind a User or Group, "#id" included; None when unknown."""
    if name.startswith("#"):
        return int(name[1:]) if name[1:].isdigit() else None
    try:
        return grp.getgrnam(name).gr_gid if is_group else pwd.getpwnam(name).pw_uid
    except KeyError:
        return None
