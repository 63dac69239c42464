"""Nothing is parsed and forgotten: what is written down has a reader (readers.py)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from readers import EXPLAINED, sources, unread_fields, unread_settings


def test_every_setting_has_a_reader() -> None:
    assert unread_settings(sources({".py", ".pyx", ".pxd"})) == EXPLAINED


def test_every_field_of_the_core_has_a_reader() -> None:
    # plan.pyx alone counts balancers: others have indexes
    known = {"plan_root.balancer_count"}
    assert unread_fields(sources({".pxd", ".pyx", ".h"})) == known


@pytest.mark.parametrize(
    ("text", "unread"),
    [
        ("cdef void f(planted *p):\n    p.planted_flag = True\n", True),
        ("cdef void f(planted *p):\n    p.planted_flag |= 1\n", True),
        ("cdef void f(planted *p):\n    # p.planted_flag\n    pass\n", True),
        ("cdef int f(planted *p):\n    return p.planted_flag\n", False),
        ("cdef int f(planted *p):\n    return p.planted_flag == 1\n", False),
    ],
)
def test_a_planted_field_is_found(text: str, unread: bool) -> None:
    texts = {
        Path("planted.pxd"): "cdef struct planted:\n    bint planted_flag   # why\n",
        Path("planted.pyx"): text,
    }
    assert unread_fields(texts) == ({"planted.planted_flag"} if unread else set())


def test_a_setting_without_its_only_reader_is_found() -> None:
    texts = {
        path: re.sub(r"\.(proxy_)?source_address", ".nothing", text)
        for path, text in sources({".py", ".pyx", ".pxd"}).items()
    }
    found = unread_settings(texts) - EXPLAINED
    assert found == {"Member.source_address", "VHost.proxy_source_address"}
