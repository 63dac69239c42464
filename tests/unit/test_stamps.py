"""A file's stamp changes whenever its content may have."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from tls_peers import MEMBER, PLAIN

from fastlb.facts.tls import KeyPair, Trust
from fastlb.tls.stamps import of_member, of_paths, of_server, of_server_trust


def test_a_file_that_comes_or_goes_is_a_change(tmp_path: Path) -> None:
    path = tmp_path / "a"
    absent = of_paths([str(path), None])
    path.write_text("1")
    there = of_paths([str(path), None])
    assert absent != there
    path.unlink()
    assert of_paths([str(path), None]) == absent


def test_a_file_renamed_over_another_is_a_change(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    for path in (first, second):
        path.write_text("1")
        os.utime(path, ns=(0, 0))
    before = of_paths([str(first)])
    os.rename(second, first)
    assert of_paths([str(first)]) != before


def test_a_directory_is_its_files(tmp_path: Path) -> None:
    inside = tmp_path / "x.0"
    inside.write_text("1")
    before = of_paths([str(tmp_path)])
    status = os.stat(tmp_path)
    inside.write_text("22")
    os.utime(tmp_path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert of_paths([str(tmp_path)]) != before


def test_every_file_that_is_named_counts() -> None:
    trust = Trust("/ca", "/cas", "/crl", "/crls")
    server = replace(
        PLAIN,
        pairs=(KeyPair("/cert", "/key", "", 0),),
        chain_file="/chain",
        trust=trust,
        dn_request_file="/dn",
        dn_request_path="/dns",
        conf_commands=(("DHParameters", "/dh"), ("Groups", "P-256")),
    )
    assert {stamp[0] for stamp in of_server(server)} == {
        *("/cert", "/key", "/chain", "/dh", "/ca", "/cas", "/crl", "/crls"),
        *("/dn", "/dns"),
    }
    assert {stamp[0] for stamp in of_server_trust(server)} == {
        *("/ca", "/cas", "/crl", "/crls", "/dn", "/dns")
    }
    member = replace(
        MEMBER,
        trust=trust,
        machine_certificate_file="/m",
        machine_certificate_path="/ms",
        machine_chain_file="/mc",
    )
    assert {stamp[0] for stamp in of_member(member)} == {
        *("/ca", "/cas", "/crl", "/crls", "/m", "/ms", "/mc")
    }
