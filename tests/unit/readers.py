"""What of the settings, and of the core's structs, has a reader.

Where types lead nowhere a field counts as read if anything of its name is, and so does
every field of a struct: what is found here is certainly unread.
"""

from __future__ import annotations

import dataclasses
import re
import typing
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from attributes import attributes_read

from fastlb.facts.server import Model

PACKAGE = Path(__file__).parents[2] / "fastlb"
# They write what others are to read, or judge it; tests' windows are no readers either.
WRITERS = ("config", "facts", "model", "lint", "probe", "fuzz")
PLACES = {"file", "line"}  # for messages of the check

DUMP = "facts/dump.py"  # what -S prints
# They fill the plan out of the model.
FILLERS = (
    *("plan.pyx", "plan_begin.pyx", "plan_conf.pyx", "plan_hosts.pyx"),
    "plan_members.pyx",
    "labels_plan.pyx",
    "listing_plan.pyx",
)
DOORS = (
    *FILLERS,
    "access_plan.pyx",
    "filter_plan.pyx",
    "html_plan.pyx",
    "plan_rewrite.pyx",
    "expr_ops.pyx",
    "logline.pyx",
    "services.pyx",
)  # of the core, to the model
UNREAD = {"Regex.compiled"}  # kept for _pcre2, which knows it by its pattern

WRITTEN = re.compile(r"(?:\[[^\]]*\])?\s*(?:[-+*|&]|//)?=(?!=)")


def classes(found: type, seen: set[type]) -> set[type]:
    """The dataclass and all that its fields lead to."""
    if found in seen:
        return seen
    seen.add(found)
    for hint in typing.get_type_hints(found).values():
        for part in parts(hint):
            if isinstance(part, type) and dataclasses.is_dataclass(part):
                classes(part, seen)
    return seen


def parts(hint: object) -> Iterator[object]:
    yield hint
    hint = getattr(hint, "__value__", hint)
    for part in typing.get_args(hint):
        yield from parts(part)


def model_fields() -> Iterator[tuple[str, str]]:
    for owner in classes(Model, set()):
        for field in dataclasses.fields(owner):
            yield owner.__name__, field.name


def sources(suffixes: Iterable[str]) -> dict[Path, str]:
    return {
        path: path.read_text()
        for path in sorted(PACKAGE.rglob("*"))
        if path.suffix in suffixes
        and (within := path.relative_to(PACKAGE))
        and (within.parts[0] not in WRITERS or within.as_posix() == DUMP)
        and not path.name.startswith(("_probe.", "_fuzz."))
    }


def everything() -> dict[Path, str]:
    """Whatever can read a setting."""
    return sources({".py", ".pyx", ".pxd"})


def attributes_of_objects(text: str) -> Iterator[str]:
    """What a chapter reads of Python's objects, by name; pointers are its own."""
    code = re.sub(r"#.*", "", text)
    objects = set(re.findall(r"object (\w+)|for (?:\w+, )?(\w+) in", code))
    pointers = set(re.findall(r"\*\s*(\w+)", code)) | {"plan", "watch", "engine"}
    pointers -= {name for pair in objects for name in pair}
    for found in re.finditer(r"\b([a-zA-Z_]\w*)((?:(?:\[[^\]]*\])?\.\w+)+)", code):
        names = re.findall(r"\.(\w+)", found[2])
        if found[1] not in pointers:
            yield from names[: -1 if WRITTEN.match(text_behind(found)) else None]


def names_read(texts: Mapping[Path, str]) -> set[str]:
    """`Class.field` where the class is known, else the field alone.

    plan_conf.pyx names its switches by words. A struct `*_said` of the core is filled
    by name; that its fields are read is asked of them.
    """
    python = {path: text for path, text in texts.items() if path.suffix == ".py"}
    typed, read = attributes_read(python, PACKAGE)
    facts = "fastlb.facts."
    read |= {".".join(n.split(".")[-2:]) for n in typed if n.startswith(facts)}
    for path, text in texts.items():
        if path.name in DOORS:
            read |= {*attributes_of_objects(text), *re.findall(r'"([a-z_]+)"', text)}
        elif path.suffix == ".pxd":
            for struct, name in c_fields(text):
                if struct.endswith("_said"):
                    read |= {name, re.sub("_us$", "_ms", name)}
    return read


def c_fields_read(text: str) -> set[str]:
    return {
        found[1]
        for found in re.finditer(r"(?:\.|->)(\w+)", re.sub(r"#.*", "", text))
        if not WRITTEN.match(text_behind(found))
    }


def text_behind(found: re.Match[str]) -> str:
    return found.string[found.end() : found.end() + 200].split("\n", 1)[0]


def c_fields(text: str) -> Iterator[tuple[str, str]]:
    """(struct, field) of every struct that a .pxd makes; functions are called."""
    owner = ""
    for line in text.splitlines():
        code = line.split("#")[0].rstrip()
        if begin := re.match(r"(?:cdef|ctypedef) (?:packed )?struct (\w+):", code):
            owner = begin[1]
        elif code and not code.startswith("    "):
            owner = ""
        elif (
            owner
            and not code.endswith("nogil")
            and (found := re.search(r"[\s*](\w+)(?:\[[^\]]*\])*$", code))
        ):
            yield owner, found[1]


def unread_settings(texts: Mapping[Path, str]) -> set[str]:
    read = names_read(texts)
    return {
        f"{owner}.{name}"
        for owner, name in model_fields()
        if not {name, f"{owner}.{name}"} & read and name not in PLACES
    }


def unread_fields(texts: Mapping[Path, str]) -> set[str]:
    """What only those read that fill the plan is read by nobody either."""
    read = {
        name
        for path, text in texts.items()
        if path.name not in FILLERS
        for name in c_fields_read(text)
    }
    return {
        f"{owner}.{name}"
        for path, text in texts.items()
        if path.suffix == ".pxd"
        for owner, name in c_fields(text)
        if name not in read
    }
