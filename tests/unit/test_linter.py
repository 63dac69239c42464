"""`fastlb lint`: its forms, what it leaves out, and what --fix makes of a file."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rights import AS_ROOT
from rows import rows

from fastlb.base.errors import Fix
from fastlb.cli.linter import mend as mending
from fastlb.cli.linter.command import CLEAN, FOUND, TROUBLE
from fastlb.cli.linter.mend import ChangedError, mend, write
from fastlb.cli.main import run
from fastlb.cli.options import Options
from fastlb.cli.source import source_of
from fastlb.master.errors import Exit, StartError
from fastlb.master.loading import load

CORPUS = sorted((Path(__file__).parents[1] / "corpus/configurations").glob("*.conf"))
SOUND = f"""\
ServerName test.example
Listen 127.0.0.1:1
PidFile pid
{AS_ROOT}"""
BALANCER = "<Proxy balancer://b>\nBalancerMember http://127.0.0.1:9\n</Proxy>\n"

Lint = Callable[..., int]


@pytest.fixture
def conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "httpd.conf"


@pytest.fixture
def lint(conf: Path) -> Lint:
    def linted(text: str | None, *words: str) -> int:
        if text is not None:
            conf.write_text(f"ServerRoot {conf.parent}\n{SOUND}{text}", "latin-1")
        return run(["lint", "-f", str(conf), *words], "fastlb")

    return linted


def body(conf: Path) -> str:
    """What stands behind the sound part."""
    return conf.read_text("latin-1").partition(SOUND)[2]


# --- what is said


def test_what_is_clean_has_nothing_said_of_it(
    lint: Lint, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lint("") == CLEAN
    assert capsys.readouterr().out == ""


def test_a_complaint_is_one_line_and_its_cure(
    lint: Lint, conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lint("  Timeoot 5\n") == FOUND
    said = capsys.readouterr().out.splitlines()
    line = conf.read_text().count("\n")
    assert said[0].startswith(
        f"{conf}:{line}:3: FB0105 error Invalid command 'Timeoot'"
    )
    assert said[1:] == ["    did you mean Timeout?", "1 error; --fix mends 1"]


@rows(
    ("words", "text", "code"),
    [
        ((), "MaxClients 5\n", CLEAN),
        (("--fail-on", "note"), "MaxClients 5\n", FOUND),
        ((), "LoadModule a_module x\n", FOUND),
        (("--fail-on", "error"), "LoadModule a_module x\n", CLEAN),
        (("--fail-on", "error", "--strict"), "LoadModule a_module x\n", FOUND),
        (("--ignore", "FB0114"), "LoadModule a_module x\n", CLEAN),
        (("--select", "FB0105,FB02"), "LoadModule a_module x\n", CLEAN),
        (("--select", "FB01"), "LoadModule a_module x\n", FOUND),
    ],
)
def test_the_exit_status_is_that_of_the_gravest(
    lint: Lint, words: tuple[str, ...], text: str, code: int
) -> None:
    assert lint(text, *words) == code


@rows(("words",), [(("--select", "x"),), (("--json", "--sarif"),), (("--no",),)])
def test_wrong_words_end_with_2(lint: Lint, words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        lint("", *words)
    assert ended.value.code == TROUBLE


def test_json_has_an_object_for_each(
    lint: Lint, conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lint("Timeout\n", "--json")
    (row,) = json.loads(capsys.readouterr().out)
    assert row == {
        "file": str(conf),
        "line": conf.read_text().count("\n"),
        "column": 1,
        "code": "FB0108",
        "level": "error",
        "directive": "Timeout",
        "message": row["message"],
        "why": "",
        "cure": row["cure"],
        "fixable": False,
    }
    assert row["message"].startswith("Timeout takes one argument")
    assert row["cure"].startswith("write Timeout ")


def test_a_user_that_is_unknown_and_what_is_expected_are_told_too(
    lint: Lint, conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lint("Redirect /a /b\n#@ expect http://test.example/a -> 404\n", "--json")
    assert [row["code"] for row in json.loads(capsys.readouterr().out)] == ["FB0390"]
    lint("User nobody-of-that-name\n", "--json")
    found = [row["code"] for row in json.loads(capsys.readouterr().out)]
    assert found in (["FB0901"], [])  # only root asks who it is


def test_what_a_start_would_want_is_told_in_parts(
    lint: Lint, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_up(*_: object) -> None:
        raise StartError(Exit.REFUSED, "no User\n    it would own it\n    write User")

    monkeypatch.setattr("fastlb.master.privileges.look_up", look_up)
    lint("", "--json")
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["message"], row["why"], row["cure"]) == (
        *("no User", "it would own it"),
        "write User",
    )


# --- SARIF: what the schema of 2.1.0 requires, and the types that it gives


def conforms(document: Any) -> None:
    assert document["version"] == "2.1.0"
    assert document["$schema"].endswith("sarif-2.1.0.json")
    (one,) = document["runs"]
    rules = one["tool"]["driver"]["rules"]
    assert one["tool"]["driver"]["name"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["shortDescription"]["text"]
        assert rule["help"]["text"]
        assert rule["defaultConfiguration"]["level"] in ("error", "warning", "note")
    for base in one["originalUriBaseIds"].values():
        assert base["uri"].startswith("file:///")
        assert base["uri"].endswith("/")
    for result in one["results"]:
        assert result["message"]["text"]
        assert result["level"] in ("none", "note", "warning", "error")
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        for location in result["locations"]:
            place = location["physicalLocation"]
            assert set(place) <= {"artifactLocation", "region"}
            artifact = place["artifactLocation"]
            assert artifact.get("uriBaseId") in ("%SRCROOT%", "SERVERROOT", None)
            assert ("uriBaseId" in artifact) != artifact["uri"].startswith("file:")
            region = place.get("region", {"startLine": 1})
            assert all(
                type(number) is int and number >= 1 for number in region.values()
            )


def test_sarif_is_of_the_form_that_code_scanning_reads(
    lint: Lint, conf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lint("Timeoot 5\nLoadModule a_module x\nMaxClients 1\n", "--sarif", "-c", "Nope")
    document = json.loads(capsys.readouterr().out)
    conforms(document)
    results = document["runs"][0]["results"]
    assert [one["level"] for one in results] == ["error", "warning", "note", "error"]
    assert results[3]["locations"] == []
    place = results[0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "httpd.conf", "uriBaseId": "%SRCROOT%"}


def test_places_elsewhere_are_relative_to_the_server_root_or_whole(
    lint: Lint,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "away").mkdir()
    (tmp_path / "away" / "a b.conf").write_text("Nope\n")
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "x.conf").write_text("Nope\n")
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    away = tmp_path / "away" / "a b.conf"
    text = f'Include "{away}"\nServerRoot {tmp_path}/root\nInclude x.conf\n'
    lint(text, "--sarif")
    document = json.loads(capsys.readouterr().out)
    conforms(document)
    found = [
        one["locations"][0]["physicalLocation"]["artifactLocation"]
        for one in document["runs"][0]["results"]
    ]
    assert found == [
        {"uri": f"file://{tmp_path}/away/a%20b.conf"},
        {"uri": "x.conf", "uriBaseId": "SERVERROOT"},
    ]


# --- comments in the file


@rows(
    ("text", "codes"),
    [
        ("#@ lint ignore FB0114\nLoadModule a_module x\n", []),
        ("#@ lint ignore FB0105,FB0114\n\n# why\nLoadModule \\\na_module x\n", []),
        ("#@ lint ignore FB0105\nLoadModule a_module x\n", ["FB0114"]),
        (
            "#@ lint ignore FB0114\nLoadModule a_module x\nLoadModule b_module x\n",
            ["FB0114"],
        ),
        ("LoadModule a_module x\n  #@ lint ignore-file FB0114\n", []),
        ("#@ lint ignore FB0999\n", ["FB0902"]),
        ("#@ lint ignore\n", ["FB0902"]),
        ("#@ lint\n", ["FB0902"]),
        ("#@ lint ignore FB0114", []),
    ],
)
def test_a_comment_says_what_nobody_wants_to_hear(
    lint: Lint, capsys: pytest.CaptureFixture[str], text: str, codes: list[str]
) -> None:
    lint(text, "--json")
    assert [row["code"] for row in json.loads(capsys.readouterr().out)] == codes


def test_the_check_of_the_server_takes_such_a_comment_for_one(
    lint: Lint, conf: Path
) -> None:
    lint("#@ lint ignore FB0114\nLoadModule a_module x\n")
    assert run(["-t", "-f", str(conf)], "fastlb") == 0


# --- what --fix writes


@rows(
    ("text", "mended"),
    [
        # the directive
        ("Timeoot 5\n", "Timeout 5\n"),
        ("\tKeepAlif\tOn\r\n", "\tKeepAlive\tOn\r\n"),
        ("MaxClients 5\n", "MaxRequestWorkers 5\n"),
        ("maxrequestperchild 7\n", "MaxConnectionsPerChild 7\n"),
        (
            BALANCER.replace("</", "Stickysession  SID\n</"),
            BALANCER.replace("</", "ProxySet  stickysession=SID\n</"),
        ),
        # its words
        ("Listen 8080;\n", "Listen 8080\n"),
        ("Listen 127.0.0.1\n", "Listen 127.0.0.1:80\n"),
        ("LogLevel wran\n", "LogLevel warn\n"),
        ('LogLevel "proxy:debgu"\n', 'LogLevel "proxy:debug"\n'),
        ("KeepAlive On please do\n", "KeepAlive On\n"),
        ("ServerAdmin a@b;\n", "ServerAdmin a@b\n"),
        ("ErrorDocument 404 /a # b\n", "# b\nErrorDocument 404 /a\n"),
        (
            "<Location /a>\n  ProxyPass http://127.0.0.1:9/a # b\r\n</Location>\n",
            "<Location /a>\n  # b\r\n  ProxyPass http://127.0.0.1:9/a\r\n</Location>\n",
        ),
        ('ServerAdmin "me\n', 'ServerAdmin "me"\n'),
        # members and mappings
        (
            "ProxyPass /a 127.0.0.1:9/a\n",
            "ProxyPass /a http://127.0.0.1:9/a\n",
        ),
        (
            "ProxyPass /a/ http://127.0.0.1:9/a\n",
            "ProxyPass /a/ http://127.0.0.1:9/a/\n",
        ),
        (
            BALANCER + "ProxyPass / balancer://b\n",
            BALANCER + "ProxyPass / balancer://b/\n",
        ),
        (
            BALANCER.replace(":9", ":9 roote=a") + 'ProxyPass / "balancer://b/"\n',
            BALANCER.replace(":9", ":9 route=a") + 'ProxyPass / "balancer://b/"\n',
        ),
        (
            "ProxyPassMatch ^/(.*)$ http://127.0.0.1:9$1\n",
            "ProxyPassMatch ^/(.*)$ http://127.0.0.1:9/$1\n",
        ),
        ("<VirtualHost :1>\n</VirtualHost>\n", "<VirtualHost *:1>\n</VirtualHost>\n"),
        # modules
        (
            "LoadModule proxy_module x\nLoadModule  proxy_module x\nTimeout 5\n",
            "LoadModule proxy_module x\nTimeout 5\n",
        ),
        # several at once, and what comes to light after the first
        ("Timeoot 5\nKeepAlif On so\n", "Timeout 5\nKeepAlive On\n"),
    ],
)
def test_what_needs_no_judgement_is_mended(
    lint: Lint, conf: Path, text: str, mended: str
) -> None:
    lint(text, "--fix")
    assert body(conf).replace("\r\n", "\n") == mended.replace("\r\n", "\n")
    assert conf.read_bytes().count(b"\r") == mended.count("\r")


@rows(
    ("text",),
    [
        ("Keep On\n",),  # KeepAlive? far from it
        ("Timeout\n",),
        ("Frobnicate x\n",),
        ("${NOTHING}Timeoot 5\n",),
        ("Timeo\\\not 5\n",),
        ("<Lokation /x>\n</Lokation>\n",),
        ("ProxyPass /a http://127.0.0.1:9/a/\n",),  # which of both?
        (BALANCER + "ProxyPass / balancer://c/\n",),
        ("<Macro M>\nTimeoot 5\n</Macro>\nUse M\n",),
        (
            "<IfDefine !X>\nLoadModule proxy_module x\n</IfDefine>\n"
            "LoadModule proxy_module x\n",
        ),
    ],
)
def test_what_needs_judgement_stays(lint: Lint, conf: Path, text: str) -> None:
    lint(text, "--fix")
    assert body(conf) == text


def test_a_file_that_is_read_twice_is_mended_once(lint: Lint, conf: Path) -> None:
    other = conf.parent / "other.conf"
    other.write_text("LoadModule proxy_module x\nKeepAlive On so\n")
    lint("Include other.conf\nInclude other.conf\n", "--fix")
    assert other.read_text() == "LoadModule proxy_module x\nKeepAlive On\n"


def test_what_is_ignored_is_not_mended(lint: Lint, conf: Path) -> None:
    text = "#@ lint ignore FB0900\nMaxClients 5\n"
    lint(text, "--fix")
    assert body(conf) == text
    lint("MaxClients 5\n", "--fix", "--ignore", "FB09")
    assert body(conf) == "MaxClients 5\n"


def test_what_makes_something_worse_is_left_out(
    lint: Lint, conf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fix of ours that is wrong: the others are made, each by itself."""
    real = mending.load

    def planted(source: Any) -> Any:
        loaded = real(source)
        object.__setattr__(
            loaded,
            "diagnostics",
            tuple(_misled(item) for item in loaded.diagnostics),
        )
        return loaded

    monkeypatch.setattr(mending, "load", planted)
    lint("KeepAlive On so\nTimeoot 5\n", "--fix")
    assert body(conf) == "KeepAlive On so\nTimeout 5\n"


