"""Every array of the core is as long as a name says, and the names agree.

What is beyond a bound is decided where the name stands (core/limits.pxd); a number in a
declaration is a bound that nobody has decided upon.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fastlb.base import limits

ROOT = Path(__file__).parents[2] / "fastlb"
CORE = ROOT / "core"
SOURCES = sorted(
    path
    for room in (CORE, ROOT / "probe")
    for path in room.rglob("*")
    if path.suffix in {".pxd", ".pyx", ".h"} and path.name != "sys.pxd"  # the system's
)
# Pairs, and the four classes of something: a shape, not a bound.
SHAPE_MAX = 4
STATEMENTS = {"return", "if", "elif", "while", "and", "or", "not", "del", "yield"}
# A type and a name, and no call: all that may stand before the "=".
DECLARATION = re.compile(r"\s*(?!.*\w\()[\w*()]+[\w *()\[\],]* \**\w[\w\[\], ]*;?")
PADDING = re.compile(r"\bunused\d\[\d+\]")


def bare_bounds(text: str) -> list[str]:
    """Declarations whose length is a number."""
    found = []
    for line in text.splitlines():
        code = re.split(r"#|/\*", line)[0].rstrip()
        words = code.split()
        if not words or words[0] in STATEMENTS:
            continue
        declared = PADDING.sub("", code.partition("=")[0].rstrip())
        numbers = re.findall(r"\[(\d+)\]", declared)
        if any(int(number) > SHAPE_MAX for number in numbers) and (
            DECLARATION.fullmatch(declared)
        ):
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
        "    char[16352] answer",
        "    char line[512];",
        "    uint32_t used, number, more[11];",
    ],
)
def test_a_bare_bound_is_found(line: str) -> None:
    assert bare_bounds(line) == [line.partition("#")[0].strip()]


def test_no_array_has_a_bare_bound() -> None:
    for path in SOURCES:
        assert not bare_bounds(path.read_text()), path


def test_one_bound_has_one_number() -> None:
    here = number_of("ADDRESSES_PER_MEMBER_MAX", "limits.pxd")
    assert here == number_of("TABLE_ADDRESSES_MAX", "balance/table.h")
    assert here == limits.ADDRESSES_PER_MEMBER_MAX
    address = number_of("ADDRESS_BYTES", "limits.pxd")
    assert address == number_of("ADDRESS_BYTES", "balance/table.h")
    members = number_of("MEMBERS_PER_BALANCER_MAX", "limits.pxd")
    assert members == limits.MEMBERS_PER_BALANCER_MAX >= 4096
    assert number_of("ENV_COUNT_MAX", "limits.pxd") == limits.VARIABLES_MAX
    key = number_of("MEMBER_KEY_BYTES_MAX", "balance/table.h")
    assert key == limits.MEMBER_KEY_BYTES_MAX
