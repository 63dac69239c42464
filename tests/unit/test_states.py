"""States of connections and exchanges: one table says what may follow each.

The tables are C, and asserted in debug builds; here they are read, and it is looked for
who would change a state beside them.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CORE = Path(__file__).parents[2] / "fastlb" / "core"
SOURCES = {
    str(path.relative_to(CORE)): path.read_text()
    for path in sorted([*CORE.rglob("*.pxd"), *CORE.rglob("*.pyx")])
}
# Prefix of the states: the function that changes them, and where it stands.
OWNERS = {
    "DOWN": ("downstream_enter", "flow/states.pyx"),
    "UP": ("upstream_enter", "flow/states.pyx"),
    "X": ("exchange_enter", "flow/states.pyx"),
}


def states(prefix: str) -> list[str]:
    """Names without their prefix, by number."""
    found = re.findall(
        rf"^    {prefix}_(\w+) = (\d+)", SOURCES["flow/exchange.pxd"], re.M
    )
    assert [int(number) for _, number in found] == list(range(len(found)))
    return [name for name, _ in found]


def followers(prefix: str) -> dict[str, set[str]]:
    text = SOURCES[OWNERS[prefix][1]]
    table = re.search(rf"{prefix}_FOLLOWERS = \[\n(.*?)^\]", text, re.S | re.M)
    assert table is not None
    rows: dict[str, set[str]] = {}
    part = ""
    for line in table[1].splitlines():
        code, _, name = line.partition("#")
        part += code
        if name:
            rows[name.strip()] = set(re.findall(rf"{prefix}_(\w+)", part))
            part = ""
    assert not part.strip()
    return rows


@pytest.mark.parametrize("prefix", OWNERS)
def test_the_table_has_a_row_for_each_state(prefix: str) -> None:
    assert list(followers(prefix)) == states(prefix)


def test_the_page_draws_every_state() -> None:
    page = (CORE.parents[1] / "ARCHITECTURE.md").read_text()
    drawing = page.partition("**Downstream** (")[2].split("```")[1]
    for prefix in OWNERS:
        for name in states(prefix):
            assert re.search(rf"\b{name}\b", drawing), name


@pytest.mark.parametrize("prefix", OWNERS)
def test_every_state_is_entered_and_can_be_reached(prefix: str) -> None:
    table = followers(prefix)
    begun = states(prefix)[0]
    reached, more = set(), {begun}
    while more:
        reached |= more
        more = set().union(*(table[name] for name in more)) - reached
    assert reached == set(table)
    enter = OWNERS[prefix][0]
    entered = set(
        re.findall(rf"\b{enter}\(\w+, {prefix}_(\w+)\)", "".join(SOURCES.values()))
    )
    assert entered | {begun} == set(table)


@pytest.mark.parametrize("prefix", OWNERS)
def test_one_function_alone_changes_the_state(prefix: str) -> None:
    beside = re.compile(rf"\.state = {prefix}_")
    for name, text in SOURCES.items():
        assert not beside.findall(text), name
    enter, home = OWNERS[prefix]
    body = SOURCES[home].partition(f"inline void {enter}(")[2].partition("\n\n\n")[0]
    assert f"ASSERT({prefix}_FOLLOWERS[" in body
    assert body.rstrip().endswith(".state = state")
    held = {"DOWN": "d", "UP": "u", "X": "x"}[prefix]
    assert len(re.findall(rf"\b{held}\.state = state$", SOURCES[home], re.M)) == 1
