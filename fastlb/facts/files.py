"""Files that the server has itself: where they lie, and what sections say of them.

Text of the configuration is latin-1: a character is a byte.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

INDEXES: Final = 1
INCLUDES: Final = 2
FOLLOW_SYM_LINKS: Final = 4
SYM_LINKS_IF_OWNER_MATCH: Final = 8
EXEC_CGI: Final = 16
MULTI_VIEWS: Final = 32
ALL: Final = INDEXES | INCLUDES | FOLLOW_SYM_LINKS | EXEC_CGI


@dataclass(frozen=True, slots=True)
class FileOptions:
    """Options of a section: bits that come and bits that go.

    is_whole: words without signs, which replace what holds around the section
    """

    on: int = 0
    off: int = 0
    is_whole: bool = False

    def over(self, base: FileOptions | None) -> FileOptions:
        """These behind others, as httpd merges them."""
        if self.is_whole or base is None:
            return self
        on = base.on & ~self.off | self.on
        off = 0 if base.is_whole else base.off & ~self.on | self.off
        return FileOptions(on, off, base.is_whole)


@dataclass(frozen=True, slots=True)
class DirectoryIndex:
    """Names that are tried in a directory, in their order; (): none is."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileAlias:
    """Alias, AliasMatch, ScriptAlias and ScriptAliasMatch.

    target     what takes the pattern's place, under the root of the file system
    is_script  what lies there is a program: it is never sent
    """

    pattern: str
    is_regex: bool
    target: str
    is_script: bool
    file: str
    line: int
