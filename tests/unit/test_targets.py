from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows import rows

from fastlb.model.targets import (
    TargetError,
    is_leading_part,
    parse_target,
    split_balancer_url,
)


@rows(
    ("text", "url", "host", "port", "path"),
    [
        ("HTTP://Ho.Ex:80/Path/", "http://ho.ex/Path/", "ho.ex", 80, "/Path/"),
        ("http://h:8080", "http://h:8080", "h", 8080, ""),
        ("https://h:443/x", "https://h/x", "h", 443, "/x"),
        ("ajp://h", "ajp://h", "h", 8009, ""),
        ("http://[::1]:81/x", "http://[::1]:81/x", "::1", 81, "/x"),
        ("http://h:80$1", "http://h$1", "h", 80, "$1"),
        ("http://h?q=1", "http://h?q=1", "h", 80, "?q=1"),
        ("unix:/s|http://h:81/x", "unix:/s|http://h:81/x", "h", 81, "/x"),
        ("unix:/s|http:", "unix:/s|http://localhost", "localhost", 80, ""),
        ("http://${V}:81/x", "http://${v}:81/x", "${v}", 81, "/x"),
        ("http://a-${V}.b$1", "http://a-${v}.b$1", "a-${v}.b", 80, "$1"),
        ("unix:/s|http://", "unix:/s|http://localhost", "localhost", 80, ""),
    ],
)  # fmt: skip
def test_urls_are_normalised(
    text: str, url: str, host: str, port: int, path: str
) -> None:
    found = parse_target(text)
    assert (found.url, found.host, found.port, found.path) == (url, host, port, path)


@rows(
    "text",
    ["", "h", "h:80", "/x", "http:/x", "http://", "http://:80/", "http://h:0/",
     "http://h:65536/", "http://h:x/", "http://a b/", "unix:s|http://h/", "unix:/s",
     "http://" + "h" * 256],
)  # fmt: skip
def test_what_is_no_target_is_refused(text: str) -> None:
    with pytest.raises(TargetError):
        parse_target(text)


@rows(
    ("first", "second", "same"),
    [
        ("http://h", "http://h/x", True),
        ("http://h/", "http://h/x", True),
        ("http://h/x", "http://h/xy", True),
        ("http://h/x", "http://h/", False),
        ("http://h:80", "http://h/", True),
        ("http://h:8", "http://h:80/", False),
        ("http://h", "https://h/", False),
        ("unix:/a|http://h/", "unix:/b|http://h/", False),
    ],
)
def test_leading_part_needs_the_whole_authority(
    first: str, second: str, same: bool
) -> None:
    assert is_leading_part(parse_target(first), parse_target(second)) is same


@rows(
    ("text", "name", "path"),
    [
        ("balancer://B", "balancer://b", ""),
        ("BALANCER://b/X/", "balancer://b", "/X/"),
        ("balancer://b$1", "balancer://b", "$1"),
    ],
)
def test_balancer_urls_split_at_slash_or_dollar(
    text: str, name: str, path: str
) -> None:
    assert split_balancer_url(text) == (name, path)


@rows("text", ["balancer://", "balancer:///x", "balancer://" + "b" * 90])
def test_balancer_names_are_neither_empty_nor_endless(text: str) -> None:
    with pytest.raises(TargetError):
        split_balancer_url(text)


@given(st.text())
def test_any_text_is_taken_or_refused(text: str) -> None:
    for attempt in (text, "http://" + text, "unix:/" + text):
        try:
            found = parse_target(attempt)
        except TargetError:
            continue
        assert parse_target(found.url) == found
        assert found.url == found.authority_url + found.path
