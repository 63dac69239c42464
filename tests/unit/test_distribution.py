"""Trees of distributions are known by their shape, wherever they lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from fastlb.base.errors import Severity
from fastlb.cli.options import parse
from fastlb.cli.source import source_of
from fastlb.config.distribution import home_of
from fastlb.master.loading import load


def debian(root: Path, envvars: str | None = "export APACHE_LOG_DIR=/log\n") -> Path:
    (root / "mods-enabled").mkdir(parents=True)
    (root / "ports.conf").write_text("Listen 1\n")
    if envvars is not None:
        (root / "envvars").write_text(envvars)
    conf = root / "apache2.conf"
    conf.write_text("Include ports.conf\nErrorLog ${APACHE_LOG_DIR}/error.log\n")
    return conf


def rhel(root: Path, server_root: str) -> Path:
    (root / "conf").mkdir(parents=True)
    (root / "conf.d").mkdir()
    (root / "conf.d" / "a.conf").write_text("ServerName a.test\n")
    conf = root / "conf" / "httpd.conf"
    conf.write_text(f'ServerRoot "{server_root}"\nListen 1\nInclude conf.d/*.conf\n')
    return conf


def test_the_root_and_the_variables_are_said_in_one_line(tmp_path: Path) -> None:
    conf = debian(tmp_path / "apache2")
    home = home_of(str(conf), {})
    assert home is not None
    assert home.root == str(tmp_path / "apache2")
    assert dict(home.variables) == {"APACHE_LOG_DIR": "/log"}
    (remark,) = home.remarks
    assert remark.severity is Severity.NOTE
    assert remark.text == (
        f"ServerRoot is {home.root}, by the shape of the tree;"
        f" {home.root}/envvars gives APACHE_LOG_DIR"
    )


def test_what_is_exported_already_stays(tmp_path: Path) -> None:
    conf = debian(tmp_path, "export APACHE_LOG_DIR=/log\nexport LANG=C\n")
    home = home_of(str(conf), {"APACHE_LOG_DIR": "/mine", "LANG": "de"})
    assert home is not None
    assert not home.variables


def test_a_line_that_is_not_understood_is_warned_of(tmp_path: Path) -> None:
    home = home_of(str(debian(tmp_path, "export A=$(hostname)\n")), {})
    assert home is not None
    warned = home.remarks[1]
    assert warned.severity is Severity.WARNING
    assert (warned.file, warned.line) == (str(tmp_path / "envvars"), 1)
    assert "export A=$(hostname)" in warned.text


def test_any_other_file_stands_for_itself(tmp_path: Path) -> None:
    for name in ("apache2.conf", "httpd.conf", "conf/httpd.conf"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("Listen 1\n")
        assert home_of(str(path), {}) is None


def test_debians_tree_works_as_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("APACHE_LOG_DIR", raising=False)
    conf = debian(tmp_path)
    loaded = load(source_of(parse(["-f", str(conf)]), "/nowhere", "x.conf"))
    assert loaded.model is not None
    assert loaded.model.process.server_root == str(tmp_path)
    assert loaded.model.vhosts[0].error_log is not None
    assert "/log/error.log" in str(loaded.model.vhosts[0].error_log)


def test_d_wins_over_the_shape(tmp_path: Path) -> None:
    conf = debian(tmp_path / "tree")
    source = source_of(parse(["-d", str(tmp_path), "-f", str(conf)]), "/", "x.conf")
    assert source.server_root == str(tmp_path)
    assert source.environ["APACHE_LOG_DIR"] == "/log"
    [said] = source.remarks
    assert said.text == f"{tmp_path}/tree/envvars gives APACHE_LOG_DIR"
    loaded = load(source)
    assert [item.number for item in loaded.diagnostics if item.is_error] == ["FB0103"]


def test_a_copy_of_rhels_tree_is_checked_where_it_lies(tmp_path: Path) -> None:
    conf = rhel(tmp_path, "/etc/none-such")
    loaded = load(source_of(parse(["-f", str(conf)]), "/", "x.conf"))
    warned = [item for item in loaded.diagnostics if item.number == "FB0124"]
    assert [item.severity for item in warned] == [Severity.WARNING]
    assert loaded.model is not None
    assert loaded.model.vhosts[0].server_name == "a.test"
    strict = load(source_of(parse(["--strict", "-f", str(conf)]), "/", "x.conf"))
    assert strict.model is None


def test_serverroot_of_rhels_tree_is_obeyed(tmp_path: Path) -> None:
    conf = rhel(tmp_path / "httpd", str(tmp_path))
    loaded = load(source_of(parse(["-f", str(conf)]), "/", "x.conf"))
    assert loaded.model is None  # Include finds nothing there


def test_f_is_looked_for_where_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, root = tmp_path / "here", tmp_path / "root"
    for directory in (here, root):
        directory.mkdir()
    monkeypatch.chdir(here)

    def found(*words: str) -> str:
        return source_of(parse(words), str(root), "x.conf").config_file

    assert found("-f", "a.conf") == str(root / "a.conf")
    (root / "a.conf").touch()
    assert found("-f", "a.conf") == str(root / "a.conf")
    (here / "a.conf").touch()
    assert found("-f", "a.conf") == str(here / "a.conf")
    assert found("-f", "../root/a.conf") == str(root / "a.conf")
    assert found("-d", str(root), "-f", "a.conf") == str(root / "a.conf")
    (here / "x.conf").touch()
    assert found() == str(root / "x.conf")


def test_a_listen_that_is_wrong_is_not_missed_as_well(tmp_path: Path) -> None:
    conf = tmp_path / "a.conf"
    conf.write_text("Listen 80;\n")
    loaded = load(source_of(parse(["-f", str(conf)]), "/", "x.conf"))
    assert [item.number for item in loaded.diagnostics] == ["FB0107"]
