"""What is said of an answer: its type, charset, language and encoding, by the names of
files (mod_mime), and how long it may be kept (mod_expires)."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from fastlb.facts.mime_table import pack


class MimeField(enum.Enum):
    """What an extension may say, in the order of MIME_* of the core."""

    TYPE = "type"
    CHARSET = "charset"
    ENCODING = "encoding"
    LANGUAGE = "language"
    HANDLER = "handler"

    @property
    def number(self) -> int:
        return list(MimeField).index(self)


@dataclass(frozen=True)
class Mime:
    """mod_mime's lines of a section. Extensions are in lower case, without their dot.

    said     values by extension and field; of the type "" is RemoveType: none, not
             even TypesConfig's
    removed  of these nothing holds, whoever says it (RemoveCharset ...)
    """

    said: tuple[tuple[tuple[str, MimeField], str], ...] = ()
    removed: frozenset[tuple[str, MimeField]] = frozenset()
    default_language: str | None = None
    use_path_info: bool | None = None

    def over(self, base: Mime) -> Mime:
        """A virtual host's over the main server's. What a section removes it takes
        away from itself as well, in whatever order its lines stand (as httpd)."""
        merged = {**dict(base.said), **dict(self.said)}
        return Mime(
            tuple((key, v) for key, v in merged.items() if key not in self.removed),
            frozenset(),
            base.default_language
            if self.default_language is None
            else self.default_language,
            base.use_path_info if self.use_path_info is None else self.use_path_info,
        )

    def of_main_server(self) -> Mime:
        """There is nothing before it, so that nothing of it is removed (as httpd)."""
        return replace(self, removed=frozenset())

    @cached_property
    def fields(self) -> frozenset[MimeField]:
        """Of which anything is said."""
        found = {item for (_, item), _ in self.said}
        if self.default_language:
            found.add(MimeField.LANGUAGE)
        return frozenset(found)

    @cached_property
    def table(self) -> bytes:
        """For the core: made by the master, so that all workers share it."""
        rows: dict[str, list[str | bool]] = {}
        count = len(MimeField)
        for (extension, item), value in self.said:
            rows.setdefault(extension, [False] * count)[item.number] = value
        for extension, item in self.removed:
            rows.setdefault(extension, [False] * count)[item.number] = True
        return pack(rows)


def table_of_types(types: Mapping[str, str]) -> bytes:
    """As TypesConfig has it: extension -> type."""
    rest = [False] * (len(MimeField) - 1)
    return pack({extension: [kind, *rest] for extension, kind in types.items()})


@dataclass(frozen=True, slots=True)
class Expiry:
    """So many seconds behind the request, or behind the last change of the file."""

    of_file: bool
    seconds: int


@dataclass(frozen=True, slots=True)
class Expires:
    """mod_expires' lines of a section. None: not said here."""

    active: bool | None = None
    default: Expiry | None = None
    by_type: tuple[tuple[str, Expiry], ...] = ()  # lower case; each once

    @property
    def has_wildcards(self) -> bool:
        return any(kind.endswith("/*") for kind, _ in self.by_type)

    def over(self, base: Expires) -> Expires:
        """A virtual host's over the main server's."""
        return Expires(
            base.active if self.active is None else self.active,
            base.default if self.default is None else self.default,
            tuple({**dict(base.by_type), **dict(self.by_type)}.items()),
        )


ETAG_PARTS = {"mtime": 2, "inode": 4, "size": 8}
ETAG_NONE = 1


@dataclass(frozen=True, slots=True)
class FileETag:
    """Of what tags are made: 0 for those of an outer section, with these and without
    those."""

    bits: int
    add: int = 0
    remove: int = 0

    def over(self, base: FileETag) -> FileETag:
        """A virtual host's over the main server's (core.c)."""
        if self.bits:
            return self
        add = base.add & ~self.remove | self.add
        remove = base.remove & ~self.add | self.remove
        return FileETag(base.bits & ~remove | add, add, remove)
