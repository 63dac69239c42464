"""The conditional sections: is what they enclose read at all?

IfModule, IfDefine, IfVersion, IfFile, IfDirective, IfSection, as observed with httpd
2.4.71 (`!` in front of any of them; further words are ignored, except in IfVersion).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from operator import eq, ge, gt, le, lt

from fastlb._pcre2 import Pattern, PatternError, PatternLimitError
from fastlb.config import modules
from fastlb.config.lexer import filesystem_path, split_words
from fastlb.config.registry import OWN, Registry

MPM_COMMON = "mpm_common.c"  # no module: of every process model
VERSION = (2, 4, 71)  # of the Apache that fastlb answers as
SECTION = "<section>"  # stands for the section in messages
NAMES = ("ifmodule", "ifdefine", "ifversion", "iffile", "ifdirective", "ifsection")
_OPERATORS = {"=": eq, "==": eq, ">": gt, ">=": ge, "<": lt, "<=": le}
_VERSION_WRONG = (
    "Version appears to be invalid. It must have the format major[.minor[.patch]]"
    " where major, minor and patch are numbers."
)


class ConditionError(ValueError):
    """The condition cannot be read; the text is Apache's sentence."""


@dataclass(frozen=True, slots=True)
class World:
    """What conditions ask about, at one moment of the reading."""

    registry: Registry
    defines: Mapping[str, str | None]
    modules: tuple[str, ...]
    server_root: str


def holds(name: str, argument: str, world: World) -> bool:
    """Whether section `name` (lower case, one of NAMES) is true.

    argument: the text between the name and the last `>`. Raises ConditionError.
    """
    if name == "ifversion":
        return _version_holds(argument)
    words = [word.text for word in split_words(argument.strip())]
    if not words or words[0] in ("", "!"):
        raise ConditionError(f"{SECTION} directive requires additional arguments")
    negated = words[0].startswith("!")
    word = words[0].removeprefix("!")
    return _asks(name, word, world) is not negated


def _asks(name: str, word: str, world: World) -> bool:
    if name == "ifmodule":
        return modules.is_there(word, world.modules)
    if name == "ifdefine":
        return word in world.defines
    if name == "iffile":
        path = os.path.join(world.server_root, filesystem_path(word))
        return "\0" not in path and os.path.exists(path)
    if name == "ifsection":
        declared = world.registry.section(word)
    else:
        declared = world.registry.find(word.removeprefix("<"), word.startswith("<"))
    if declared is None:
        return False
    # Declared may be more than is there: words of other modules, to be refused.
    everywhere = declared.module in (OWN, MPM_COMMON)
    return everywhere or modules.is_there(declared.module, world.modules)


def _version_holds(argument: str) -> bool:
    words = argument.split()
    if not words:
        raise ConditionError(_VERSION_WRONG)
    operator = words[0] if len(words) > 1 else "="
    wanted = words[-1]
    negated = operator.startswith("!")
    operator = operator.removeprefix("!") or "="
    if len(words) == 1 and wanted.startswith("!"):
        negated, wanted = True, wanted[1:]
    if operator == "~" or (operator in ("=", "==") and wanted.startswith("/")):
        return _version_matches(wanted) is not negated
    return _version_compares(operator, wanted) is not negated


def _version_matches(written: str) -> bool:
    pattern = written
    if written.startswith("/"):
        if len(written) < 2 or not written.endswith("/"):
            raise ConditionError("Missing delimiting / of regular expression.")
        pattern = written[1:-1]
    version = ".".join(map(str, VERSION)).encode()
    try:
        return Pattern(pattern.encode("latin-1", "replace")).search(version) is not None
    except (PatternError, PatternLimitError) as problem:
        raise ConditionError("Unable to compile regular expression") from problem


def _version_compares(operator: str, written: str) -> bool:
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9}){0,2}", written):
        raise ConditionError(_VERSION_WRONG)
    parts = [int(part) for part in written.split(".")]
    wanted = (*parts, *(0 for _ in range(3 - len(parts))))
    if operator not in _OPERATORS:
        raise ConditionError(f"unrecognized operator '{operator}'")
    return bool(_OPERATORS[operator](VERSION, wanted))
