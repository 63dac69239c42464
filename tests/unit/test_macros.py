"""Macros, as httpd reads them: its sentences are those of 2.4.71."""

from __future__ import annotations

from pathlib import Path

from rows import rows

from fastlb.base.errors import Diagnostic, Severity, render
from fastlb.config.parser import parse
from fastlb.config.registry import collect
from fastlb.config.tree import Node

REGISTRY = collect()


def read(tmp_path: Path, text: str) -> tuple[tuple[Node, ...], list[Diagnostic]]:
    conf = tmp_path / "a.conf"
    conf.write_text(text)
    tree, found = parse(
        str(conf), server_root="/", defines=(), environ={}, registry=REGISTRY
    )
    return tree.nodes, found


def lines(nodes: tuple[Node, ...]) -> list[str]:
    out: list[str] = []
    for node in nodes:
        out.append(f"{node.name} {node.raw}".strip())
        out += lines(node.children)
    return out


@rows(
    ("text", "read_as"),
    [
        (
            "<Macro A $x>\nServerAdmin $x\n</Macro>\nUse A 1\nUse a 2\n",
            ["ServerAdmin 1", "ServerAdmin 2"],
        ),
        (
            "<Macro A $a $ab>\nServerAdmin $ab-$a-$a$ab\n</Macro>\nUse A 1 $a\n",
            ["ServerAdmin $a-1-1$a"],
        ),
        ("<Macro A x>\nListen x\n</Macro>\nUse A 80\n", ["Listen 80"]),
        (
            "<Macro A $p>\n<VirtualHost *:$p>\n<IfDefine no>\nTimeout 1\n</IfDefine>\n"
            "ServerName a.test\n</VirtualHost>\n</Macro>\nUse A 1\n",
            ["VirtualHost *:1", "ServerName a.test"],
        ),
        (
            "<Macro A $p>\n<Macro In$p $x>\nListen $x$p\n</Macro>\n</Macro>\n"
            "Use A 8\nUse in8 10\n",
            ["Listen 108"],
        ),
        (
            "<Macro A $x>\n<Location $x>\n</Macro>\nUse A /a\nSetHandler none\n"
            "</Location>\n",
            ["Location /a", "SetHandler none"],
        ),
        (
            "<Macro A>\nListen ${P}\n</Macro>\nDefine P 7\nUse A\nDefine P 8\nUse A\n",
            ["Listen 7", "Listen 8"],
        ),
        (
            "<Location /a>\n<Macro A $x>\nSetHandler $x\n</Macro>\nUse A none\n"
            "</Location>\n",
            ["Location /a", "SetHandler none"],
        ),
        ("<IfDefine no>\n<Macro A>\nTimeuot 1\n</Macro>\n</IfDefine>\n", []),
        ("<Macro A>\nTimeuot 1\n</Macro>\n", []),
        (
            'Listen 1\n<Macro A $x>\nServerAdmin "$x"\n</Macro>\nUse A "a b"\n',
            ["Listen 1", 'ServerAdmin "a b"'],
        ),
    ],
)
def test_lines_are_read_where_they_are_used(
    tmp_path: Path, text: str, read_as: list[str]
) -> None:
    nodes, found = read(tmp_path, text)
    assert found == []
    assert lines(nodes) == read_as


DEFINED = "macro 'a' (defined on line 1 of \"{}\")"


@rows(
    ("text", "said"),
    [
        ("Use nix a\n", "no macro defined before Use"),
        ("UndefMacro A\n", "no macro defined before UndefMacro"),
        ("<Macro A>\n</Macro>\nUse b\n", "macro 'b' undefined"),
        ("<Macro A>\n</Macro>\nUndefMacro A\nUse A\n", "no macro defined before Use"),
        (
            "<Macro A $x>\nListen $x\n</Macro>\nUse A\n",
            f"{DEFINED} used with 0 arguments instead of 1",
        ),
        (
            "<Macro A $x $x>\nListen $x\n</Macro>\n",
            f"argument name conflict in {DEFINED}: argument '$x': #1 and #2, change"
            " argument names!",
        ),
        ("<Macro>\n</Macro>\n", "<Macro macro definition: empty name"),
        (
            "<Macro A>\nUse A\n</Macro>\nUse A\n",
            "recursive use of macro 'a' is invalid",
        ),
        ("<Macro A>\nListen 1\n", f"{DEFINED}: expected token not found: </Macro>"),
    ],
)
def test_what_cannot_be_defined_or_used_is_refused(
    tmp_path: Path, text: str, said: str
) -> None:
    _, found = read(tmp_path, text)
    [wrong] = [item for item in found if item.is_error]
    assert wrong.text == said.format(tmp_path / "a.conf")


def test_a_complaint_names_the_line_of_the_macro_and_its_use(tmp_path: Path) -> None:
    text = "<Macro A $x>\nInclude $x\n</Macro>\nUse A /none-such\n"
    _, found = read(tmp_path, text)
    conf = tmp_path / "a.conf"
    assert render(found).startswith(
        f"fastlb: Syntax error on line 4 of {conf}: Syntax error on line 2 of {conf}: "
    )


def test_a_macro_that_is_defined_anew_is_warned_of(tmp_path: Path) -> None:
    text = "<Macro A>\nListen 1\n</Macro>\n<Macro a>\nListen 2\n</Macro>\nUse A\n"
    nodes, found = read(tmp_path, text)
    assert [(item.severity, item.line) for item in found] == [(Severity.WARNING, 4)]
    assert lines(nodes) == ["Listen 2"]


def test_a_value_that_is_called_for_by_an_at_sign_is_one_word(tmp_path: Path) -> None:
    text = "<Macro A @y>\nServerAdmin @y\n</Macro>\nUse A one\nUse A @y\n"
    nodes, found = read(tmp_path, text + r"""Use A 'a \ "b"'""" + "\n")
    assert found == []
    assert lines(nodes) == [
        'ServerAdmin "one"',
        "ServerAdmin @y",
        r'ServerAdmin "a \\ \"b\""',
    ]


def test_macros_that_use_each_other_have_a_bound(tmp_path: Path) -> None:
    # lines that are not read count too, and cost less
    text = "<Macro M0>\n<IfDefine NO>\n" + "ServerAdmin a\n" * 98
    text += "</IfDefine>\n</Macro>\n"
    for n in range(1, 7):
        text += f"<Macro M{n}>\n" + f"Use M{n - 1}\n" * 10 + "</Macro>\n"
    _, found = read(tmp_path, text + "Use M6\n")
    assert any("macros make more than" in item.text for item in found)
