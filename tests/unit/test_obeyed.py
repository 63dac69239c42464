"""Nothing is parsed and forgotten: what is written down has a reader (readers.py)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from attributes import attributes_read
from readers import (
    PACKAGE,
    UNREAD,
    everything,
    sources,
    unread_fields,
    unread_settings,
)


def test_every_setting_has_a_reader() -> None:
    assert unread_settings(everything()) == UNREAD


def test_every_field_of_the_core_has_a_reader() -> None:
    assert unread_fields(sources({".pxd", ".pyx", ".h"})) == set()


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
        for path, text in everything().items()
    }
    found = unread_settings(texts) - UNREAD
    assert found == {"Member.source_address", "VHost.proxy_source_address"}


TYPES = """
from collections.abc import Iterable
from fastlb.config.tree import Tree
from fastlb.facts.server import Model

def look(tree: Tree, models: Iterable[Model], unknown) -> None:
    names = tree.files, unknown.process
    for model in models:
        for index, host in enumerate(model.vhosts):
            print(host.index, [log.format for log in host.access_logs])
"""


def test_types_are_followed_to_the_class_whose_field_is_read() -> None:
    typed, untyped = attributes_read({PACKAGE / "planted.py": TYPES}, PACKAGE)
    assert typed == {
        "fastlb.config.tree.Tree.files",
        "fastlb.facts.server.Model.vhosts",
        "fastlb.facts.vhost.VHost.index",
        "fastlb.facts.vhost.VHost.access_logs",
        "fastlb.facts.rules.AccessLog.format",
    }
    assert untyped == {"process"}


def test_a_field_of_the_same_name_elsewhere_is_no_reader() -> None:
    texts = {
        path: re.sub(r"\bmodel\.modules", "Tree.modules", text)
        for path, text in everything().items()
    }
    assert unread_settings(texts) - UNREAD == {"Model.modules"}
