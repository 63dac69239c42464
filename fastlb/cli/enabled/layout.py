"""Where sites, modules and other pieces of a configuration lie, and what is enabled."""

from __future__ import annotations

import enum
import glob
import os
import re
from dataclasses import dataclass

# The words of Debian's commands, which scripts match on.
_HEAD = re.compile(r"\s*(?:#.*)?")  # until the first line that is no comment


class Kind(enum.Enum):
    """What is enabled: the word of its folders."""

    SITE = "sites"
    MODULE = "mods"
    CONF = "conf"

    @property
    def word(self) -> str:
        return self.name.lower()

    @property
    def suffix(self) -> str:
        return ".load" if self is Kind.MODULE else ".conf"


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders of one kind below a root."""

    root: str
    kind: Kind

    @property
    def available(self) -> str:
        return os.path.join(self.root, f"{self.kind.value}-available")

    @property
    def enabled(self) -> str:
        return os.path.join(self.root, f"{self.kind.value}-enabled")

    def of(self, kind: Kind) -> Layout:
        return Layout(self.root, kind)

    def names(self, pattern: str, *, enabled: bool) -> list[str]:
        """Names that a pattern of the shell fits, in order."""
        folder = self.enabled if enabled else self.available
        suffix = self.kind.suffix
        if not glob.has_magic(pattern):
            return [pattern]  # whether it is there or not
        found = glob.glob(glob.escape(folder) + f"/{pattern}{suffix}")
        return sorted(os.path.basename(path).removesuffix(suffix) for path in found)

    def all_enabled(self) -> list[str]:
        """Names of the files in the folder; OSError when it is not there."""
        suffix = self.kind.suffix
        return sorted(
            name.removesuffix(suffix)
            for name in os.listdir(self.enabled)
            if name.endswith(suffix)
        )


def said_in(path: str, word: str) -> list[str]:
    """What `# Depends: a b` or `# Conflicts: a` says before the first directive."""
    said = re.compile(rf"# {word}:\s+(.*?)\s*")
    with open(path, encoding="latin-1") as file:
        for line in file:
            text = line.rstrip("\n")
            if (match := said.fullmatch(text)) is not None:
                return match[1].split()
            if _HEAD.fullmatch(text) is None:
                break
    return []
