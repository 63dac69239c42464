"""Bodies of locally made answers, against what httpd 2.4.71 sent (data/)."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from rows import rows

from fastlb.admin import pages
from fastlb.facts.vhost import DirConf, Section, SectionKind, VHost
from fastlb.facts.words import Signature

RECORDED = json.loads(
    (Path(__file__).parent / "data" / "apache_pages.json").read_text("utf-8")
)


def host(**changes: Any) -> VHost:
    """A virtual host of which the pages read only a few fields."""
    values: dict[str, Any] = dict.fromkeys(
        field.name for field in dataclasses.fields(VHost)
    )
    values.update(
        index=0,
        server_name="front.test",
        server_admin=None,
        server_tokens="Apache/2.4.71 (Debian)",
        default_conf=DirConf(),
        sections=(),
    )
    values.update(changes)
    return VHost(**values)


def location(pattern: str, conf: DirConf, **kind: Any) -> Section:
    values: dict[str, Any] = {
        "kind": SectionKind.LOCATION,
        "is_regex": False,
        "is_glob": False,
        "file": "f",
        "line": 1,
    }
    return Section(pattern=pattern, conf=conf, **(values | kind))


@rows("case", RECORDED, ids=lambda case: case["name"])
def test_page_and_status_line_are_apaches(case: dict[str, Any]) -> None:
    conf = DirConf(
        server_signature=Signature(case["signature"]) if "signature" in case else None
    )
    body = pages.error_page(
        host(server_admin=case.get("admin"), default_conf=conf),
        case["status"],
        case["detail"],
        case["path"],
        second_status=case.get("second_status", 0),
        host=case.get("host", ""),
        port=case.get("port", 0),
    )
    assert body.decode("latin-1") == case["body"]
    assert pages.status_line(case["status"], case["detail"]) == case["line"]


@rows("status", [301, 400, 405, 417, 500, 502])
def test_nothing_from_outside_opens_a_tag(status: int) -> None:
    detail = 'Max-Forwards <script>&"'
    body = pages.error_page(host(), status, detail, "/").decode("latin-1")
    assert "<script" not in body
    assert "&lt;script&gt;&amp;&quot;" in body


@given(st.integers(300, 599), st.text(max_size=30), st.text(max_size=30))
def test_every_status_and_text_gives_a_whole_page(
    status: int, detail: str, path: str
) -> None:
    body = pages.error_page(host(), status, detail, path)
    assert body.startswith(b"<!DOCTYPE HTML") and body.endswith(b"</body></html>\n")


def test_a_status_without_a_name_keeps_the_members_reason() -> None:
    body = pages.error_page(host(), 499, "", "/", reason="Odd <one>")
    assert b"<title>499 Odd &lt;one&gt;</title>" in body


@rows(
    ("pattern", "kind", "path", "around"),
    [
        ("/a", {}, "/a", True),
        ("/a", {}, "/a/b", True),
        ("/a", {}, "/ab", False),
        ("/a/", {}, "/a", False),
        ("/", {}, "/x", True),
        ("/a/*/c", {"is_glob": True}, "/a/x/c", True),
        ("/a/*/c", {"is_glob": True}, "/a/x/y/c", False),
        ("x$", {"is_regex": True}, "/ax", True),
        ("x$", {"is_regex": True}, "/axe", False),
        ("(?<n", {"is_regex": True}, "/axe", False),
        ("/a", {"kind": SectionKind.PROXY}, "/a", False),
    ],
)
def test_settings_of_the_locations_around_the_path_apply(
    pattern: str, kind: dict[str, Any], path: str, around: bool
) -> None:
    conf = DirConf(server_signature=Signature.ON)
    vhost = host(sections=(location(pattern, conf, **kind),))
    body = pages.error_page(vhost, 404, "", path)
    assert (b"<address>" in body) is around


def test_the_footer_names_the_host_itself_when_the_client_did_not() -> None:
    vhost = host(default_conf=DirConf(server_signature=Signature.ON), server_port=8080)
    body = pages.error_page(vhost, 404, "", "/")
    assert b"Server at front.test Port 8080</address>" in body
