"""Sites, modules and confs on and off: as a2enmod, which is asked beside."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rights import AS_ROOT
from rows import rows

from fastlb.base.version import VERSION
from fastlb.cli import main
from fastlb.cli.enabled.switch import CONSENT

A2ENMOD = Path("/usr/sbin/a2enmod")
A2QUERY = Path("/usr/sbin/a2query")
MAIN = f"""\
ServerName test.example
Listen 127.0.0.1:1
PidFile pid
{AS_ROOT}IncludeOptional mods-enabled/*.load
IncludeOptional mods-enabled/*.conf
IncludeOptional conf-enabled/*.conf
IncludeOptional sites-enabled/*.conf
"""
ACTIVATE = """\
To activate the new configuration, you need to run:
  fastlb -k graceful -d {}
"""
SITE = "<VirtualHost *:1>\nServerName {}\n</VirtualHost>\n"
FILES = {
    "sites-available/a.conf": SITE.format("a.test"),
    "sites-available/b.conf": SITE.format("b.test"),
    "sites-available/needs.conf": "# Depends: one two\n" + SITE.format("c.test"),
    "sites-available/.hidden.conf": "",
    "conf-available/c.conf": "# text\n\n# Depends: one\nTimeout 5\n# Depends: two\n",
    "conf-available/late.conf": "Timeout 5\n# Depends: two\n",
    "mods-available/one.load": "# a comment\n",
    "mods-available/two.load": "# Depends: one\n# and more\n",
    "mods-available/two.conf": "Timeout 6\n",
    "mods-available/three.load": "#\n# Depends: two gone\n",
    "mods-available/four.load": "# Depends: two\n# Conflicts: one\n",
    "mods-available/foe.load": "# Conflicts: one two c\n",
    "mods-available/alias.load": "",
}

Tree = Callable[[], Path]


def made(root: Path) -> Path:
    for kind in ("sites", "conf", "mods"):
        for state in ("available", "enabled"):
            (root / f"{kind}-{state}").mkdir(parents=True)
    for name, text in FILES.items():
        (root / name).write_text(text)
    (root / "fastlb.conf").write_text(f"ServerRoot {root}\n{MAIN}")
    return root


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return made(tmp_path / "etc")


def links(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): os.readlink(path)
        for path in sorted(root.glob("*-enabled/*"))
        if path.is_symlink()
    }


def call(root: Path, command: str, *words: str) -> int:
    return main.run([command, "-d", str(root), *words], "fastlb")


# --- beside Debian's own


def theirs(root: Path, command: str, words: tuple[str, ...]) -> tuple[int, str, str]:
    named = root.parent / f"a2{command}"
    if not named.exists():
        named.symlink_to(A2ENMOD)
    ended = subprocess.run(
        [named, *words],
        env={
            "PATH": os.environ["PATH"],
            "APACHE_CONFDIR": str(root),
            "APACHE_STATE_DIRECTORY": str(root.parent / "state"),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout.partition("To activate")[0], ended.stderr


def plain(text: str, root: Path) -> str:
    """Without the place, how to activate it, and line ends: they forget one."""
    return text.partition("To activate")[0].replace(str(root), "ROOT").replace("\n", "")


STEPS = [
    ("ensite", "a"),
    ("ensite", "a"),
    ("ensite", "a.conf", "b"),
    ("ensite", "nope"),
    ("ensite", "nope*"),
    ("ensite", "-q", "nope", "a"),
    ("ensite", "needs"),
    ("dissite", "*"),
    ("dissite", "a"),
    ("dissite", "*"),
    ("dissite", "-p", "gone"),
    ("enmod", "two"),
    ("enmod", "two"),
    ("dismod", "one"),
    ("enmod", "three"),
    ("enmod", "foe"),
    ("enmod", "four"),
    ("enconf", "c", "late"),
    ("ensite", "needs"),
    ("dismod", "two"),
    ("enconf", "c"),
    ("dismod", "one", "two"),
    ("enmod", "alias"),
    ("dismod", "-q", "one"),
    ("disconf", "?", "late"),
    ("enmod", "two"),
    ("rm", "mods-enabled/two.conf"),
    ("enmod", "two"),
    ("rm", "mods-enabled/two.load"),
    ("dismod", "two"),
    ("ln", "../sites-available/gone.conf", "sites-enabled/gone.conf"),
    ("ensite", "gone"),
    ("dissite", "gone"),
    ("ln", "../sites-available/b.conf", "sites-enabled/a.conf"),
    ("ensite", "a"),
    ("dissite", "a"),
    ("ln", "../sites-available/gone.conf", "sites-enabled/a.conf"),
    ("ensite", "a"),
    ("rm", "sites-enabled/a.conf"),
    ("cp", "sites-enabled/a.conf"),
    ("ensite", "a"),
    ("dissite", "a"),
]


def prepare(root: Path, verb: str, words: tuple[str, ...]) -> bool:
    """Something that neither of the two has done."""
    if verb == "rm":
        (root / words[0]).unlink()
    elif verb == "ln":
        (root / words[1]).symlink_to(words[0])
    elif verb == "cp":
        (root / words[0]).write_text("")
    return verb in ("rm", "ln", "cp")


@pytest.mark.needs("a2enmod")
def test_messages_links_and_status_are_those_of_a2enmod(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    their, our = made(tmp_path / "theirs" / "etc"), made(tmp_path / "ours" / "etc")
    for number, (verb, *rest) in enumerate(STEPS):
        words = tuple(rest)
        where = f"step {number}: {verb} {' '.join(words)}"
        if prepare(their, verb, words) and prepare(our, verb, words):
            continue
        code, out, err = theirs(their, verb, words)
        capfd.readouterr()
        assert call(our, verb, *words) == code, where
        said = capfd.readouterr()
        assert plain(said.out, our) == plain(out, their), where
        assert plain(said.err, our) == plain(err, their), where
        assert links(our) == links(their), where


@pytest.mark.needs("a2query", "perl")
def test_query_says_what_a2query_says(
    tree: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tree / "mods-available/mpm_event.load").write_text("")
    for command, name in (("ensite", "a"), ("enmod", "two"), ("enmod", "mpm_event")):
        assert call(tree, command, name) == 0
    script = tmp_path / "a2query"
    text = A2QUERY.read_text("utf-8")
    for old, new in (
        ('"/etc/apache2"', f'"{tree}"'),
        ('"/var/lib/apache2"', f'"{tmp_path}"'),
        ('"apache2ctl"', '"false"'),
    ):
        assert old in text
        text = text.replace(old, new)
    script.write_text(text)
    for words in (
        *(("-s", "a"), ("-s", "a.conf"), ("-s", "b"), ("-s",), ("-m", "two"), ("-c",)),
        *(("-m", "two.load"), ("-m", "on"), ("-q", "-s", "a"), ("-q", "-s", "b")),
        ("-M",),
    ):
        ended = subprocess.run(
            ["perl", script, *words], capture_output=True, text=True, check=False
        )
        capfd.readouterr()
        assert call(tree, "query", *words) == ended.returncode, words
        said = capfd.readouterr()
        assert sorted(said.out.split("\n")) == sorted(ended.stdout.split("\n")), words
        assert said.err == ended.stderr, words


# --- what is ours


def test_what_was_changed_is_checked_and_the_next_step_told(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(tree, "ensite", "a") == 0
    assert capsys.readouterr().out == f"Enabling site a.\n{ACTIVATE.format(tree)}"
    assert links(tree) == {"sites-enabled/a.conf": "../sites-available/a.conf"}
    assert call(tree, "ensite", "-q", "b") == 0
    assert capsys.readouterr().out == "Enabling site b.\n"


def test_what_would_not_load_is_undone_whole(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tree / "sites-available/bad.conf").write_text("Nonsense\n")
    call(tree, "ensite", "b")
    before = links(tree)
    assert call(tree, "ensite", "a", "bad") == 1
    assert links(tree) == before
    said = capsys.readouterr()
    assert "Invalid command 'Nonsense'" in said.err
    assert "is undone" in said.err
    assert "graceful" not in said.out.partition("Enabling site a")[2]
    assert call(tree, "ensite", "--force", "a", "bad") == 0
    assert "does not load" in capsys.readouterr().err
    assert set(links(tree)) == {
        f"sites-enabled/{name}.conf" for name in ("a", "b", "bad")
    }


def test_what_others_need_is_not_disabled(tree: Path) -> None:
    (tree / "conf-available/define.conf").write_text("Define WHERE 127.0.0.1\n")
    (tree / "sites-available/uses.conf").write_text(
        "<VirtualHost *:1>\nProxyPass / http://127.0.0.1:9/\n"
        "#@ expect http://uses.test/ -> http://127.0.0.1:9\n"
        "ServerName uses.test\n</VirtualHost>\n<IfDefine !WHERE>\nError no\n</IfDefine>"
    )
    assert call(tree, "enconf", "define") == 0
    assert call(tree, "ensite", "uses") == 0
    before = links(tree)
    assert call(tree, "disconf", "define") == 1
    assert links(tree) == before


def test_what_a_file_expects_of_its_urls_must_hold(tree: Path) -> None:
    (tree / "sites-available/wrong.conf").write_text(
        SITE.format("wrong.test") + "#@ expect http://wrong.test/ -> http://10.0.0.1\n"
    )
    assert call(tree, "ensite", "wrong") == 1
    assert links(tree) == {}


def test_a_link_that_nothing_includes_is_told(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    conf = tree / "fastlb.conf"
    text = conf.read_text().replace("IncludeOptional sites-enabled/*.conf\n", "")
    conf.write_text(text)
    (tree / "sites-enabled").rmdir()
    assert call(tree, "ensite", "a") == 0
    assert "does not read it: write IncludeOptional sites-enabled/*.conf" in (
        capsys.readouterr().err
    )


def test_a_module_that_others_depend_on_goes_with_them_when_forced(tree: Path) -> None:
    assert call(tree, "enmod", "two") == 0
    assert call(tree, "dismod", "--force", "one") == 0
    assert links(tree) == {}


def test_cgi_is_cgid_beside_threads(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("cgi", "cgid", "mpm_event"):
        (tree / f"mods-available/{name}.load").write_text("")
    call(tree, "enmod", "cgi", "mpm_event")
    assert "mods-enabled/cgi.load" in links(tree)
    call(tree, "enmod", "cgi")
    assert "Selecting cgid instead of cgi." in capsys.readouterr().out
    assert "mods-enabled/cgid.load" in links(tree)


@rows(("typed", "code"), [(f"{CONSENT}\n", 0), ("yes\n", 1), ("", 1)])
def test_an_essential_module_is_asked_about(
    tmp_path_factory: pytest.TempPathFactory, typed: str, code: int
) -> None:
    root = made(tmp_path_factory.mktemp("x") / "etc")
    assert call(root, "enmod", "alias") == 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", io.StringIO(typed))
        assert call(root, "dismod", "alias") == code
    assert bool(links(root)) is bool(code)
    assert call(root, "dismod", "--force", "alias") == 0


def test_without_names_it_asks(
    tree: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("a b\n"))
    assert call(tree, "ensite") == 0
    assert capsys.readouterr().out.startswith(
        "Your choices are: a b needs\nWhich site(s) do you want to enable"
    )
    assert len(links(tree)) == 2


def test_a_folder_that_refuses_is_told(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tree / "sites-enabled").rmdir()
    (tree / "sites-enabled").write_text("")
    assert call(tree, "ensite", "a") == 1
    assert "Could not create" in capsys.readouterr().err


def test_the_root_is_that_of_the_file(tree: Path) -> None:
    assert main.run(["ensite", "-f", f"{tree}/fastlb.conf", "a"], "fastlb") == 0
    (tree / "fastlb.conf").rename(tree / "apache2.conf")
    assert call(tree, "ensite", "b") == 0
    assert len(links(tree)) == 2


def test_query_tells_of_the_rest(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(tree, "query", "-v", "-M") == 0
    assert capsys.readouterr().out == f"{VERSION}\ninvalid\n"
    for name in ("mpm_event", "mpm_worker"):
        (tree / f"mods-enabled/{name}.load").write_text("")
    assert call(tree, "query", "-M") == 1
    assert "more than one MPM" in capsys.readouterr().err
    assert call(tree, "query", "-m", "mod_mpm_event.load") == 0
    (tree / "conf-enabled").rmdir()
    assert call(tree, "query", "-c") == 1
    assert call(tree, "query", "-q", "-c") == 1
    assert call(tree, "query") == 0
