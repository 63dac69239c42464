"""Every array of the core is as long as a name says, and the names agree.

What is beyond a bound is decided where the name stands (core/limits.pxd); a number in a
declaration is a bound that nobody has decided upon.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fastlb.base import limits

CORE = Path(__file__).parents[2] / "fastlb" / "core"
# Pairs, and the four classes of something: a shape, not a bound.
SHAPE_MAX = 4
STATEMENTS = {"return", "if", "elif", "while", "and", "or", "not", "del", "yield"}
FIELD = re.compile(r"^\s+[\w ]+[ *]\w+\[(\d+)\]$")


def bare_bounds(text: str) -> list[str]:
    """Declarations whose length is a number."""
    found = []
    for line in text.splitlines():
        code = line.partition("#")[0].rstrip()
        words = code.split()
        if not words or words[0] in STATEMENTS:
            continue
        if words[0] == "cdef":
            numbers = re.findall(r"\[(\d+)\]", code.partition("=")[0])
        else:
            numbers = FIELD.findall(code)
        if any(int(number) > SHAPE_MAX for number in numbers):
            found.append(code.strip())
    return found


def number_of(name: str, path: str) -> int:
    found = re.search(rf"\b{name}(?: =)? (\d+)\b", (CORE / path).read_text())
    assert found is not None, name
    return int(found[1])


@pytest.mark.parametrize(
    "line",
    [
        "    char text[46]",
        "    plan_conf *confs[65]        # SECTIONS_MATCHED_MAX and default",
        "cdef int[64] pipes",
        "    cdef (member_slot *)[256] members",
        "cdef unsigned char char_class[256]",
        "cdef unsigned char[7] FOLLOWERS = [0]",
    ],
)
def test_a_bare_bound_is_found(line: str) -> None:
    assert bare_bounds(line) == [line.partition("#")[0].strip()]


def test_no_array_has_a_bare_bound() -> None:
    for path in sorted([*CORE.rglob("*.pxd"), *CORE.rglob("*.pyx")]):
        if path.name != "sys.pxd":  # the system's own
            assert not bare_bounds(path.read_text()), path


def test_one_bound_has_one_number() -> None:
    here = number_of("ADDRESSES_PER_MEMBER_MAX", "limits.pxd")
    assert here == number_of("TABLE_ADDRESSES_MAX", "balance/table.h")
    members = number_of("MEMBERS_PER_BALANCER_MAX", "limits.pxd")
    assert members == limits.MEMBERS_PER_BALANCER_MAX >= 4096
