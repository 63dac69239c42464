"""Both passes: what a file means before it is resolved, and what is wrong with it.

Apache's sentences are as observed with httpd 2.4.71.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from configs import names, read, said, sound, walk
from hypothesis import given
from hypothesis import strategies as st
from rows import rows

from fastlb.base import limits
from fastlb.base.errors import COMMAND_LINE, Phase, Severity, render
from fastlb.config import checking, parser, reading
from fastlb.config.lexer import quote
from fastlb.config.tree import Node


def errors(directory: Path, text: str, lenient: bool = True) -> list[tuple[int, str]]:
    _, diagnostics = read(directory, text, lenient=lenient)
    return [(d.line, d.text) for d in diagnostics if d.is_error]


def warnings(directory: Path, text: str) -> list[tuple[int, str]]:
    _, diagnostics = read(directory, text)
    return [(d.line, d.text) for d in diagnostics if d.severity is Severity.WARNING]


# -- the tree


def test_nodes_carry_the_registrys_spelling_and_their_place(tmp_path: Path) -> None:
    tree = sound(tmp_path, '\n<LOCATION "/a b">\n  sethandler  none\n</Location>\n')
    path = f"{tmp_path}/main.conf"
    handler = Node("SetHandler", ("none",), "none", path, 3, 15)
    assert tree.nodes == (
        Node("Location", ("/a b",), '"/a b"', path, 2, 11, True, (handler,)),
    )


def test_a_continued_line_has_no_column(tmp_path: Path) -> None:
    [node] = sound(tmp_path, "ServerName \\\n x\n").nodes
    assert (node.line, node.column) == (2, 0)


@given(words=st.lists(st.text("ab \\\"'#{}<é"), min_size=1, max_size=4))
def test_arguments_come_back_as_they_were_quoted(
    tmp_path_factory: pytest.TempPathFactory, words: list[str]
) -> None:
    directory = tmp_path_factory.mktemp("args")
    line = "SetEnvIf x y " + " ".join(quote(word) for word in words)
    tree, _ = read(directory, line + "\n")
    text = [word.encode().decode("latin-1") for word in words]
    assert list(tree.nodes[0].args[2:]) == text


def test_the_last_bracket_of_the_line_ends_a_section(tmp_path: Path) -> None:
    tree = sound(tmp_path, '<LocationMatch "a>b"> x\n</LocationMatch> y\n')
    assert tree.nodes[0].args == ("a>b",)


def test_a_location_by_regex_has_two_words(tmp_path: Path) -> None:
    tree = sound(tmp_path, "<Location ~ ^/a>\n</Location>\n")
    assert tree.nodes[0].args == ("~", "^/a")


def test_directives_that_acted_while_reading_leave_no_node(tmp_path: Path) -> None:
    text = (
        f"Define A\nUnDefine A\nServerRoot {tmp_path}\nLoadModule proxy_module m.so\n"
        "<IfDefine !A>\nListen 80\n</IfDefine>\n"
    )
    tree = sound(tmp_path, text)
    assert names(tree.nodes) == ["Listen"]
    assert tree.modules == ("proxy_module",)


def test_old_names_become_the_new_one(tmp_path: Path) -> None:
    tree, found = read(tmp_path, "MaxClients 5\nMaxRequestsPerChild 6\n")
    assert [item.number for item in found] == ["FB0900", "FB0900"]
    assert names(tree.nodes) == ["MaxRequestWorkers", "MaxConnectionsPerChild"]


# -- variables


def test_variables_are_replaced_before_words_are_split(tmp_path: Path) -> None:
    text = 'Define X "set A b"\nHeader ${X}\nHeader set "${X}" c\n'
    first, second = sound(tmp_path, text).nodes
    assert first.args == ("set", "A", "b")
    assert second.args == ("set", "set A b", "c")


def test_a_definition_beats_the_environment(tmp_path: Path) -> None:
    text = "Define A 1\nServerName ${A}${B}.x\n"
    tree = sound(tmp_path, text, environ={"A": "e", "B": "2"})
    assert tree.nodes[0].args == ("12.x",)


def test_an_unknown_variable_stays_with_a_warning(tmp_path: Path) -> None:
    tree, diagnostics = read(tmp_path, "ServerAdmin ${NO}${NO}\n")
    text = "AH00111: Config variable ${NO} is not defined"
    assert said(diagnostics) == [("warning", 1, text)]
    assert tree.nodes[0].args == ("${NO}${NO}",)


def test_a_definition_without_value_is_no_variable(tmp_path: Path) -> None:
    text = 'Define A\nDefine B ""\nServerAdmin ${A}${B}\n'
    assert len(warnings(tmp_path, text)) == 2


def test_rewrite_map_syntax_is_no_variable(tmp_path: Path) -> None:
    assert warnings(tmp_path, "ServerAdmin ${map:key}\n") == []


def test_false_sections_are_not_expanded(tmp_path: Path) -> None:
    sound(tmp_path, "<IfDefine NO>\nServerAdmin ${NO}\n</IfDefine>\n")


def test_define_is_global_even_inside_a_section(tmp_path: Path) -> None:
    text = "<VirtualHost *:80>\nDefine A x\n</VirtualHost>\nServerName ${A}\n"
    assert sound(tmp_path, text).nodes[1].args == ("x",)


def test_names_of_the_command_line_are_flags(tmp_path: Path) -> None:
    tree, diagnostics = read(
        tmp_path,
        "<IfDefine A=b>\nListen 80\n</IfDefine>\nUnDefine A=b\n",
        defines=["A=b"],
    )
    assert diagnostics == []
    assert (names(tree.nodes), tree.defines) == (["Listen"], ())


@rows("name", ["Define", "UnDefine"])
def test_a_colon_in_a_name_is_refused(tmp_path: Path, name: str) -> None:
    assert errors(tmp_path, f"{name} a:b\n") == [
        (1, "Variable name must not contain ':'")
    ]


# -- conditional sections


@rows(
    ("head", "truth"),
    [
        ("IfModule mod_proxy.c", True),
        ('IfModule "proxy_module"', True),
        ("IfModule PROXY_module", False),
        ("IfModule !mod_proxy.c", False),
        ("IfModule mod_rewrite.c", True),
        ("IfModule mod_vhost_alias.c", False),
        ("IfModule core.c", True),
        ("IfModule prefork.c", True),
        ("IfModule mpm_event_module", False),
        ("IfDefine D", True),
        ("IfDefine D more words", True),
        ("IfDefine !D", False),
        ("IfVersion 2.4.71", True),
        ("IfVersion 2.4", False),
        ("IfVersion !2.4.71", False),
        ("IfVersion >= 2.4", True),
        ("IfVersion > 2.4.71", False),
        ("IfVersion <= 2.4.71", True),
        ("IfVersion < 2.4.71", False),
        ("IfVersion == 2.4.71", True),
        ("IfVersion !>= 2.5", True),
        ("IfVersion ~ ^2.4", True),
        ("IfVersion = /^2.[0-3]/", False),
        ("IfFile main.conf", True),
        ("IfFile !main.conf", False),
        ("IfFile no/such", False),
        ("IfDirective keepalive", True),
        ("IfDirective <Location", True),
        ("IfDirective Location", False),
        ("IfDirective !Frobnicate", True),
        ("IfSection Location", True),
        ("IfSection <Location", False),
    ],
)
def test_conditions_answer_as_apache_does(
    tmp_path: Path, head: str, truth: bool
) -> None:
    name = head.split(maxsplit=1)[0]
    text = f"<{head}>\nListen 80\n</{name.upper()}>\n"
    tree, diagnostics = read(tmp_path, text, defines=["D"])
    assert diagnostics == []
    assert bool(tree.nodes) is truth


@rows(
    ("head", "text"),
    [
        ("<IfModule>", "<IfModule> directive requires additional arguments"),
        ("<IfModule !>", "<IfModule> directive requires additional arguments"),
        ("<ifdefine", "<IfDefine> directive missing closing '>'"),
        ("<IfVersion ?? 2>", "unrecognized operator '??'"),
        ("<IfVersion = /2>", "Missing delimiting / of regular expression."),
        ("<IfVersion ~ (>", "Unable to compile regular expression"),
        (
            "<IfVersion >=2.4.72>",
            "Version appears to be invalid. It must have the format"
            " major[.minor[.patch]] where major, minor and patch are numbers.",
        ),
        (
            "<IfVersion>",
            "Version appears to be invalid. It must have the format"
            " major[.minor[.patch]] where major, minor and patch are numbers.",
        ),
    ],
)
def test_a_condition_that_cannot_be_read_is_an_error(
    tmp_path: Path, head: str, text: str
) -> None:
    name = head[1:].split(maxsplit=1)[0].rstrip(">")
    assert errors(tmp_path, f"{head}\nFoo\n</{name}>\n") == [(1, text)]


def test_loading_another_process_model_changes_the_answer(tmp_path: Path) -> None:
    text = (
        "LoadModule mpm_event_module m.so\n"
        "<IfModule mpm_event_module>\nListen 80\n</IfModule>\n"
        "<IfModule mpm_prefork_module>\nListen 81\n</IfModule>\n"
    )
    assert [node.args for node in sound(tmp_path, text).nodes] == [("80",)]


def test_in_a_false_section_only_brackets_count(tmp_path: Path) -> None:
    inside = "foo {\n<Bar a\n<If x>\n</If>\n</bar>\n"
    tree = sound(tmp_path, f"<IfModule no.c>\n{inside}</IfModule>\nListen 80\n")
    assert names(tree.nodes) == ["Listen"]


def judged(tmp_path: Path, text: str) -> list[tuple[int, str, str]]:
    _, diagnostics = read(tmp_path, text)
    return [(d.line, d.severity.value, d.number) for d in diagnostics]


def test_what_a_loaded_module_encloses_is_read_and_judged(tmp_path: Path) -> None:
    load = "LoadModule vhost_alias_module m.so\n"
    inside = "VirtualDocumentRoot /a\n<Location /a>\nAction a /b\n</Location>\n"
    for name in ("mod_vhost_alias.c", "vhost_alias_module"):
        text = f"{load}<IfModule {name}>\n{inside}</IfModule>\n"
        assert judged(tmp_path, text) == [
            (1, "note", "FB0112"),
            (3, "error", "FB0116"),
            (5, "error", "FB0116"),
        ]
    fallback = f"{load}<IfModule !mod_vhost_alias.c>\nListen 81\n</IfModule>\n"
    assert len(read(tmp_path, fallback + "Listen 80\n")[0].nodes) == 1


def test_passwords_in_their_module_are_served_or_refused(tmp_path: Path) -> None:
    for name, lines in (("Basic", []), ("Digest", []), ("Form", [5])):
        module = f"auth_{name.lower()}"
        text = (
            f"LoadModule {module}_module m.so\nLoadModule authn_file_module m.so\n"
            f"<IfModule mod_{module}.c>\n<Location /admin>\nAuthType {name}\n"
            "AuthUserFile f\nRequire valid-user\n</Location>\n</IfModule>\n"
        )
        _, diagnostics = read(tmp_path, text)
        refused = [d for d in diagnostics if d.is_error]
        assert [d.line for d in refused] == lines
        assert all(d.cure for d in refused)


def test_a_module_loaded_behind_its_section_is_not_there_yet(tmp_path: Path) -> None:
    text = "<IfModule mod_lua.c>\nx\n</IfModule>\nLoadModule lua_module m.so\n"
    assert judged(tmp_path, text) == [(4, "note", "FB0112")]


@rows(("load", "severity"), [("", "warning"), ("proxy", "note")])
def test_what_is_skipped_and_would_protect_is_named(
    tmp_path: Path, load: str, severity: str
) -> None:
    """Without any LoadModule the modules may be built in."""
    first = f"LoadModule {load}_module m.so" if load else "#"
    inside = "VirtualDocumentRoot /a\n<If true>\nAction a /b\n</If>\n"
    text = f"{first}\n<IfModule mod_vhost_alias.c>\nFoo\n{inside}</IfModule>\n"
    assert judged(tmp_path, text) == [(4, severity, "FB0129")]


def test_what_is_skipped_and_harmless_is_not_worth_a_word(tmp_path: Path) -> None:
    text = "<IfModule mod_dir.c>\nDirectoryIndex index.html\n</IfModule>\n"
    assert judged(tmp_path, text) == []


@rows(
    ("load", "asked", "there"),
    [
        ("", "IfDirective VirtualDocumentRoot", False),
        ("LoadModule vhost_alias_module m", "IfDirective VirtualDocumentRoot", True),
        ("", "IfDirective !VirtualDocumentRoot", True),
        ("", "IfDirective RewriteRule", True),
        ("", "IfDirective ProxyPass", True),
        ("", "IfDirective Compat", True),
        ("", "IfDirective Listen", True),
        ("", "IfDirective StartServers", True),
        ("LoadModule mpm_event_module m", "IfDirective StartServers", True),
        ("LoadModule mpm_event_module m", "IfDirective MinSpareServers", False),
        ("", "IfDirective <LuaHookTranslateName", False),
        ("", "IfSection LuaHookTranslateName", False),
        ("LoadModule lua_module m", "IfSection LuaHookTranslateName", True),
    ],
)
def test_a_word_is_there_when_its_module_is(
    tmp_path: Path, load: str, asked: str, there: bool
) -> None:
    name = asked.split(maxsplit=1)[0]
    text = f"{load}\n<{asked}>\nListen 80\n</{name}>\n"
    tree, _ = read(tmp_path, text)
    assert names(tree.nodes) == (["Listen"] if there else [])


# -- structure


@rows(
    ("text", "expected"),
    [
        (
            "<Location />\n<IfModule core.c>\n</Location>\n",
            [(3, "</Location> without matching <Location> section")],
        ),
        ("</Proxy>\n", [(1, "</Proxy> without matching <Proxy> section")]),
        (
            "<Location />\n</Proxy>\n</Location>\n",
            [(2, "Expected </Location> but saw </Proxy>")],
        ),
        (
            "<Location />\n</Location\n",
            [(2, "</Location> directive missing closing '>'")],
        ),
        (
            "<Location /\n</Location>\n",
            [(1, "<Location> directive missing closing '>'")],
        ),
        (
            "<IfModule no.c>\n<Foo>\n",
            [
                (1, "Expected </Foo> before end of configuration"),
                (1, "Expected </IfModule> before end of configuration"),
            ],
        ),
        (
            "<IfModule no.c>\n<Foo>\n</Bar>\n</Foo>\n</IfModule>\n",
            [(1, "Expected </Foo> but saw </Bar>")],
        ),
    ],
)
def test_broken_structure_is_told_in_apaches_words(
    tmp_path: Path, text: str, expected: list[tuple[int, str]]
) -> None:
    assert errors(tmp_path, text) == expected


def test_what_was_not_closed_is_told_at_its_own_line(tmp_path: Path) -> None:
    path = f"{tmp_path}/main.conf"
    assert errors(tmp_path, "<VirtualHost *:80>\n\n<Location />\n") == [
        (1, f"{path}:1: <VirtualHost> was not closed."),
        (3, f"{path}:3: <Location> was not closed."),
    ]


def test_a_true_condition_left_open_is_taken_as_apache_takes_it(tmp_path: Path) -> None:
    text = "<IfModule core.c>\n<Location />\nSetHandler none\n"
    tree, diagnostics = read(tmp_path, text)
    assert [(d.severity, d.line) for d in diagnostics] == [
        (Severity.WARNING, 1),
        (Severity.WARNING, 2),
    ]
    assert names(tree.nodes) == ["Location"]


def test_sections_without_end_are_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "SECTION_DEPTH_MAX", 3)
    text = "<IfModule core.c>\n" * 9 + "</IfModule>\n" * 9
    assert errors(tmp_path, text) == [(4, "<IfModule> is nested too deeply")]
    assert limits.SECTION_DEPTH_MAX > 3


def test_a_line_that_is_too_long_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fastlb.config.lexer.LINE_BYTES_MAX", 30)
    path = f"{tmp_path}/main.conf"
    assert errors(tmp_path, "Listen 80\n" + "x" * 40) == [
        (2, f"Error reading {path} at line 2: Line too long")
    ]


def test_files_without_end_are_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "FILES_MAX", 1)
    (tmp_path / "a.conf").write_text("")
    assert errors(tmp_path, "Include a.conf\n") == [
        (1, "More than 1 files are included")
    ]


def test_a_main_file_that_is_missing_has_no_line(tmp_path: Path) -> None:
    _, diagnostics = parser.parse(
        "no.conf",
        server_root=str(tmp_path),
        defines=[],
        environ={},
        registry=checking.Registry(()),
    )
    [complaint] = diagnostics
    path = f"{tmp_path}/no.conf"
    text = f"Could not open configuration file {path}: No such file or directory"
    assert (complaint.file, complaint.line, complaint.text) == ("", 0, text)
    assert render(diagnostics).splitlines()[0] == f"fastlb: {text}"


# -- contexts


@rows(
    ("text", "line", "sentence"),
    [
        (
            "<Proxy *>\nTimeout 5\n</Proxy>\n",
            2,
            "Timeout not allowed in <Proxy> context",
        ),
        (
            "<VirtualHost *:80>\nStartServers 5\n</VirtualHost>\n",
            2,
            "StartServers cannot occur within <VirtualHost> section",
        ),
        (
            "<VirtualHost *:80>\n<VirtualHost *:80>\n</VirtualHost>\n</VirtualHost>\n",
            2,
            "<VirtualHost> cannot occur within <VirtualHost> section",
        ),
        (
            "<Location />\n<Location /b>\n</Location>\n</Location>\n",
            2,
            "<Location not allowed in <Location> context",
        ),
        ("Require local\n", 1, "Require not allowed here"),
        (
            "<VirtualHost *:80>\nRequire local\n</VirtualHost>\n",
            2,
            "Require not allowed in <VirtualHost> context",
        ),
        ("ServerAlias x\n", 1, "ServerAlias only used in <VirtualHost>"),
        (
            "<Location />\n<Files x>\n</Files>\n</Location>\n",
            2,
            "<Files> cannot occur within <Location> section",
        ),
        (
            "<Directory />\nProxyPass http://h/\n</Directory>\n",
            2,
            "ProxyPass cannot occur within <Directory> section",
        ),
        (
            "<Location />\nSSLProxyEngine on\n</Location>\n",
            2,
            "SSLProxyEngine not allowed in <Location> context",
        ),
    ],
)
def test_a_wrong_place_is_told_in_apaches_words(
    tmp_path: Path, text: str, line: int, sentence: str
) -> None:
    assert errors(tmp_path, text) == [(line, sentence)]


def test_a_wrong_place_says_where_to_go(tmp_path: Path) -> None:
    text = "<VirtualHost *:80>\n<Location />\nTimeout 5\n</Location>\n</VirtualHost>\n"
    [complaint] = read(tmp_path, text)[1]
    assert complaint.why == "it may stand outside every section or in <VirtualHost>"
    assert complaint.cure == "move it outside <Location>"


def test_what_stands_in_a_wrong_section_is_looked_at_too(tmp_path: Path) -> None:
    text = "<Nonsense>\nKeepAliev On\n</Nonsense>\n"
    assert [line for line, _ in errors(tmp_path, text)] == [1, 2]


# -- arguments

HEADER_ACTION = (
    "first argument must be 'add', 'set', 'setifempty', 'append', 'merge', 'unset',"
    " 'echo', 'note', 'edit', or 'edit*'."
)


@rows(
    ("text", "sentence"),
    [
        ("KeepAlive", "KeepAlive must be On or Off"),
        ("KeepAlive maybe", "KeepAlive must be On or Off"),
        ("Listen 80 http 5", "Listen requires 1 or 2 arguments."),
        ("Listen 70000", "Invalid address or port"),
        ("Listen 1.2.3.4", "Port must be specified"),
        ("Listen [::1]", "Port must be specified"),
        (
            "<Location>\n</Location>",
            "<Location> directive requires additional arguments",
        ),
        (
            "<Location /a /b>\n</Location>",
            "Multiple <Location> arguments not (yet) supported.",
        ),
        ("KeepAliveTimeout 5.5", "KeepAliveTimeout has wrong format"),
        ("ProxyTimeout 0", "Proxy Timeout must be at least 1 second."),
        ("TraceEnable foo", "TraceEnable must be one of 'on', 'off', or 'extended'"),
        ("ErrorDocument abc x", "Unsupported HTTP response code abc"),
        ("ListenBackLog 0", "ListenBacklog must be > 0"),
        ("Header set X", "Header requires three arguments"),
        ("Header unset X y z", "Unknown parameter: y"),
        ("Header set X a b c d", "Header has too many arguments"),
        ("Header edit X a", "Header edit requires a match and a substitution"),
        ("RequestHeader note a b", "RequestHeader does not support the 'note' action"),
        ("SetEnvIf a b", "Missing envariable expression for SetEnvIf"),
        ("BrowserMatch a", "Missing envariable expression for BrowserMatch"),
        (
            "ProxyErrorOverride foo",
            "ProxyErrorOverride first parameter must be one of: off | on",
        ),
        (
            "ProxyErrorOverride On abc",
            "ProxyErrorOverride: status codes to intercept must be numeric",
        ),
        ("BalancerGrowth 2000", "BalancerGrowth must be between 0 and 1000"),
        ("CustomLog a b c", "error in condition clause"),
        (
            "LogLevel proxy:foo",
            "proxy:foo: Log level keyword must be one of"
            " emerg/alert/crit/error/warn/notice/info/debug/trace1/.../trace8",
        ),
        ("LimitInternalRecursion 0", "The recursion limit must be greater than zero."),
        (
            "ServerName a:b",
            'The port number "a:b" is outside the appropriate range (i.e., 1..65535).',
        ),
        ("Redirect foo /a http://x", "Redirect: invalid first argument (of three)"),
        ("Redirect gone /a http://x", "Redirect URL not valid for this status"),
        ("Redirect /a foo", "Redirect to non-URL"),
        ("Redirect temp /a foo", "Redirect to non-URL"),
        (
            "ProxyIOBufferSize 5",
            "ProxyIOBufferSize must be >= 512 bytes, or 0 for system default.",
        ),
        (
            "ProxyErrorOverride On 200",
            "ProxyErrorOverride: status codes to intercept must be valid HTTP Status"
            " Codes >=400 && <600",
        ),
        (
            "SendBufferSize 5",
            "SendBufferSize must be >= 512 bytes, or 0 for system default.",
        ),
        ("LogLevel nomod:debug", "Cannot find module nomod"),
        ("ProxySourceAddress foo", "ProxySourceAddress invalid value"),
        ("SSLProtocol all -foo", "SSLProtocol: Illegal protocol 'foo'"),
        ("SSLOptions foo", "SSLOptions: Illegal option 'foo'"),
        ("SSLEngine perhaps", "Argument must be On or Off"),
        ("SSLEngine optional", "AH10510: 'SSLEngine optional' is no longer supported"),
        ("SSLProtocol SSLv3", "SSLv3 not supported by this version of OpenSSL"),
        ("SSLProtocol all +SSLv2", "SSLProtocol: SSLv2 is no longer supported"),
        ("SSLCipherSuite TLSv1.1 HIGH", "protocol 'TLSv1.1' not supported"),
        ("SSLVerifyClient maybe", "SSLVerifyClient: Invalid argument 'maybe'"),
        ("SSLVerifyDepth -1", "SSLVerifyDepth: Invalid argument '-1'"),
        ("SSLCARevocationCheck x", "SSLCARevocationCheck: Invalid argument 'x'"),
        (
            "SSLProxyCARevocationCheck leaf y",
            "SSLProxyCARevocationCheck: Invalid argument 'y'",
        ),
        ("SSLVHostSNIPolicy x", "Invalid SSLVhostSNIPolicy argument 'x'"),
        ("SSLSessionCacheTimeout -3", "SSLSessionCacheTimeout: Invalid argument"),
        ("SSLPassPhraseDialog x", "SSLPassPhraseDialog: Invalid argument"),
        (
            "SSLPassPhraseDialog |/bin/x",
            "SSLPassPhraseDialog |/bin/x: a dialogue over a pipe is not served",
        ),
        (
            "SSLInsecureRenegotiation on",
            "SSLInsecureRenegotiation on: renegotiation is always refused",
        ),
        (
            "SSLOpenSSLConfCmd Groops x",
            "'Groops': invalid OpenSSL configuration command",
        ),
        (
            "SSLOpenSSLConfCmd NumTickets 1",
            "SSLOpenSSLConfCmd NumTickets: not honoured",
        ),
        (
            "SSLOpenSSLConfCmd MaxProtocol tlsv1.2",
            "'tlsv1.2': invalid OpenSSL protocol version",
        ),
        (
            "SSLOpenSSLConfCmd MinProtocol SSLv3",
            "'SSLv3': invalid OpenSSL protocol version",
        ),
        (
            "SSLOpenSSLConfCmd Protocol -ALL,,TLSv1.2",
            "'': invalid OpenSSL protocol version",
        ),
        (
            'SSLOpenSSLConfCmd Protocol "-ALL TLSv1.2"',
            "'-ALL TLSv1.2': invalid OpenSSL protocol version",
        ),
        (
            "SSLOpenSSLConfCmd Options Bugs",
            "SSLOpenSSLConfCmd Options Bugs: not honoured",
        ),
        (
            "SSLOpenSSLConfCmd Groups X25519,P-256",
            "'X25519,P-256': names separated by colons are expected",
        ),
        (
            "SSLOCSPEnable on",
            "SSLOCSPEnable: responders are not asked about clients' certificates",
        ),
        (
            "SSLStaplingForceURL https://x/",
            "SSLStaplingForceURL: 'https://x/' is not a URL of a responder",
        ),
        (
            "SSLStaplingForceURL http://x:99999/",
            "SSLStaplingForceURL: 'http://x:99999/' is not a URL of a responder",
        ),
        ("AllowCONNECT x", "AllowCONNECT: port numbers must be numeric"),
        ("AllowCONNECT 1-x", "Cannot parse 'x' as port number"),
        (
            "AllowCONNECT 80-70000",
            "AllowCONNECT: 80-70000 is not a port, or a range of them, in 1 to 65535",
        ),
        ("ProxyHCExpr", "Missing expression name for ProxyHCExpr"),
        ("ProxyHCExpr a", "Missing expression for ProxyHCExpr"),
        ("ProxyHCTemplate", "Missing template name for ProxyHCTemplate"),
        (
            "HeartbeatMaxServers 5",
            "HeartbeatMaxServers: Should be 0 for file storage, or greater or equal"
            " than 10 for slotmem",
        ),
        (
            "HeartbeatListen x",
            "HeartbeatListen: No port provided in multicast address",
        ),
        (
            "HeartbeatListen 27999",
            "HeartbeatListen: No host provided in multicast address",
        ),
        *(
            (
                f"HeartbeatListen {word}",
                "HeartbeatListen: Unable to parse multicast address.",
            )
            for word in (":27999", "127.0.0.1:0", "127.0.0.1:99999", "h:x")
        ),
        (
            "HeartbeatListen *:27999",
            "HeartbeatListen: apr_sockaddr_info_get failed on multicast address",
        ),
        (
            "RequestReadTimeout foo",
            "Invalid RequestReadTimeout parameter. Parameter must be in the form"
            " 'key=value'",
        ),
        (
            "RequestReadTimeout header=20-40,MinRate=500 body=a",
            "RequestReadTimeout: body=a: Value 'a' not numerical",
        ),
        (
            "HttpProtocolOptions Strict foo",
            "HttpProtocolOptions accepts 'Unsafe' or 'Strict' (default),"
            " 'RegisteredMethods' or 'LenientMethods' (default), and"
            " 'Require1.0' or 'Allow0.9' (default)",
        ),
        ("RequestHeader always set X y", HEADER_ACTION),
        ("Header", HEADER_ACTION),
        ("Header unset", "Header requires two arguments"),
        ("CustomLog a b expr=", "missing condition"),
        ("SetEnvIfExpr", "Missing expression for SetEnvIfExpr"),
        ("SetEnvIfExpr true", "Missing envariable expression for SetEnvIfExpr"),
        ("ServerRoot /no/such", "ServerRoot must be a valid directory"),
        ("Error", "The Error directive was used with no message."),
        ('Error "a b"', "a b"),
        ('Error "a" b', '"a" b'),
    ],
)
def test_wrong_arguments_are_told_in_apaches_words(
    tmp_path: Path, text: str, sentence: str
) -> None:
    assert [found for _, found in errors(tmp_path, text + "\n")] == [sentence]


@rows(
    ("text", "sentence"),
    [
        ("Require", "Require directive requires additional arguments"),
        ("Order foo", "unknown order"),
        ("Allow all x", "allow and deny must be followed by 'from'"),
    ],
)
def test_wrong_access_rules_are_told_in_apaches_words(
    tmp_path: Path, text: str, sentence: str
) -> None:
    assert errors(tmp_path, f"<Proxy *>\n{text}\n</Proxy>\n") == [(2, sentence)]


def test_the_access_language_of_2_2_is_taken_with_a_warning(tmp_path: Path) -> None:
    text = "<Proxy *>\nOrder deny,allow\nAllow from all\n</Proxy>\n"
    assert [line for line, _ in warnings(tmp_path, text)] == [2, 3]


def test_a_comment_behind_a_directive_that_acts_at_once(tmp_path: Path) -> None:
    assert [line for line, _ in warnings(tmp_path, "Define A #x\n")] == [1]


@rows(
    "text",
    [
        "HttpProtocolOptions Unsafe Require1.0",
        "ServerName http://[::1]:80",
        "ServerName [::1]",
        "Listen [::1]:80 https",
        "Listen 127.0.0.1:80",
        "KeepAliveTimeout 500ms",
        "LogLevel warn proxy:info mod_rewrite.c:trace8 ssl_module:debug",
        "ProxySourceAddress ::1",
        "Protocols http/1.1",
        "ProxyReceiveBufferSize 0",
        "ProxyErrorOverride On 404 500",
        "Header always set X y env=Z",
        "Header echo ^X",
        "RequestHeader unset X early",
        "User #1000",
        "Redirect http://x/",
        "Redirect gone /a",
        "Redirect 404 /a",
        "Redirect permanent / https://x/",
        "CustomLog a b env=!x",
    ],
)
def test_sound_lines_cause_no_word(tmp_path: Path, text: str) -> None:
    sound(tmp_path, text + "\n")


def test_a_count_error_names_what_was_expected(tmp_path: Path) -> None:
    [complaint] = read(tmp_path, "Timeout 5 6\n")[1]
    assert complaint.text.startswith("Timeout takes one argument, ")
    assert complaint.cure == "write Timeout seconds"


def test_an_empty_argument_counts_as_missing(tmp_path: Path) -> None:
    assert errors(tmp_path, 'ServerAdmin ""\n')


def test_a_wrong_value_points_at_its_word(tmp_path: Path) -> None:
    [complaint] = read(tmp_path, "LogLevel warn proxy:wran\n")[1]
    assert (complaint.column, complaint.cure) == (15, "did you mean proxy:warn?")


def test_what_is_wrong_does_not_get_into_the_tree(tmp_path: Path) -> None:
    tree, _ = read(tmp_path, "Timeout abc\nSSLEngine perhaps\nListen 80\n")
    assert names(tree.nodes) == ["Listen"]


def test_a_comment_behind_a_directive_is_warned_about(tmp_path: Path) -> None:
    text = "<Location />\nRequire host a.b # mine only\n</Location>\nKeepAlive On #x\n"
    found = warnings(tmp_path, text)
    assert [line for line, _ in found] == [2, 4]
    assert "begins with #" in found[0][1]


def test_a_quoted_hash_is_no_comment(tmp_path: Path) -> None:
    sound(tmp_path, 'ServerAdmin "#x"\n')


def test_words_behind_a_flag_are_ignored_with_a_warning(tmp_path: Path) -> None:
    tree, diagnostics = read(tmp_path, "KeepAlive On off\n")
    assert said(diagnostics) == [
        ("warning", 1, "what follows On is ignored, as in Apache")
    ]
    assert tree.nodes[0].args[0] == "On"


def test_an_open_quote_is_warned_about(tmp_path: Path) -> None:
    tree, diagnostics = read(tmp_path, 'Header set X "a b\n')
    assert [(d.number, d.column) for d in diagnostics] == [("FB0131", 14)]
    assert tree.nodes[0].args == ("set", "X", "a b")


# -- unknown words

OTHER_LANGUAGE = "write it as an Apache directive; see docs/directives.md"


@rows(
    ("text", "cure"),
    [
        ("KeepAliev On", "did you mean KeepAlive?"),
        ("MaxConectionsPerChild 5", "did you mean MaxConnectionsPerChild?"),
        ("[sourcecode]", "delete it"),
        (
            "proxy_pass http://x;",
            "write it as an Apache directive; see docs/directives.md",
        ),
        ("}", "write it as an Apache directive; see docs/directives.md"),
        ("stickysession=X", "write ProxySet stickysession=X"),
        ("Frobnicate", "fastlb -L lists every directive"),
        ("<Locaton />\n</Locaton>", "did you mean <Location>?"),
        ("<Frobnicate>\n</Frobnicate>", ""),
    ],
)
def test_an_unknown_word_gets_a_cure(tmp_path: Path, text: str, cure: str) -> None:
    [complaint] = read(tmp_path, text + "\n")[1]
    shown = text.split(maxsplit=1)[0].rstrip(">")
    assert complaint.text == (
        f"Invalid command '{shown}', perhaps misspelled or defined by a module not"
        " included in the server configuration"
    )
    assert complaint.cure == cure


# -- leniency

TUTORIAL = """<Proxy balancer://b>
BalancerMember http://h:1
MaxRequestPerChild 10000
Stickysession JSESSIONID
</Proxy>
"""


def test_a_tutorials_mistakes_are_taken_with_a_warning(tmp_path: Path) -> None:
    tree, diagnostics = read(tmp_path, TUTORIAL)
    assert [(d.severity, d.number, d.line) for d in diagnostics] == [
        (Severity.WARNING, "FB0120", 3),
        (Severity.WARNING, "FB0121", 4),
    ]
    recycling, proxy = tree.nodes
    assert (recycling.name, recycling.args) == ("MaxConnectionsPerChild", ("10000",))
    assert proxy.children[1].name == "ProxySet"
    assert proxy.children[1].args == ("stickysession=JSESSIONID",)


def test_strict_refuses_them_as_apache_does(tmp_path: Path) -> None:
    found = errors(tmp_path, TUTORIAL, lenient=False)
    assert [line for line, _ in found] == [3, 4]
    assert all(text.startswith("Invalid command '") for _, text in found)


@rows("where", ["Compat apache\n{}", "{}Compat Apache\n"])
def test_compat_apache_refuses_them_wherever_it_stands(
    tmp_path: Path, where: str
) -> None:
    text = where.format(TUTORIAL)
    tree, diagnostics = read(tmp_path, text)
    assert sum(d.is_error for d in diagnostics) == 2
    assert (tree.compat, tree.lenient) == ("apache", False)


def test_compat_may_come_from_the_command_line(tmp_path: Path) -> None:
    tree, _ = read(tmp_path, TUTORIAL, before=["Compat apache"])
    assert tree.compat == "apache"
    tree, _ = read(tmp_path, "Compat apache\n", after=["Compat better"])
    assert (tree.compat, tree.lenient) == ("better", True)


@rows(
    "name",
    [
        "MaxClientConnections",
        "MaxTunnelServers",
        "ProxyWebsocketIdleTimeout",
        "Resolver",
        "StatisticsHistory",
    ],
)
def test_compat_apache_knows_no_directive_of_ours(tmp_path: Path, name: str) -> None:
    words = {"Resolver": "127.0.0.1:5353", "StatisticsHistory": "Off"}
    text = f"{name} {words.get(name, 7)}\n"
    assert not read(tmp_path, text)[1]
    assert not read(tmp_path, text, lenient=False)[1]
    [complaint] = read(tmp_path, text + "Compat apache\n")[1]
    assert complaint.text.startswith(f"Invalid command '{name}', perhaps")
    assert complaint.number == "FB0105"


def test_compat_knows_two_words(tmp_path: Path) -> None:
    [complaint] = read(tmp_path, "Compat apach\n")[1]
    assert complaint.cure == "did you mean apache?"


def test_recycling_inside_proxy_is_taken_for_the_server(tmp_path: Path) -> None:
    text = "MaxConnectionsPerChild 7\n<Proxy *>\nMaxConnectionsPerChild 5\n</Proxy>\n"
    tree, diagnostics = read(tmp_path, text)
    sentence = "MaxConnectionsPerChild not allowed in <Proxy> context"
    assert said(diagnostics) == [("warning", 3, sentence)]
    # What is written properly comes later, so it wins.
    assert [node.args for node in tree.nodes[:2]] == [("5",), ("7",)]
    assert errors(tmp_path, text, lenient=False) == [(3, sentence)]


def test_a_misspelled_directive_with_a_wrong_value_is_refused(tmp_path: Path) -> None:
    assert errors(tmp_path, "MaxRequestPerChild many\n")
    assert errors(tmp_path, "<Proxy *>\nStickysession a b\n</Proxy>\n")
    assert errors(tmp_path, "Stickysession a\n")


# -- modules


def test_modules_are_judged_by_what_ignoring_them_means(tmp_path: Path) -> None:
    text = (
        "LoadModule proxy_module m.so\nLoadModule cgi_module m.so\n"
        "LoadModule security2_module m.so\nLoadModule acme_module m.so\n"
        "LoadModule proxy_module m.so\nLoadModule x\n"
    )
    tree, diagnostics = read(tmp_path, text)
    assert [(d.line, d.number, d.severity.value) for d in diagnostics] == [
        (2, "FB0112", "note"),
        (3, "FB0115", "error"),
        (4, "FB0114", "warning"),
        (5, "FB0113", "warning"),
        (6, "FB0108", "error"),
    ]
    assert diagnostics[3].text == (
        "AH01574: module proxy_module is already loaded, skipping"
    )
    assert len(tree.modules) == 4


# -- what is not served


def test_tls_settings_are_taken_without_a_word(tmp_path: Path) -> None:
    sound(
        tmp_path,
        "SSLEngine on\nSSLCertificateFile /no/such\nSSLProtocol all -SSLv3 -SSLv2\n"
        "SSLOpenSSLConfCmd curves X25519MLKEM768:X25519\n"
        "SSLOpenSSLConfCmd Options -SessionTicket,ServerPreference\n"
        "SSLOpenSSLConfCmd ECDHParameters Automatic\nSSLVerifyClient off\n"
        "SSLInsecureRenegotiation off\nSSLOCSPEnable off\nSSLCipherSuite SSL HIGH\n"
        "SSLVerifyDepth 0\nSSLVHostSNIPolicy strict\nSSLStaplingForceURL http://a/\n"
        "SSLPassPhraseDialog exec:/usr/local/bin/phrase\nAllowCONNECT 443 8000-8100\n",
    )


def test_a_protocol_without_a_sign_forgets_those_before_it(tmp_path: Path) -> None:
    _, [found] = read(tmp_path, "SSLProtocol TLSv1.2 TLSv1.3\n")
    assert found.severity is Severity.WARNING
    assert found.text.startswith("AH02532: SSLProtocol: Protocol 'TLSv1.3' overrides")
    assert found.cure == "write SSLProtocol TLSv1.2 +TLSv1.3"


def test_where_sessions_are_kept_is_explained(tmp_path: Path) -> None:
    text = "SSLSessionCache shmcb:/x(512000)\nSSLSessionTicketKeyFile /x\n"
    _, found = read(tmp_path, text)
    assert [item.severity for item in found] == [Severity.NOTE, Severity.WARNING]
    assert "kept over reloads" in found[1].text


@rows(
    ("text", "sentence"),
    [
        ('<If "true">\nKeepAliev On\n</If>', "Invalid command 'KeepAliev'"),
        ("<If>\n</If>", "<If> directive requires additional arguments"),
        ('<If "a" "b">\n</If>', "Multiple <If> arguments not supported."),
        ("<If true>\n</If>\n<Else x>\n</Else>", "<Else> does not take an argument"),
        (
            '<If "true">\nProxyPass / http://h/\n</If>',
            "ProxyPass cannot occur within <If> section",
        ),
        ('<If "true">\nTimeout 5\n</If>', "Timeout not allowed in <If> context"),
    ],
)
def test_what_is_wrong_with_an_if_is_told_in_apaches_words(
    tmp_path: Path, text: str, sentence: str
) -> None:
    found = errors(tmp_path, text + "\n")
    assert len(found) == 1
    assert found[0][1].startswith(sentence)


def test_what_would_change_routing_is_refused(tmp_path: Path) -> None:
    assert errors(tmp_path, "VirtualDocumentRoot /a\n") == [
        (
            1,
            "VirtualDocumentRoot: mod_vhost_alias is not supported, and ignoring it"
            " would change routing",
        )
    ]


def test_passwords_are_never_ignored(tmp_path: Path) -> None:
    for line in ("AuthType Form", "AuthBasicProvider dbd", "AuthDigestProvider dbd"):
        text = f"<Location />\n{line}\nRequire valid-user\n</Location>\n"
        assert [line for line, _ in errors(tmp_path, text)] == [2]


def test_what_changes_nothing_is_noted_wherever_it_stands(tmp_path: Path) -> None:
    text = "XBitHack Full\nXBitHack On\nSSIETag On\n"
    tree, diagnostics = read(tmp_path, text)
    assert [(d.severity, d.line) for d in diagnostics] == [
        (Severity.NOTE, 1),
        (Severity.NOTE, 2),
        (Severity.NOTE, 3),
    ]
    assert len(tree.nodes) == 3


def test_notes_leave_room_for_what_is_graver(tmp_path: Path) -> None:
    text = "XBitHack On\n" * limits.DIAGNOSTICS_MAX + "Timeout abc\n"
    _, diagnostics = read(tmp_path, text)
    *others, wrong, rest = diagnostics
    assert (wrong.severity, wrong.line) == (Severity.ERROR, limits.DIAGNOSTICS_MAX + 1)
    assert rest.number == "FB0136"
    assert rest.severity is Severity.NOTE
    assert len(others) == limits.DIAGNOSTICS_MAX - 1


# -- the run as a whole


def test_every_mistake_of_every_file_is_told_in_order(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text("Foo\nTimeout abc\n")
    (tmp_path / "b.conf").write_text("</X>\n")
    text = "Bar\nInclude b.conf\nInclude a.conf\nInclude no.conf\n"
    _, diagnostics = read(tmp_path, text)
    places = [(Path(d.file).name, d.line) for d in diagnostics]
    assert places == [
        ("main.conf", 1),
        ("main.conf", 4),
        ("b.conf", 1),
        ("a.conf", 1),
        ("a.conf", 2),
    ]


def test_the_first_line_is_apaches_for_each_phase(tmp_path: Path) -> None:
    path = f"{tmp_path}/main.conf"
    _, diagnostics = read(tmp_path, "\nFoo\n")
    assert render(diagnostics).splitlines()[:2] == [
        f"AH00526: Syntax error on line 2 of {path}:",
        "Invalid command 'Foo', perhaps misspelled or defined by a module not included"
        " in the server configuration",
    ]
    (tmp_path / "a.conf").write_text("</Foo>\n")
    _, diagnostics = read(tmp_path, "Foo\nInclude a.conf\n")
    assert render(diagnostics, "apache2").splitlines()[0] == (
        f"apache2: Syntax error on line 2 of {path}: Syntax error on line 1 of"
        f" {tmp_path}/a.conf: </Foo> without matching <Foo> section"
    )


def test_the_first_line_is_about_what_apache_meets_first(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text("Foo\n")
    _, diagnostics = read(tmp_path, "Include a.conf\nBar\n")
    assert [d.line for d in diagnostics] == [2, 1]
    first = render(diagnostics).splitlines()[0]
    assert first == f"AH00526: Syntax error on line 1 of {tmp_path}/a.conf:"
    _, diagnostics = read(tmp_path, "<Location />\n</Proxy>\n")
    assert "Expected </Location>" in render(diagnostics).splitlines()[0]


def test_errors_of_the_command_line_are_told_as_apache_does(tmp_path: Path) -> None:
    _, diagnostics = read(tmp_path, "", before=["Foo"])
    assert diagnostics[0].file == COMMAND_LINE
    first = render(diagnostics).splitlines()[0]
    assert first == "AH00526: Syntax error on line 1 of -c/-C directives:"
    _, diagnostics = read(tmp_path, "", before=["Listen 80"], after=["<Location />"])
    assert render(diagnostics).splitlines()[0] == (
        "fastlb: Syntax error in -C/-c directive:"
        " -c/-C directives:1: <Location> was not closed."
    )


def test_c_and_c_stand_around_the_file(tmp_path: Path) -> None:
    tree, diagnostics = read(
        tmp_path,
        "ServerName m\n",
        before=["<Location />", "</Location>"],
        after=["Listen 80"],
    )
    assert diagnostics == []
    assert names(tree.nodes) == ["Location", "ServerName", "Listen"]


def test_complaints_kept_are_bounded_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "COMPLAINTS_KEPT", 3)
    monkeypatch.setattr(checking, "COMPLAINTS_KEPT", 3)
    _, diagnostics = read(tmp_path, "Foo\nDefine a:b\n" * 10)
    assert len(diagnostics) == 8


def test_complaints_are_bounded_and_the_rest_is_counted_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parser, "DIAGNOSTICS_MAX", 3)
    _, diagnostics = read(tmp_path, "Foo\n" * 10)
    assert len(diagnostics) == 4
    assert diagnostics[-1].number == "FB0136"


@given(
    lines=st.lists(
        st.sampled_from(
            [
                "<Location />",
                "</Location>",
                "<IfModule core.c>",
                "<IfModule no.c>",
                "</IfModule>",
                "<Proxy *>",
                "</Proxy>",
                "<",
                ">",
                "</>",
                "<>",
                "Require local",
                "KeepAlive \\",
                '"',
                "${",
                "Define",
                "Include",
                "Error",
                "#",
            ]
        ),
        max_size=12,
    )
)
def test_any_text_gives_a_tree_or_complaints_and_never_an_exception(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    directory = tmp_path_factory.mktemp("any")
    tree, diagnostics = read(directory, "\n".join(lines))
    assert all(node.file.endswith("main.conf") for node in walk(tree.nodes))
    assert all(d.phase in (Phase.READING, Phase.PROCESSING) for d in diagnostics)
    assert render(diagnostics).endswith("\n") or not diagnostics


@rows(
    ("options", "complaint"),
    [
        ("DOTALL +DOLLAR_ENDONLY", None),
        ("+dotall", None),
        ("none +DOTALL +DOLLAR_ENDONLY", None),
        ("+ICASE -ICASE", None),
        ("none", "RegexDefaultOptions none is not supported"),
        ("-DOLLAR_ENDONLY", "RegexDefaultOptions -DOLLAR_ENDONLY is not supported"),
        ("ICASE", "RegexDefaultOptions ICASE is not supported"),
        ("+EXTENDED", "RegexDefaultOptions: option 'EXTENDED' unknown"),
    ],
)
def test_options_that_would_change_what_expressions_match_are_refused(
    tmp_path: Path, options: str, complaint: str | None
) -> None:
    _, found = read(tmp_path, f"RegexDefaultOptions {options}\n")
    assert [d.text for d in found if d.is_error] == ([complaint] if complaint else [])
