"""How a listing of a directory looks, and what it leaves out (mod_autoindex).

Text of the configuration is latin-1: a character is a byte. A pattern is one of * and ?
alone, which meet a slash, too, unless it is said otherwise.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

NONE: Final = 1
ICONS_ARE_LINKS: Final = 2
SUPPRESS_ICON: Final = 4
SUPPRESS_LAST_MODIFIED: Final = 8
SUPPRESS_SIZE: Final = 16
SUPPRESS_DESCRIPTION: Final = 32
SUPPRESS_PREAMBLE: Final = 64
SUPPRESS_SORTING: Final = 128
SUPPRESS_RULES: Final = 256
FOLDERS_FIRST: Final = 512
VERSION_SORT: Final = 1024
TRACK_MODIFIED: Final = 2048
FANCY: Final = 4096
TABLE: Final = 8192
IGNORE_CLIENT: Final = 16384
IGNORE_CASE: Final = 32768
XHTML: Final = 65536
SHOW_FORBIDDEN: Final = 131072
ADD_ALT_CLASS: Final = 262144


class ItemKind(enum.Enum):
    """What AddIcon and its kin look at, in the order of LISTED_BY_* of the core."""

    PATH = "path"
    TYPE = "type"
    ENCODING = "encoding"

    @property
    def number(self) -> int:
        return list(ItemKind).index(self)


@dataclass(frozen=True, slots=True)
class ListedItem:
    """An icon or its text.

    within   pattern of the whole path: of the section in which it is said
    pattern  of the path, the type or the encoding; "": all
    said     URL of the icon, or the text
    """

    kind: ItemKind
    within: str
    pattern: str
    said: str


@dataclass(frozen=True, slots=True)
class Description:
    """AddDescription.

    pattern        as fnmatch has it, or a text that the name holds
    is_glob        it is the former
    of_whole_path  it is compared with the path, not with its last part
    """

    pattern: str
    is_glob: bool
    of_whole_path: bool
    said: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """IndexIgnore: patterns of the whole path, and of its last part."""

    within: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Width:
    """Of a column; None: as wide as its longest text.

    It holds wherever no later section says another.
    """

    characters: int
    adjusts: bool


NAME_WIDTH: Final = Width(23, adjusts=False)


@dataclass(frozen=True, slots=True)
class Listing:
    """What a section says of listings. None, "" or 0: nothing.

    options      words without a sign, which replace those of outer sections
    plus, minus  words with one
    is_reset     IndexIgnoreReset: what outer sections leave out is shown again
    """

    options: int | None = None
    plus: int = 0
    minus: int = 0
    icons: tuple[ListedItem, ...] = ()
    alts: tuple[ListedItem, ...] = ()
    descriptions: tuple[Description, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    is_reset: bool = False
    header: str | None = None
    readme: str | None = None
    default_icon: str | None = None
    style_sheet: str | None = None
    head_insert: str | None = None
    content_type: str | None = None
    charset: str | None = None
    old_dates: bool = False
    icon_width: int = 0
    icon_height: int = 0
    name_width: Width | None = None
    description_width: Width | None = None
    sort_key: str = ""  # N, M, S or D
    sort_order: str = ""  # A or D

    def over(self, base: Listing) -> Listing:
        """A virtual host's over the main server's, as httpd merges them."""
        options, plus, minus = self.options, 0, 0
        if options is None:
            plus = (base.plus | self.plus) & ~self.minus
            minus = base.minus | self.minus
            options = ((base.options or 0) & ~NONE | plus) & ~minus
        return Listing(
            options,
            plus,
            minus,
            self.icons + base.icons,
            self.alts + base.alts,
            self.descriptions + base.descriptions,
            self.ignored if self.is_reset else self.ignored + base.ignored,
            self.is_reset,
            base.header if self.header is None else self.header,
            base.readme if self.readme is None else self.readme,
            base.default_icon if self.default_icon is None else self.default_icon,
            base.style_sheet if self.style_sheet is None else self.style_sheet,
            base.head_insert if self.head_insert is None else self.head_insert,
            base.content_type if self.content_type is None else self.content_type,
            base.charset if self.charset is None else self.charset,
            self.old_dates or base.old_dates,
            self.icon_width or base.icon_width,
            self.icon_height or base.icon_height,
            self.name_width or base.name_width,
            self.description_width or base.description_width,
            self.sort_key or base.sort_key,
            self.sort_order or base.sort_order,
        )
