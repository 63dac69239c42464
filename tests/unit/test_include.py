"""Which files an Include means, and how they are read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from configs import names, read, said, sound
from rows import rows

from fastlb.base import limits
from fastlb.config import include
from fastlb.config.include import IncludeError, files_of, has_wildcard


def make(directory: Path, *paths: str) -> None:
    for path in paths:
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(f"# {path}\n")


def found(directory: Path, pattern: str, optional: bool = False) -> list[str]:
    paths = files_of(f"{directory}/{pattern}", optional)
    return [os.path.relpath(path, directory) for path in paths]


def test_matches_come_in_byte_order(tmp_path: Path) -> None:
    make(tmp_path, "b.conf", "a.conf", "B.conf", "10.conf", "9.conf")
    assert found(tmp_path, "*.conf") == [
        "10.conf",
        "9.conf",
        "B.conf",
        "a.conf",
        "b.conf",
    ]


def test_wildcards_stand_in_any_component(tmp_path: Path) -> None:
    make(tmp_path, "v/a/x.conf", "v/b/x.conf", "v/b/y.conf", "v/c.txt")
    assert found(tmp_path, "v/*/x.conf") == ["v/a/x.conf", "v/b/x.conf"]
    assert found(tmp_path, "?/[ab]/*.conf") == [
        "v/a/x.conf",
        "v/b/x.conf",
        "v/b/y.conf",
    ]


def test_a_directory_is_read_whole_and_deep(tmp_path: Path) -> None:
    make(tmp_path, "d/b~", "d/a/z.conf", "d/.hidden")
    assert found(tmp_path, "d") == ["d/.hidden", "d/a/z.conf", "d/b~"]


def test_a_directory_that_a_pattern_finds_is_read_whole(tmp_path: Path) -> None:
    make(tmp_path, "sites/a/1", "sites/a/2", "sites/b")
    assert found(tmp_path, "sites/*") == ["sites/a/1", "sites/a/2", "sites/b"]


def test_a_dot_in_front_must_be_written(tmp_path: Path) -> None:
    make(tmp_path, ".a.conf", "b.conf")
    assert found(tmp_path, "*.conf") == ["b.conf"]
    assert found(tmp_path, ".*.conf") == [".a.conf"]


def test_character_classes_exclude_with_either_sign(tmp_path: Path) -> None:
    make(tmp_path, "a", "b", "^", "[")
    assert found(tmp_path, "[!a]") == ["[", "^", "b"]
    assert found(tmp_path, "[^a]") == ["[", "^", "b"]
    assert found(tmp_path, r"\[*") == ["["]


def test_an_open_bracket_is_no_wildcard() -> None:
    assert not has_wildcard("a[b")
    assert not has_wildcard(r"a\*")
    assert has_wildcard("a[b]")


def test_a_class_that_cannot_be_is_taken_as_text() -> None:
    assert include.component_pattern("[z-a]").fullmatch("[z-a]")


@rows(
    ("pattern", "text"),
    [
        ("no/*.conf", "Could not open directory {}/no: No such file or directory"),
        ("*.no", "No matches for the wildcard '*.no' in '{}', failing"),
    ],
)
def test_nothing_found_is_an_error_in_apaches_words(
    tmp_path: Path, pattern: str, text: str
) -> None:
    with pytest.raises(IncludeError) as caught:
        found(tmp_path, pattern)
    assert str(caught.value) == f"Include/IncludeOptional: {text.format(tmp_path)}"
    assert found(tmp_path, pattern, optional=True) == []


def test_optional_forgives_a_plain_name_in_a_missing_directory(tmp_path: Path) -> None:
    assert found(tmp_path, "no/such.conf", optional=True) == []


def test_a_plain_name_that_is_missing_is_an_error_with_its_line(tmp_path: Path) -> None:
    _, diagnostics = read(tmp_path, "\nInclude no.conf\n")
    text = f"Could not open configuration file {tmp_path}/no.conf: "
    assert said(diagnostics) == [("error", 2, text + "No such file or directory")]


def test_what_a_wildcard_component_leads_to_may_be_missing(tmp_path: Path) -> None:
    make(tmp_path, "v/a/x.conf", "v/b/y.conf")
    assert found(tmp_path, "v/*/x.conf") == ["v/a/x.conf"]


def test_a_path_with_a_zero_byte_is_refused() -> None:
    with pytest.raises(IncludeError, match="Invalid config file path"):
        files_of("/a\0b", False)


def test_directories_without_end_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(include, "DIRECTORY_DEPTH_MAX", 3)
    make(tmp_path, "a/a/a/a/x")
    with pytest.raises(IncludeError, match="maximum include directory nesting"):
        found(tmp_path, "a")
    assert limits.DIRECTORY_DEPTH_MAX == 20


def test_a_directory_that_cannot_be_read_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str) -> list[str]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "listdir", refuse)
    with pytest.raises(IncludeError, match="Could not open config directory"):
        files_of(str(tmp_path), False)


def test_an_included_file_stands_where_the_include_stands(tmp_path: Path) -> None:
    (tmp_path / "in.conf").write_text("Timeout 5\nInclude deeper.conf\n")
    (tmp_path / "deeper.conf").write_text("KeepAlive On\n")
    tree = sound(tmp_path, "Listen 80\nInclude in.conf\nServerName x\n")
    assert names(tree.nodes) == ["Listen", "Timeout", "KeepAlive", "ServerName"]
    assert tree.nodes[2].file == f"{tmp_path}/deeper.conf"
    assert tree.files == (
        (f"{tmp_path}/main.conf", 0, 0),
        (f"{tmp_path}/in.conf", 1, 2),
        (f"{tmp_path}/deeper.conf", 2, 2),
    )


def test_a_relative_path_is_under_the_server_root_of_that_moment(
    tmp_path: Path,
) -> None:
    make(tmp_path, "a.conf", "other/a.conf")
    text = f"Include a.conf\nServerRoot {tmp_path}/other\nInclude a.conf\n"
    tree = sound(tmp_path, text)
    assert [path for path, _, _ in tree.files][1:] == [
        f"{tmp_path}/a.conf",
        f"{tmp_path}/other/a.conf",
    ]
    assert tree.server_root == f"{tmp_path}/other"


def test_a_file_that_includes_itself_is_stopped(tmp_path: Path) -> None:
    tree, diagnostics = read(tmp_path, "Include main.conf\n")
    [complaint] = diagnostics
    assert complaint.text == (
        "Exceeded maximum include depth of 128, There appears to be a recursion."
    )
    assert len(tree.files) == 129


def test_a_recursion_is_told_once_and_ends_all_including(tmp_path: Path) -> None:
    tree, diagnostics = read(tmp_path, "Include main.conf\n" * 9 + "Timeout 5\n")
    assert len(diagnostics) == 1
    assert len(tree.nodes) == len(tree.files) == 129


def test_sections_around_includes_count_towards_the_depth(tmp_path: Path) -> None:
    text = "<IfModule core.c>\n" * 60 + "Include main.conf\n" + "</IfModule>\n" * 60
    tree, diagnostics = read(tmp_path, text)
    assert {d.text for d in diagnostics} == {"<IfModule> is nested too deeply"}
    assert len(tree.files) == 2


def test_sections_end_in_the_file_in_which_they_begin(tmp_path: Path) -> None:
    (tmp_path / "open.conf").write_text('<Location "/">\n')
    (tmp_path / "close.conf").write_text("</Location>\n")
    _, diagnostics = read(tmp_path, "Include open.conf\nInclude close.conf\n")
    assert [d.text for d in diagnostics] == [
        f"{tmp_path}/open.conf:1: <Location> was not closed.",
        "</Location> without matching <Location> section",
    ]


def test_names_that_are_not_ascii_are_found(tmp_path: Path) -> None:
    (tmp_path / "größe.conf").write_text("Timeout 5\n")
    assert names(sound(tmp_path, "Include größe.conf\n").nodes) == ["Timeout"]
