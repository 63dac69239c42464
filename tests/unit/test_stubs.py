"""The compiled modules have what their stubs say, and nothing public besides."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from rows import rows

from fastlb import _core, _pcre2

PACKAGE = Path(__file__).parents[2] / "fastlb"
MODULES = (_core, _pcre2)
CLASS = re.compile(r"^(?:cdef )?class (\w+)(?:\(.*\))?:\n((?:    .*\n|\n)*)", re.M)
INIT = re.compile(r"    def __c?init__\(([^)]*)\):")

# name, kind, is there a default
Parameter = tuple[str, str, bool]


def stub_of(module: ModuleType) -> list[ast.stmt]:
    text = (PACKAGE / f"{module.__name__.rpartition('.')[2]}.pyi").read_text("utf-8")
    return ast.parse(text).body


def is_for_checkers_only(node: ast.stmt) -> bool:
    """Protocols, typed dicts and aliases: no object of the module."""
    if isinstance(node, ast.ClassDef):
        bases = {base.id for base in node.bases if isinstance(base, ast.Name)}
        return bool(bases & {"Protocol", "TypedDict"})
    return isinstance(node, ast.Assign | ast.Import | ast.ImportFrom)


def declared(body: list[ast.stmt]) -> dict[str, ast.stmt]:
    """What a stub, or a class in it, says that there is at run time."""
    found: dict[str, ast.stmt] = {}
    for node in body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found[node.target.id] = node
        elif isinstance(
            node, ast.ClassDef | ast.FunctionDef
        ) and not is_for_checkers_only(node):
            found[node.name] = node
    return found


def own(module: ModuleType) -> set[str]:
    """Public names that the module did not import."""
    return {
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and not isinstance(value, ModuleType)
        and getattr(value, "__module__", None) in (module.__name__, None)
    }


def stub_parameters(node: ast.FunctionDef) -> Iterator[Parameter]:
    a = node.args
    positional = [*a.posonlyargs, *a.args]
    bare = len(positional) - len(a.defaults)
    for i, arg in enumerate(positional):
        yield arg.arg, "positional", i >= bare
    if a.vararg:
        yield a.vararg.arg, "rest", False
    for arg, default in zip(a.kwonlyargs, a.kw_defaults, strict=True):
        yield arg.arg, "keyword", default is not None
    if a.kwarg:
        yield a.kwarg.arg, "keywords", False


KINDS = {
    inspect.Parameter.POSITIONAL_ONLY: "positional",
    inspect.Parameter.POSITIONAL_OR_KEYWORD: "positional",
    inspect.Parameter.VAR_POSITIONAL: "rest",
    inspect.Parameter.KEYWORD_ONLY: "keyword",
    inspect.Parameter.VAR_KEYWORD: "keywords",
}


def built_parameters(function: object) -> list[Parameter]:
    assert callable(function)
    return [
        (p.name, KINDS[p.kind], p.default is not inspect.Parameter.empty)
        for p in inspect.signature(function).parameters.values()
    ]


def source_initializers() -> dict[str, list[str]]:
    """Names of the parameters of __init__, which the built class does not tell."""
    found = {}
    for path in sorted([*(PACKAGE / "core").rglob("*.pyx"), PACKAGE / "_pcre2.pyx"]):
        for name, body in CLASS.findall(path.read_text("utf-8")):
            if init := INIT.search(body):
                words = re.sub(r"\bnot None\b", "", init[1]).split(",")
                found[name] = [word.split("=")[0].split()[-1] for word in words]
    return found


FUNCTIONS = [
    pytest.param(module, None, node, id=f"{module.__name__}.{name}")
    for module in MODULES
    for name, node in declared(stub_of(module)).items()
    if isinstance(node, ast.FunctionDef) and name != "__getattr__"
]
CLASSES = [
    pytest.param(module, node, id=f"{module.__name__}.{name}")
    for module in MODULES
    for name, node in declared(stub_of(module)).items()
    if isinstance(node, ast.ClassDef)
]
METHODS = [
    pytest.param(module, owner, node, id=f"{module.__name__}.{owner}.{name}")
    for module in MODULES
    for owner, described in declared(stub_of(module)).items()
    if isinstance(described, ast.ClassDef)
    for name, node in declared(described.body).items()
    if isinstance(node, ast.FunctionDef) and name != "__init__"
]


@rows("module", MODULES, ids=lambda module: module.__name__)
def test_the_module_has_every_name_of_its_stub(module: ModuleType) -> None:
    names = set(declared(stub_of(module))) - {"__getattr__"}
    assert names <= set(dir(module))


def test_the_stub_has_every_public_name_of_the_core() -> None:
    stub = stub_of(_core)
    classes = {node.name for node in stub if isinstance(node, ast.ClassDef)}
    assert own(_core) <= set(declared(stub)) | classes


@rows(("module", "node"), CLASSES)
def test_a_class_has_the_public_members_of_its_stub(
    module: ModuleType, node: ast.ClassDef
) -> None:
    built = {
        name for name in vars(getattr(module, node.name)) if not name.startswith("_")
    }
    assert {n for n in declared(node.body) if n != "__init__"} == built


@rows(("module", "owner", "node"), FUNCTIONS + METHODS)
def test_a_function_has_the_parameters_of_its_stub(
    module: ModuleType, owner: str | None, node: ast.FunctionDef
) -> None:
    holder = module if owner is None else getattr(module, owner)
    told = list(stub_parameters(node))
    assert built_parameters(getattr(holder, node.name)) == told


@rows(("module", "node"), CLASSES)
def test_a_class_is_made_with_the_parameters_of_its_stub(
    module: ModuleType, node: ast.ClassDef
) -> None:
    init = declared(node.body).get("__init__")
    if init is None:
        return
    assert isinstance(init, ast.FunctionDef)
    told = [name for name, _, _ in stub_parameters(init)]
    assert source_initializers()[node.name] == told


def test_a_request_has_the_attributes_of_its_protocol() -> None:
    protocol = next(
        node
        for node in stub_of(_core)
        if isinstance(node, ast.ClassDef) and node.name == "Request"
    )
    missing = [n for n in declared(protocol.body) if not hasattr(_core.Request, n)]
    assert missing == []
