"""entity.pyx: what the answer that is a file says, and its parts on their way."""

from __future__ import annotations

from pathlib import Path

import pytest
from flow_bench import Bench
from flow_peers import get
from rows import rows
from trees import resolve_text

BIG = bytes(range(256)) * 4096  # more than a socket takes at once


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "big.bin").write_bytes(BIG)
    for name in ("a.cgi", "a.php", "a.txt", "a.shtml", "a.shtml.en"):
        (tmp_path / name).write_bytes(b"secret")
    return tmp_path


def ask(site: Path, settings: str, request: bytes) -> tuple[bytes, bytes]:
    with Bench(f"Listen 8080\nDocumentRoot {site}\n{settings}\n") as bench:
        return bench.ask(request).message()


def test_parts_of_a_large_file_go_out_with_what_stands_between_them(
    site: Path,
) -> None:
    asked = get("/big.bin", "Range: bytes=0-599999,700000-1000000")
    head, body = ask(site, "AddType a/b .bin", asked)
    assert head.startswith(b"HTTP/1.1 206 ")
    mark = head.partition(b"boundary=")[2][:16]
    parts = body.split(b"\r\n--" + mark)
    assert parts[0] == b"" and parts[3] == b"--\r\n"
    for part, span in ((parts[1], b"0-599999"), (parts[2], b"700000-1000000")):
        said, _, content = part.partition(b"\r\n\r\n")
        assert said == (
            b"\r\nContent-type: a/b\r\nContent-range: bytes " + span + b"/1048576"
        )
        first, last = map(int, span.split(b"-"))
        assert content == BIG[first : last + 1]


def test_a_file_that_somebody_is_to_run_is_not_sent(site: Path) -> None:
    (site / "types").write_text("application/x-httpd-php php\n")
    text = f"AddHandler type-map .cgi\nTypesConfig {site}/types"
    for name in ("a.cgi", "a.php"):
        head, body = ask(site, text, get(f"/{name}"))
        assert head.startswith(b"HTTP/1.1 403 ")
        assert b"secret" not in body
    head, body = ask(site, text, get("/a.txt"))
    assert body == b"secret"


PHP = "application/x-httpd-php"
UNSEEN = "RewriteEngine On\nRewriteRule ^/(.*)x$ /$1"  # may take whatever is asked for


@rows(
    ("settings", "name", "is_sent"),
    [
        (f"ForceType {PHP}", "a.txt", False),
        (f"ForceType {PHP.upper()}-source", "a.txt", False),
        (f"<Files a.txt>\nForceType {PHP}\n</Files>", "a.txt", False),
        (f"<Files a.txt>\nForceType {PHP}\n</Files>", "a.cgi", True),
        (f"RewriteRule ^/y$ /a.txt [T={PHP}]", "y", False),
        (f"RewriteRule ^/y$ /a.txt [T={PHP}]", "a.txt", True),
        ("RewriteRule ^/y$ /a.txt [T=text/plain]", "y", True),
        (f"RewriteRule ^/y$ /a.txt [T=a/b]\nForceType {PHP}", "y", False),
        # A type that was said in another place is that of nobody's program.
        ("TypesConfig {site}/types", "a.php", False),
        ("TypesConfig {site}/types\nForceType text/plain", "a.php", True),
        ("TypesConfig {site}/types\nForceType none", "a.php", False),
        ("TypesConfig {site}/types\nRewriteRule php$ - [T=a/b]", "a.php", True),
    ],
)
def test_a_type_of_programs_keeps_its_file_back(
    site: Path, settings: str, name: str, is_sent: bool
) -> None:
    (site / "types").write_text(f"{PHP} php\n")
    text = f"{UNSEEN}\n{settings}".replace("{site}", str(site))
    head, body = ask(site, text, get(f"/{name}"))
    assert head.startswith(b"HTTP/1.1 200 " if is_sent else b"HTTP/1.1 403 ")
    assert (body == b"secret") == is_sent