def _misled(item: Any) -> Any:
    if item.number == "FB0135":
        (fix,) = item.fixes
        wrong = Fix(fix.file, fix.line, fix.column, fix.old, " a\nNope")
        object.__setattr__(item, "fixes", (wrong,))
    return item


def test_the_diff_writes_nothing(
    lint: Lint, conf: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert lint("Timeoot 5 \xe4", "--fix", "--diff") == CLEAN
    assert lint("# \xe4\nTimeoot 5", "--fix", "--diff") == FOUND
    assert body(conf) == "# \xe4\nTimeoot 5"
    said = capfdbinary.readouterr().out
    assert said.startswith(b"--- httpd.conf\n+++ httpd.conf\n@@ ")
    assert said.endswith(
        b" # \xe4\n-Timeoot 5\n\\ No newline at end of file\n"
        b"+Timeout 5\n\\ No newline at end of file\n"
    )
    lint("", "--diff")
    assert capfdbinary.readouterr().out == b""


def test_a_file_keeps_its_rights_and_its_link(lint: Lint, conf: Path) -> None:
    real = conf.parent / "available.conf"
    real.write_text("MaxClients 5\n")
    real.chmod(0o640)
    os.chown(real, 12, 34)
    (conf.parent / "enabled.conf").symlink_to("available.conf")
    assert lint("Include enabled.conf\n", "--fix", "--fail-on", "note") == CLEAN
    assert (conf.parent / "enabled.conf").is_symlink()
    known = real.stat()
    assert real.read_text() == "MaxRequestWorkers 5\n"
    assert (stat.S_IMODE(known.st_mode), known.st_uid, known.st_gid) == (0o640, 12, 34)
    assert sorted(path.name for path in conf.parent.iterdir()) == [
        "available.conf",
        "enabled.conf",
        "httpd.conf",
    ]


def test_a_file_that_changes_meanwhile_is_not_written(lint: Lint, conf: Path) -> None:
    lint("MaxClients 5\n")
    source = source_of(Options(config_file=str(conf)), str(conf.parent), "")
    mended = mend(source, lambda _: True)
    conf.write_text("Listen 1\n")
    with pytest.raises(ChangedError):
        write(mended)
    assert conf.read_text() == "Listen 1\n"


# --- the corpus: with mistakes planted in it, and without


def spoilt(text: str) -> str:
    """Two mistakes that somebody makes, wherever they can be made."""
    text = text.replace("ProxyPreserveHost", "ProxyPreserveHosts")
    return re.sub(r"^( *ServerName [^\n\";]*)$", r"\1;", text, flags=re.M)


def test_after_a_fix_less_is_said_and_a_second_one_changes_nothing(
    tmp_path: Path,
) -> None:
    changed = 0
    for number, path in enumerate(CORPUS[::3]):
        text = path.read_text("latin-1")
        copy = tmp_path / path.name
        copy.write_text(spoilt(text) if number % 4 else text, "latin-1")
        source = source_of(Options(config_file=str(copy)), str(tmp_path), "")
        mended = mend(source, lambda _: True)
        if mended.done:
            changed += 1
            before = load(source).diagnostics
            write(mended)
            after = load(source).diagnostics
            assert sum(d.is_error for d in after) <= sum(d.is_error for d in before)
            assert len(after) < len(before), path.name
            again = mend(source, lambda _: True)
            assert (again.done, again.after) == (0, {}), path.name
    assert changed > 20
