"""The mapping that a look-up finds is the one that asking each in turn finds."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from trees import model_of

from fastlb.config.tree import Node
from fastlb.lint.takers import Takers, takes_all
from fastlb.model.drafts import MappingDraft

NODE = Node("ProxyPass", (), "", str(Path("a.conf")), 1, 1)
PATHS = st.lists(st.sampled_from(["/", "a", "b", "/a", "/a/", "b/"]), max_size=5).map(
    "".join
)
REGEXES = (
    *("^/a", "^/", "b$", "^/a/.*", "^/a/b", "^/b/?", "^/a|^/b", "^/a+", "^", "^/(a|b)"),
    *("^/ab?", "(?i)^/A", "^(?i)/A/", r"^\/a\/", "^/a{2}"),
)
PATTERNS = PATHS | st.sampled_from(REGEXES).map(lambda p: "~" + p)


def mapping(pattern: str) -> MappingDraft:
    return MappingDraft(
        pattern=pattern.removeprefix("~"),
        is_regex=pattern.startswith("~"),
        target="http://h/",
        target_path="/",
        balancer=None,
        member=None,
        nocanon=False,
        noquery=False,
        interpolate=False,
        encoded=False,
        node=NODE,
    )


@given(st.lists(PATTERNS, max_size=8), PATHS)
def test_it_is_the_one_that_asking_finds(patterns: list[str], path: str) -> None:
    ordered = [mapping(pattern) for pattern in patterns]
    takers = Takers(ordered)
    for before in range(len(ordered) + 1):
        asked = next((m for m in ordered[:before] if takes_all(m, path)), None)
        assert takers.first(path, before=before) is asked
    assert takers.first(path) is takers.first(path, before=len(ordered))


def test_members_are_shared_by_address_and_parameters() -> None:
    model = model_of(
        "Listen 1\nProxyPass /a http://h:1/a\nProxyPass /b http://h:1/b\n"
        "ProxyPass /c http://h:1/c retry=5\nProxyPass /d http://h:2/d\n"
        "<VirtualHost *:1>\nServerName a.test\nProxyPass /e http://h:1/e\n"
        "</VirtualHost>\n"
    )
    assert [m.url for m in model.members] == [
        *("http://h:1/a", "http://h:1/c", "http://h:2/d", "http://h:1/e"),
    ]