def test_a_handler_of_a_section_takes_the_place_of_that_of_a_name(site: Path) -> None:
    text = "AddHandler type-map .cgi\n<Location />\nSetHandler {0}\n</Location>"
    for handler, status in (("default-handler", 200), ("none", 403)):
        head, body = ask(site, text.format(handler), get("/a.cgi"))
        assert head.startswith(f"HTTP/1.1 {status} ".encode())
        assert (body == b"secret") == (status == 200)


SHTML = "AddOutputFilter INCLUDES .shtml"


@rows(
    ("settings", "name", "is_sent"),
    [
        (SHTML, "a.shtml", True),
        (f"{SHTML}\nOptions +Includes", "a.shtml", False),
        (f"{SHTML}\nOptions +Includes", "a.shtml.en", False),
        (f"{SHTML}\nOptions +Includes", "a.txt", True),
        (f"{SHTML}\nOptions All", "a.shtml", False),
        (f"{SHTML}\nOptions IncludesNoExec", "a.shtml", False),
        (f"{SHTML}\n<Files a*>\nOptions +Includes\n</Files>", "a.shtml", False),
        (
            f"{SHTML}\nOptions +Includes\n<Files a*>\nOptions -Includes\n</Files>",
            "a.shtml",
            True,
        ),
        (
            f"{SHTML}\nOptions All\n<Files a*>\nRemoveOutputFilter .shtml\n</Files>",
            "a.shtml",
            True,
        ),
        ("SetOutputFilter INCLUDES\nOptions All", "a.txt", False),
        ("SetOutputFilter DEFLATE;INCLUDES\nOptions All", "a.txt", False),
        ("AddOutputFilterByType INCLUDES a/b\nOptions All", "a.txt", True),
        (
            "AddOutputFilterByType INCLUDES a/b\nOptions All\nAddType a/b txt",
            "a.txt",
            0,
        ),
        ("AddOutputFilterByType INCLUDES a/b\nOptions All\nForceType a/b", "a.txt", 0),
        ('FilterProvider I INCLUDES "true"\nFilterChain I\nOptions All', "a.txt", 0),
        ('FilterProvider I INCLUDES "true"\nOptions All', "a.txt", True),
    ],
)
def test_a_page_that_would_include_others_is_not_sent(
    site: Path, settings: str, name: str, is_sent: bool
) -> None:
    head, body = ask(site, f"{UNSEEN}\n{settings}", get(f"/{name}"))
    assert head.startswith(b"HTTP/1.1 200 " if is_sent else b"HTTP/1.1 403 ")
    assert (body == b"secret") == is_sent


def test_no_handler_is_none_that_only_begins_so(site: Path) -> None:
    text = "<Location />\nSetHandler {0}\n</Location>"
    for handler, is_sent in (("none", True), ("None", True), ("nonesuch", False)):
        _, body = ask(site, text.format(handler), get("/a.txt"))
        assert (body == b"secret") == is_sent


def test_a_tag_is_what_fileetag_says_of_all_sections(site: Path) -> None:
    for text, parts in (
        ("FileETag None", 0),
        ("FileETag Size", 1),
        ("FileETag All", 3),
        ("FileETag MTime Size\n<Location />\nFileETag +INode\n</Location>", 3),
        ("<Location />\nFileETag None\n</Location>", 0),
    ):
        head, _ = ask(site, text, get("/a.txt"))
        tag = head.partition(b"\r\nETag: ")[2].partition(b"\r\n")[0]
        assert tag.count(b"-") == max(0, parts - 1), text
        assert bool(tag) == bool(parts), text


def test_a_tag_of_the_whole_file_is_refused() -> None:
    model, found = resolve_text("Listen 8080\nFileETag Digest\n")
    assert model is None
    assert [one.text for one in found if one.is_error] == [
        "FileETag Digest is not supported"
    ]
