"""files.pyx, opening.pyx, file_answer.pyx, file_send.pyx: files of the server's own."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from flow_bench import Bench
from flow_peers import get
from rows import rows

from fastlb import _probe

OPEN, DIRECTORY, REST, MISSING, FORBIDDEN = 1, 2, 3, -404, -403
FOLLOW, OWNER, NONE = 4, 8, 0


@pytest.fixture
def site(tmp_path: Path) -> Path:
    root = tmp_path / "www"
    (root / "sub").mkdir(parents=True)
    (root / "index.html").write_bytes(b"home")
    (root / "sub" / "a.txt").write_bytes(b"a")
    (tmp_path / "outside.txt").write_bytes(b"outside")
    (root / "link.txt").symlink_to(tmp_path / "outside.txt")
    (root / "dir").symlink_to(root / "sub")
    (root / "loop").symlink_to("loop")
    (root / "gone").symlink_to("nowhere")
    os.mkfifo(root / "pipe")
    return root


@rows(
    ("name", "options", "found"),
    [
        (name, options, found)
        for options, of_links in ((FOLLOW, OPEN), (OWNER, OPEN), (NONE, FORBIDDEN))
        for name, found in (
            ("index.html", OPEN),
            ("sub/a.txt", OPEN),
            ("sub", DIRECTORY),
            ("sub/", DIRECTORY),
            ("", DIRECTORY),
            ("missing", MISSING),
            ("sub/missing/more", MISSING),
            ("index.html/more", REST),
            ("index.html/", REST),
            ("pipe", FORBIDDEN),
            ("loop", FORBIDDEN),
            ("gone", FORBIDDEN),
            ("x" * 300, FORBIDDEN),
            ("x/" * 3000, FORBIDDEN),
            ("link.txt", of_links),
            ("dir/a.txt", of_links),
        )
    ],
)
@pytest.mark.parametrize("by_parts", [False, True])
def test_what_opening_finds(
    site: Path, name: str, options: int, found: int, by_parts: bool
) -> None:
    levels = [(0, FOLLOW), (len(str(site)), options)]
    path = f"{site}/{name}".encode()
    assert _probe.open_file(path, levels, by_parts)[0] == found
    assert _probe.open_file(path, levels, by_parts, reads=False)[0] == found
    if options != OWNER:  # nobody looks at links above the site then
        levels = [(0, options)]
        assert _probe.open_file(path, levels, by_parts)[0] == found


def test_a_link_to_what_is_anothers_is_not_followed(site: Path) -> None:
    (site / "system").symlink_to("/etc/passwd")
    os.lchown(site / "system", 12345, 12345) if os.getuid() == 0 else None
    found = _probe.open_file(f"{site}/system".encode(), [(0, OWNER)])
    assert found[0] == FORBIDDEN


def seen_by_a_stranger(path: str, by_parts: bool, reads: bool) -> int:
    """... who has no rights but those of everybody. Of the low byte of FILE_*."""
    pid = os.fork()
    if pid == 0:
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setresgid(65534, 65534, 65534)
                os.setresuid(65534, 65534, 65534)
            found = _probe.open_file(path.encode(), [(0, FOLLOW)], by_parts, reads)
            os._exit(found[0] & 255)
        finally:
            os._exit(99)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.parametrize("by_parts", [False, True])
def test_what_may_not_be_read_may_be_seen(by_parts: bool) -> None:
    """A script that only its application reads, a directory that nobody lists."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "run.php"
        script.write_bytes(b"secret")
        script.chmod(0)
        for mode, file in ((0o711, OPEN), (0o700, FORBIDDEN)):
            os.chmod(folder, mode if os.geteuid() == 0 else mode & ~0o400)
            if mode == 0o700 and os.geteuid() != 0:
                break  # it is the test's own
            for path, reads, found in (
                (str(script), True, FORBIDDEN),
                (str(script), False, file),
                (folder, True, DIRECTORY),
                (f"{folder}/", True, DIRECTORY),
                (f"{folder}/", False, DIRECTORY),
            ):
                assert seen_by_a_stranger(path, by_parts, reads) == found & 255, path
        os.chmod(folder, 0o700)


def test_options_hold_from_their_directory_on(site: Path) -> None:
    levels = [(0, FOLLOW), (len(f"{site}/sub"), NONE)]
    (site / "sub" / "link").symlink_to("a.txt")
    assert _probe.open_file(f"{site}/link.txt".encode(), levels)[0] == OPEN
    assert _probe.open_file(f"{site}/sub/link".encode(), levels)[0] == FORBIDDEN
    assert _probe.open_file(f"{site}/sub/a.txt".encode(), levels) == (OPEN, b"a")


def test_a_file_that_is_small_goes_out_with_its_head(site: Path) -> None:
    with Bench(f'Listen 80\nDocumentRoot "{site}"\n') as bench:
        head, body = bench.ask(get("/index.html")).message()
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"\r\nContent-Length: 4\r\n" in head
        assert body == b"home"


