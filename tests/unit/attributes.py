"""Which attributes of which classes the package's Python files read.

Types are followed as far as annotations lead: parameters, fields, what functions
return, loops over tuples. Where they lead nowhere the attribute alone is known.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

MANY = {
    "tuple",
    "list",
    "set",
    "frozenset",
    "deque",
    "Iterable",
    "Iterator",
    "Sequence",
}
MAPS = {"dict", "Mapping", "MutableMapping", "defaultdict"}
THROUGH = {"Final", "ClassVar"}
MODULE = "a module"


@dataclass(frozen=True)
class Many:
    """A container of one type; of a mapping it is that of the values."""

    of: Type


@dataclass(frozen=True)
class Parts:
    """A tuple of some types."""

    of: tuple[Type, ...]


Type = str | Many | Parts | None  # `module.Class`; None: unknown
Names = Mapping[str, Type]


def type_of(annotation: ast.expr | None, names: Names) -> Type:
    match annotation:
        case ast.Constant(value=str(text)):
            return type_of(ast.parse(text, mode="eval").body, names)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return names.get(name, name)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return type_of(left, names) or type_of(right, names)
        case ast.Subscript(value=ast.Name(id=head), slice=inner):
            args = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            types = tuple(type_of(one, names) for one in args)
            if head == "tuple" and not isinstance(args[-1], ast.Constant):
                return Parts(types)
            if head in MANY:
                return Many(types[0])
            if head in MAPS:
                return Many(types[-1])
            return types[0] if head in THROUGH else names.get(head, head)
    return None


@dataclass
class File:
    """One source, with what its names stand for."""

    tree: ast.Module
    module: str
    names: dict[str, Type] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for node in ast.walk(self.tree):
            match node:
                case ast.Import(names=found):
                    for one in found:
                        self.names[(one.asname or one.name).split(".")[0]] = MODULE
                case ast.ImportFrom(module=module, names=found):
                    for one in found:
                        self.names[one.asname or one.name] = f"{module}.{one.name}"
        for node in self.tree.body:
            match node:
                case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                    self.names[name] = f"{self.module}.{name}"


@dataclass
class World:
    """Types of the attributes of classes, and what functions return; by full name."""

    files: list[File]
    classes: dict[str, dict[str, Type]] = field(default_factory=dict)
    returns: dict[str, Type] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for file in self.files:
            for node in file.tree.body:
                match node:
                    case ast.ClassDef(name=name):
                        known = self.classes.setdefault(f"{file.module}.{name}", {})
                        known |= dict(annotated(node, file.names))
                    case ast.FunctionDef(name=name, returns=given):
                        found = type_of(given, file.names)
                        self.returns[f"{file.module}.{name}"] = found
        for file in self.files:  # what __init__ makes of these
            for node in file.tree.body:
                if isinstance(node, ast.ClassDef):
                    known = self.classes[f"{file.module}.{node.name}"]
                    for name, found in Walk(self, file.names).given_to_self(node):
                        known.setdefault(name, found)


def annotated(owner: ast.ClassDef, names: Names) -> Iterator[tuple[str, Type]]:
    for node in ast.walk(owner):
        match node:
            case ast.AnnAssign(
                target=ast.Name(id=name) | ast.Attribute(attr=name), annotation=given
            ):
                yield name, type_of(given, names)
            case ast.FunctionDef(name=name, returns=given):
                # called, or a property: its type is the same here
                yield name, type_of(given, names)


SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class Walk:
    """Follows types through one file."""

    def __init__(self, world: World, names: Names) -> None:
        self.world = world
        self.names = names
        self.typed: set[str] = set()  # "module.Class.attribute"
        self.untyped: set[str] = set()

    def read(self, scope: ast.AST, around: Names, owner: str) -> None:
        inside = nodes_of(scope)
        known = self._known(scope, inside, around, owner)
        for node in inside:
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                base = self.type(node.value, known)
                if isinstance(base, str):
                    self.typed.add(f"{base}.{node.attr}")
                else:
                    self.untyped.add(node.attr)
            elif isinstance(node, ast.ClassDef):
                self.read(node, known, str(self.names.get(node.name, node.name)))
            elif isinstance(node, SCOPES):
                self.read(node, known, owner)

    def given_to_self(self, owner: ast.ClassDef) -> Iterator[tuple[str, Type]]:
        for init in owner.body:
            if isinstance(init, ast.FunctionDef) and init.name == "__init__":
                known = self._known(init, nodes_of(init), self.names, "")
                for node in ast.walk(init):
                    match node:
                        case ast.Assign(
                            targets=[ast.Attribute(attr=name)], value=value
                        ):
                            yield name, self.type(value, known)

    def _known(
        self, scope: ast.AST, inside: list[ast.AST], around: Names, owner: str
    ) -> Names:
        known = dict(around)
        if isinstance(scope, SCOPES):
            args = scope.args
            for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs):
                known[arg.arg] = type_of(arg.annotation, self.names)
            if owner and args.args and args.args[0].arg == "self":
                known["self"] = owner
        for _ in range(2):  # a loop asks above for what is assigned below
            for node in inside:
                match node:
                    case ast.AnnAssign(target=ast.Name(id=name), annotation=given):
                        known[name] = type_of(given, self.names)
                    case ast.Assign(targets=[target], value=value):
                        give(target, self.type(value, known), known)
                    case (
                        ast.For(target=target, iter=many)
                        | ast.comprehension(target=target, iter=many)
                    ):
                        give(target, self._element(many, known), known)
        return known

    def _element(self, many: ast.expr, known: Names) -> Type:
        match many:
            case ast.Call(func=ast.Attribute(value=value, attr="items")):
                return Parts((None, self._element(value, known)))
            case ast.Call(func=ast.Attribute(value=value, attr="values")):
                return self._element(value, known)
            case ast.Call(func=ast.Name(id="enumerate"), args=[value, *_]):
                return Parts((None, self._element(value, known)))
        found = self.type(many, known)
        return found.of if isinstance(found, Many) else None

    def type(self, node: ast.expr, known: Names) -> Type:
        match node:
            case ast.Name(id=name):
                return known.get(name)
            case ast.Attribute(value=value, attr=name):
                base = self.type(value, known)
                if isinstance(base, str):
                    return self.world.classes.get(base, {}).get(name)
            case ast.Subscript(value=value):
                return self._element(value, known)
            case ast.Call(func=ast.Name() as function):
                found = self.type(function, known)
                if isinstance(found, str) and found not in self.world.classes:
                    return self.world.returns.get(found)
                return found
            case ast.Call(func=ast.Attribute() as method):
                return self.type(method, known)
        return None


def give(target: ast.expr, found: Type, known: dict[str, Type]) -> None:
    match target:
        case ast.Name(id=name):
            known[name] = found
        case ast.Tuple(elts=parts):
            types = found.of if isinstance(found, Parts) else ()
            for place, part in enumerate(parts):
                give(part, types[place] if place < len(types) else None, known)


def nodes_of(scope: ast.AST) -> list[ast.AST]:
    """All below scope, without what stands in scopes within it."""
    found: list[ast.AST] = []
    waiting = list(ast.iter_child_nodes(scope))[::-1]
    while waiting:
        node = waiting.pop()
        found.append(node)
        if not isinstance(node, (*SCOPES, ast.ClassDef)):
            waiting += list(ast.iter_child_nodes(node))[::-1]
    return found


@cache  # a fault is planted in one of them, and the others stay as they were
def file_of(text: str, module: str) -> File:
    return File(ast.parse(text), module)


def attributes_read(
    readers: Mapping[Path, str], root: Path
) -> tuple[set[str], set[str]]:
    """(`module.Class.attribute`, attributes of nobody knows what). root: the package,
    whose other files say what types there are; readers hold for those of theirs."""
    texts = {path: path.read_text() for path in root.rglob("*.py*") if is_python(path)}
    files = {
        path: file_of(text, module_of(path, root))
        for path, text in (texts | dict(readers)).items()
    }
    world = World(list(files.values()))
    typed: set[str] = set()
    untyped: set[str] = set()
    for path in readers:
        found = Walk(world, files[path].names)
        found.read(files[path].tree, files[path].names, "")
        typed |= found.typed
        untyped |= found.untyped
    return typed, untyped


def is_python(path: Path) -> bool:
    return path.suffix in (".py", ".pyi")


def module_of(path: Path, root: Path) -> str:
    parts = path.relative_to(root.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")
