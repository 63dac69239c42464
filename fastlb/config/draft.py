"""The raw tree between the two passes, and what is open while a file is read."""

from __future__ import annotations

from dataclasses import dataclass, field

Trail = tuple[tuple[str, int], ...]  # (file, line) of each Include, outermost first


@dataclass(slots=True)
class Draft:
    """A directive or section as it was read, not yet looked at.

    name     as written, without brackets
    raw      the rest of the line, trimmed; of a section without its last `>`
    start    column of the name on the line; 0 when the line was continued
    column   of the first argument; 0 when a continuation or `${}` hides it
    closed   False: a section's line has no `>`
    """

    name: str
    raw: str
    file: str
    line: int
    start: int
    column: int
    trail: Trail = ()
    is_section: bool = False
    closed: bool = True
    children: list[Draft] = field(default_factory=list)


@dataclass(slots=True)
class Frame:
    """A section that is open in the file being read.

    draft None: a conditional section. reading False: it, or one around it, is
    false, and what it encloses is not looked at. unloaded: what a false <IfModule>
    asks for, if a LoadModule would make it true.
    """

    name: str
    line: int
    draft: Draft | None
    reading: bool
    unloaded: str = ""

    @property
    def is_true_condition(self) -> bool:
        return self.draft is None and self.reading


@dataclass(slots=True)
class OpenFile:
    """The file being read: its name, how it was reached, what is open in it.

    depth   sections that are open around its Include, in all files
    """

    name: str
    trail: Trail
    top: list[Draft]
    depth: int = 0
    frames: list[Frame] = field(default_factory=list)

    @property
    def children(self) -> list[Draft]:
        """Where the next directive goes."""
        for frame in reversed(self.frames):
            if frame.draft is not None:
                return frame.draft.children
        return self.top

    @property
    def sections(self) -> int:
        """Sections that are open here, with those around the Include."""
        return self.depth + len(self.frames)

    @property
    def is_reading(self) -> bool:
        return not self.frames or self.frames[-1].reading
