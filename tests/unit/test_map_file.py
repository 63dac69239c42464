"""Files of RewriteMap: what is read of them, and what stops nobody."""

from __future__ import annotations

import os
import struct
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_plan import Plan
from trees import errors

from fastlb import _probe
from fastlb.config.lexer import configuration_text
from fastlb.facts.rewrite_maps import MapKind, pairs_of

IS_LARGE, IS_NO_FILE, IS_TORN = -1, -2, -3
PIECES = st.sampled_from(
    [b"a", b"b", b" ", b"\t", b"\n", b"\r\n", b"#", b"\0", b"\v", b"\xe4", b"k v\n"]
)


@given(st.lists(PIECES, max_size=40).map(b"".join))
def test_a_file_of_text_is_read_as_the_check_reads_it(data: bytes) -> None:
    with TemporaryDirectory() as name:
        path = Path(name, "map")
        path.write_bytes(data)
        wanted = pairs_of(MapKind.TXT, str(path))
        assert _probe.map_pairs(os.fsencode(path), False) == wanted


def page(*numbers: int) -> bytes:
    return struct.pack(f"={len(numbers)}h", *numbers).ljust(1024, b"x")


@given(
    st.lists(st.integers(-3, 1030), max_size=9).map(lambda numbers: page(*numbers)),
    st.integers(0, 3),
)
def test_a_file_of_sdbm_is_read_as_the_check_reads_it(one: bytes, cut: int) -> None:
    with TemporaryDirectory() as name:
        path = Path(name, "map.pag")
        path.write_bytes((one * 2)[: 2048 - cut])
        found = _probe.map_pairs(os.fsencode(path), True)
        try:
            wanted = pairs_of(MapKind.SDBM, str(path.with_suffix("")))
        except ValueError:
            assert found == IS_TORN
        else:
            assert found == wanted


def test_what_httxt2dbm_makes_is_read(tmp_path: Path) -> None:
    text = "".join(f"key{i} value{i}\n" for i in range(3000))
    (tmp_path / "text").write_text(text)
    subprocess.run(
        ["httxt2dbm", "-f", "sdbm", "-i", tmp_path / "text", "-o", tmp_path / "made"],
        check=True,
        capture_output=True,
    )
    found = _probe.map_pairs(os.fsencode(tmp_path / "made.pag"), True)
    assert found == pairs_of(MapKind.TXT, str(tmp_path / "text"))
    assert len(found) == 3000


def test_only_a_regular_file_of_some_size_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").touch()
    os.truncate(tmp_path / "large", (64 << 20) + 1)
    for name, problem in (("pipe", IS_NO_FILE), ("large", IS_LARGE), ("no", 2)):
        assert _probe.map_pairs(os.fsencode(tmp_path / name), False) == problem
    assert _probe.map_pairs(os.fsencode(tmp_path), False) == IS_NO_FILE
    for name in ("pipe", "large"):
        with pytest.raises(ValueError, match=r"regular|larger"):
            pairs_of(MapKind.TXT, str(tmp_path / name))


def test_the_check_refuses_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (found,) = errors(f"RewriteMap m txt:{tmp_path}/pipe\n")
    assert "is no regular file" in found


def test_a_pipe_in_the_place_of_a_map_stops_nobody(tmp_path: Path) -> None:
    path = tmp_path / "pairs"
    path.write_text("a one\n")
    plan = Plan(
        f"RewriteEngine on\nRewriteMap m {path}\n"
        "RewriteRule ^/(.) /${m:$1|none} [R]\n"
    )
    assert plan("/a")["location"].endswith(b"/one")
    path.unlink()
    os.mkfifo(path)
    plan.probe.ahead_us = 1_100_000  # it looks once a second
    assert plan("/a")["location"].endswith(b"/none")


def test_hosts_with_the_same_map_hold_it_once(tmp_path: Path) -> None:
    (tmp_path / "pairs").write_text("a one\n")
    rules = (
        f"RewriteEngine on\nRewriteMap m {tmp_path}/pairs\n"
        "RewriteRule ^/(.) /${m:$1} [R]\n"
    )
    plan = Plan(
        f"RewriteMap n {tmp_path}/pairs\n<VirtualHost *>\n{rules}</VirtualHost>\n"
        f"<VirtualHost *>\nServerName two.example\n{rules}</VirtualHost>\n"
    )
    for host in ("one.example", "two.example"):
        head = f"GET /a HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
        assert plan.raw(head, "192.0.2.1")["location"].endswith(b"/one")


def test_a_map_has_a_name_that_is_not_ascii(tmp_path: Path) -> None:
    path = tmp_path / "größe"
    path.write_text("a one\n")
    plan = Plan(
        f"RewriteEngine on\nRewriteMap m {configuration_text(str(path))}\n"
        "RewriteRule ^/(.) /${m:$1} [R]\n"
    )
    head = b"GET /a HTTP/1.1\r\nHost: h.example\r\n\r\n"
    assert plan.raw(head, "192.0.2.1")["location"].endswith(b"/one")