def test_a_large_file_waits_for_a_slow_client(site: Path) -> None:
    content = os.urandom(3 << 20)
    (site / "large").write_bytes(content)
    with Bench(f'Listen 80\nDocumentRoot "{site}"\n', narrow=True) as bench:
        client = bench.ask(get("/large"))
        bench.settle()
        assert bench.counts()["exchanges"] == 1
        assert client.message()[1] == content
        assert bench.ask(get("/sub/a.txt")).message()[1] == b"a"


def test_a_client_that_leaves_or_takes_nothing_closes_the_file(site: Path) -> None:
    (site / "large").write_bytes(bytes(8 << 20))
    before = len(os.listdir("/proc/self/fd"))
    with Bench(
        f'Listen 80\nDocumentRoot "{site}"\n', narrow=True, of_hosts={"timeout_ms": 100}
    ) as bench:
        gone = bench.ask(get("/large"))
        slow = bench.ask(get("/large"))
        bench.settle()
        gone.reset()
        bench.until(lambda: bench.counts()["exchanges"] == 0)
        slow.close()
    assert len(os.listdir("/proc/self/fd")) <= before


def test_a_file_that_shrinks_is_never_made_up(site: Path) -> None:
    (site / "large").write_bytes(b"x" * (8 << 20))
    with Bench(f'Listen 80\nDocumentRoot "{site}"\n', narrow=True) as bench:
        client = bench.ask(get("/large"))
        bench.settle()
        os.truncate(site / "large", 1 << 20)
        assert len(client.rest()) < 8 << 20


def test_a_file_that_is_open_and_not_sent_is_closed(site: Path) -> None:
    """Another one takes its place, as the page of the error."""
    text = f'Listen 80\nDocumentRoot "{site}"\nErrorDocument 404 /index.html\n'
    text += "ErrorDocument 405 /index.html\n"
    before = len(os.listdir("/proc/self/fd"))
    with Bench(text) as bench:
        for _ in range(20):
            for asked in (
                get("/sub/a.txt/more"),
                get("/sub/a.txt", method="PUT"),
                get("/sub/a.txt", method="OPTIONS"),
            ):
                bench.ask(asked).message()
    assert len(os.listdir("/proc/self/fd")) <= before


def test_a_directory_has_its_index_its_slash_and_else_nothing(site: Path) -> None:
    text = (
        f'Listen 80\nDocumentRoot "{site}"\nDirectoryIndex none.html a.txt index.html\n'
    )
    with Bench(text) as bench:
        assert bench.ask(get("/")).message()[1] == b"home"
        assert bench.ask(get("/sub/")).message()[1] == b"a"
        head, _ = bench.ask(get("/sub?q=1")).message()
        assert head.startswith(b"HTTP/1.1 301 ")
        assert b"/sub/?q=1\r\n" in head
    with Bench(text + "DirectoryIndex disabled\n") as bench:
        assert bench.ask(get("/")).status() == 403


def test_what_is_not_there_falls_back(site: Path) -> None:
    text = f'Listen 80\nDocumentRoot "{site}"\nFallbackResource /index.html\n'
    with Bench(text) as bench:
        assert bench.ask(get("/app/route")).message()[1] == b"home"
        assert bench.ask(get("/sub/a.txt")).message()[1] == b"a"
        os.unlink(site / "index.html")
        assert bench.ask(get("/app/route")).status() == 404
        assert bench.ask(get("/index.html")).status() == 404


def picking(site: Path, *names: str) -> str:
    """A rule that leads to any of them, whenever it is asked."""
    (site / "map").write_text(f"k {'|'.join(names)}\n")
    return (
        f"Listen 8080\nDocumentRoot {site}\nRewriteEngine On\n"
        f"RewriteMap m rnd:{site}/map\nRewriteCond ${{m:k}} (.*)\n"
        "RewriteRule ^/r$ /%1 [E=PICK:%1]\nHeader always set X-Pick %{PICK}e\n"
    )


def test_where_a_file_ends_is_not_said_of_another_one(site: Path) -> None:
    (site / "directorys").mkdir()
    (site / "directorys" / "a.txt").write_bytes(b"a")
    picks = {"index.html/more": 404, "directorys/a.txt": 200}
    seen = set()
    with Bench(picking(site, *picks)) as bench:
        for _ in range(64):
            head, _ = bench.ask(get("/r")).message()
            pick = head.partition(b"\r\nX-Pick: ")[2].partition(b"\r\n")[0].decode()
            assert head.startswith(f"HTTP/1.1 {picks[pick]} ".encode()), pick
            seen.add(pick)
    assert seen == set(picks)


def test_names_with_a_rest_are_not_cut_without_end(site: Path) -> None:
    with Bench(picking(site, *(f"index.html/{n}" for n in range(100)))) as bench:
        for _ in range(4):
            assert bench.ask(get("/r")).message()[0].startswith(b"HTTP/1.1 404 ")
