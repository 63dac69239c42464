"""Types of the compiled module _pcre2 (fastlb/_pcre2.pyx)."""

from typing import final

def compiled_count() -> int:
    """Patterns that this process and its ancestors have compiled."""

class PatternError(ValueError):
    reason: str
    offset: int  # bytes of the pattern that were read till then
    def __init__(self, reason: str, offset: int) -> None: ...

class PatternLimitError(Exception): ...

@final
class Pattern:
    """A compiled pattern; every attribute is read-only."""

    address: int  # of its pcre2_code
    fast_address: int  # of the one that counts no steps; 0: none
    anchored: bool
    pattern: bytes
    ignore_case: bool
    jit: bool
    check_utf: bool
    group_count: int
    names: tuple[tuple[str, int], ...]  # of groups, in the order of their numbers

    def __init__(self, pattern: bytes, ignore_case: bool = False) -> None:
        """Raises PatternError."""
    def search(self, subject: bytes) -> tuple[tuple[int, int], ...] | None:
        """Spans of the match and of its groups. Raises PatternLimitError."""
