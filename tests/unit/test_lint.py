"""What Apache swallows although it cannot work as written."""

from __future__ import annotations

from rows import rows
from trees import notes, resolve_text, warnings

LISTEN = "Listen 80\n"
BALANCER = "<Proxy balancer://app>\nBalancerMember http://h:1\n</Proxy>\n"


def numbers(text: str) -> list[tuple[int, str]]:
    """(line, number) of everything said about a text that starts at line 1."""
    _, found = resolve_text(text)
    return [(d.line, d.number) for d in found]


def lint(*lines: str, members: bool = True) -> list[tuple[int, str]]:
    """What is said about lines, counted from 1, behind a sound balancer."""
    before = LISTEN + (BALANCER + "ProxyPass /used balancer://app\n" if members else "")
    offset = before.count("\n")
    return [(n - offset, m) for n, m in numbers(before + "\n".join(lines) + "\n")]


def test_a_sound_configuration_is_silent() -> None:
    assert (
        lint("ProxyPass / balancer://app/", "ProxyPassReverse / balancer://app/") == []
    )


# balancers -------------------------------------------------------------------------


@rows(
    ("settings", "said"),
    [
        ("lbmethod=byhash hashkey=uri hashload=200", []),
        ("lbmethod=bychoice", []),
        ("hashkey=ip hashload=125", []),
        ("hashkey=uri", ["hashkey= of balancer://b has no effect"]),
        ("hashkey=header:X", ["hashkey= of balancer://b has no effect"]),
        ("hashload=0", ["hashload= of balancer://b has no effect"]),
        ("ejecton=failures:5 ejecttime=60 ejectmax=30%", []),
        ("ejecton=errors:50%/30s ejecttime=60", []),
        ("ejecttime=60", ["ejecttime= of balancer://b has no effect"]),
        ("ejectmax=30%", ["ejectmax= of balancer://b has no effect"]),
        ("retryonstatus=503", ["retryonstatus= of balancer://b has no effect"]),
        ("retryonstatus=503\nBalancerMember http://h:2", []),
        ("retryonstatus=503\nBalancerMember http://h:2 status=+H", []),
    ],
)
def test_what_has_no_effect_by_itself_is_told(settings: str, said: list[str]) -> None:
    text = (
        f"{LISTEN}<Proxy balancer://b>\nBalancerMember http://h:1\n"
        f"ProxySet {settings}\n</Proxy>\nProxyPass / balancer://b/\n"
    )
    assert [one.partition(": ")[2] for one in warnings(text)] == said


@rows(
    ("directive", "is_said"),
    [
        ("", True),
        ("HeartbeatMaxServers 20", True),
        ("HeartbeatListen 239.0.0.1:27999", False),
        ("HeartbeatStorage hb.dat", False),
    ],
)
def test_heartbeats_that_nobody_hears_are_told(directive: str, is_said: bool) -> None:
    text = (
        f"{LISTEN}{directive}\n<Proxy balancer://b>\nBalancerMember http://h:1\n"
        "ProxySet lbmethod=heartbeat\n</Proxy>\nProxyPass / balancer://b/\n"
    )
    assert [number for _, number in numbers(text)] == ["FB0386"] * is_said


def test_a_balancer_that_is_not_defined_gets_the_nearest_name() -> None:
    _, found = resolve_text(LISTEN + BALANCER + "ProxyPass / balancer://ap/\n")
    said = [d for d in found if d.number == "FB0291"]
    assert [d.line for d in said] == [5]
    assert said[0].text == "ProxyPass to balancer://ap, which is not defined"
    assert said[0].cure == "did you mean balancer://app?"


def test_a_balancer_of_another_host_is_not_defined_here() -> None:
    text = (
        LISTEN + "<VirtualHost *:80>\nServerName a\n" + BALANCER + "</VirtualHost>\n"
        "<VirtualHost *:80>\nServerName b\nProxyPass / balancer://app/\n</VirtualHost>\n"
    )
    found = warnings(text)
    assert found == [
        "10: ProxyPass to balancer://app, which is not defined in this server"
    ]


def test_an_inherited_balancer_is_defined() -> None:
    host = (
        "<VirtualHost *:80>\nServerName b\nProxyPass / balancer://app/\n</VirtualHost>"
    )
    assert lint(host) == []


@rows(
    "section",
    ["<Proxy balancer://x>\n</Proxy>", "<Proxy balancer://x timeout=1>\n</Proxy>"],
)
def test_a_balancer_without_members_is_told_where_it_is_used(section: str) -> None:
    lines = section.count("\n") + 2
    assert lint(section, "ProxyPass / balancer://x/") == [(lines, "FB0290")]


def test_a_balancer_with_a_refused_member_is_not_called_empty() -> None:
    found = lint(
        "<Proxy balancer://x>",
        "BalancerMember h2c://h",
        "</Proxy>",
        "ProxyPass / balancer://x/",
    )
    assert found == [(2, "FB0225")]


def test_a_balancer_that_nothing_names_is_noted() -> None:
    assert notes(LISTEN + BALANCER) == ["3: no ProxyPass names balancer://app"]


def members(*params: str, balancer: str = "") -> list[tuple[int, str]]:
    lines = [f"BalancerMember http://m{i} {p}" for i, p in enumerate(params)]
    text = "\n".join(
        [f"<Proxy balancer://b {balancer}>".replace(" >", ">"), *lines, "</Proxy>"]
    )
    return lint(text, "ProxyPass / balancer://b/")


@rows(
    ("params", "balancer", "expected"),
    [
        (["route=a", "route=b"], "stickysession=S", []),
        (["route=a", "route=a"], "stickysession=S", [(3, "FB0243")]),
        (["route=a.b", "route=c"], "stickysession=S", [(2, "FB0244")]),
        (["route=a.b"], "stickysession=S stickysessionsep=!", []),
        (["", ""], "stickysession=S", [(1, "FB0245")]),
        (["route=a", ""], "stickysession=S", [(3, "FB0246")]),
        (["route=a", "route=b"], "", [(2, "FB0247")]),
        (["route=a", "route=b redirect=c"], "stickysession=S", [(3, "FB0248")]),
        (["route=a redirect=b", "route=b"], "stickysession=S", []),
        (["status=+H", "status=+H"], "", [(2, "FB0241")]),
        (["status=+H", "status=+H", ""], "", [(2, "FB0241")]),
        (["status=+D", "status=S"], "", [(2, "FB0242")]),
        (["status=+D", ""], "", []),
        (["timeout=1"], "", [(2, "FB0249")]),
        (["timeout=2"], "", []),
        (["ping=500ms"], "", [(2, "FB0235")]),
        (["max=1 maxscope=global"], "", []),
        (["maxscope=global"], "", [(2, "FB0387")]),
        (["maxscope=global agentcheck=9"], "", []),
    ],
)
def test_members(
    params: list[str], balancer: str, expected: list[tuple[int, str]]
) -> None:
    assert members(*params, balancer=balancer) == expected


def test_places_are_those_of_members_of_balancers() -> None:
    found = lint("ProxyPass / http://h:1/ max=1 maxscope=global")
    assert found == [(1, "FB0387")]


def test_one_standby_beside_a_primary_is_only_noted() -> None:
    assert members("", "status=+H") == [(3, "FB0241")]
    text = LISTEN + BALANCER.replace("h:1", "h:1\nBalancerMember http://h:2 status=+H")
    assert warnings(text) == []


def test_members_of_a_redefined_balancer_are_not_used() -> None:
    found = lint(
        "<VirtualHost *:80>",
        "ServerName v",
        "<Proxy balancer://app>",
        "BalancerMember http://other",
        "</Proxy>",
        "ProxyPass / balancer://app/",
        "</VirtualHost>",
    )
    assert found == [(4, "FB0236")]


def test_a_shared_member_url_is_told() -> None:
    assert members("", "") == []
    found = lint(
        "<Proxy balancer://b>",
        "BalancerMember http://h/a",
        "BalancerMember http://h/ab",
        "</Proxy>",
        "ProxyPass / balancer://b/",
    )
    assert found == [(3, "FB0227")]


# mappings --------------------------------------------------------------------------


@rows(
    ("line", "number"),
    [
        ("ProxyPass /a balancer://app", None),
        ("ProxyPass /a/ balancer://app/", None),
        ("ProxyPass /a balancer://app/a", None),
        ("ProxyPass / balancer://app", "FB0292"),
        ("ProxyPass /a/ balancer://app", "FB0292"),
        ("ProxyPass /a balancer://app/", "FB0293"),
        ("ProxyPass /a/ balancer://app/x", "FB0293"),
        ("ProxyPass /a http://h/", "FB0293"),
        ("ProxyPass / http://h", "FB0293"),
        ("ProxyPass /a http://h", None),
        ("ProxyPass /a !", None),
        ("ProxyPassMatch ^/(.*)$ http://h$1", "FB0294"),
        ("ProxyPassMatch ^(/.*)$ http://h$1", None),
        ("ProxyPassMatch ^/(.*)$ http://h/$1", None),
        ("ProxyPassMatch ^(/.*)$ balancer://app$1", None),
    ],
)
def test_slashes(line: str, number: str | None) -> None:
    assert lint(line) == ([] if number is None else [(1, number)])


def test_the_slash_warning_shows_what_the_member_gets() -> None:
    _, found = resolve_text(LISTEN + "ProxyPass /a/ http://h/z\n")
    assert [(d.why, d.cure) for d in found] == [
        ("/a/x becomes /zx", "write http://h/z/")
    ]


@rows(
    ("first", "second", "shadowed"),
    [
        ("/", "/api/", True),
        ("/api", "/api/v1", True),
        ("/api", "/apiary", False),
        ("/api/", "/api", False),
        ("/api/", "/api/x", True),
        ("/b", "/a", False),
        ("/a", "/a", True),
    ],
)
def test_a_mapping_behind_one_that_takes_all(
    first: str, second: str, shadowed: bool
) -> None:
    def rule(path: str) -> str:
        return f"ProxyPass {path} http://h{path}"

    found = lint(rule(first), rule(second))
    assert found == ([(2, "FB0296")] if shadowed else [])


def test_an_exclusion_behind_its_rule_is_shadowed_and_shows_both_places() -> None:
    _, found = resolve_text(LISTEN + "ProxyPass / http://h/\nProxyPass /img !\n")
    assert [d.line for d in found] == [3]
    assert "ProxyPass /img can never match" in found[0].text
    assert found[0].text.endswith("t.conf:2")


def test_a_regex_shadows_what_it_matches_whatever_follows() -> None:
    assert lint("ProxyPassMatch ^(/.*)$ http://h$1", "ProxyPass /a http://h/a") == [
        (2, "FB0296")
    ]
    assert lint("ProxyPassMatch \\.gif$ http://h", "ProxyPass /a http://h/a") == []


def test_a_main_rule_shadows_a_hosts_rule() -> None:
    found = lint(
        "ProxyPass /a http://h/a",
        "<VirtualHost *:80>",
        "ServerName v",
        "ProxyPass /a/b http://h/b",
        "</VirtualHost>",
    )
    assert found == [(4, "FB0296")]


def test_a_member_url_with_a_slash_doubles_it() -> None:
    found = lint(
        "<Proxy balancer://s>",
        "BalancerMember http://h/media/",
        "BalancerMember http://h2/media",
        "</Proxy>",
        "ProxyPass /static/ balancer://s/",
    )
    assert found == [(2, "FB0295")]


def test_a_handler_behind_a_mapping_is_noted() -> None:
    section = "<Location /server-status>\nSetHandler server-status\n</Location>"
    taken = lint(section, "ProxyPass / balancer://app/")
    assert taken == [(1, "FB0297")]
    freed = lint("ProxyPass /server-status !", section, "ProxyPass / balancer://app/")
    assert freed == []


def test_a_redirect_outside_sections_behind_a_mapping_never_fires() -> None:
    assert lint("Redirect /old http://h/", "ProxyPass / balancer://app/") == [
        (2, "FB0298")
    ]
    inside = "<Location /old>\nRedirect permanent http://h/\n</Location>"
    assert lint(inside, "ProxyPass / balancer://app/") == []


def test_a_repeated_reverse_line_names_the_member_that_has_none() -> None:
    _, found = resolve_text(
        LISTEN + "<Proxy balancer://b>\nBalancerMember http://a\n"
        "BalancerMember http://b\n</Proxy>\nProxyPass / balancer://b/\n"
        "ProxyPassReverse / http://a/\nProxyPassReverse / http://a/\n"
    )
    assert [(d.line, d.number) for d in found] == [(8, "FB0299")]
    assert found[0].cure == "write ProxyPassReverse / http://b"


# servers and rules -----------------------------------------------------------------


def test_a_host_on_a_port_without_listen() -> None:
    assert lint("<VirtualHost *:81>", "ServerName v", "</VirtualHost>") == [
        (1, "FB0207")
    ]


def test_two_hosts_with_one_name() -> None:
    host = "<VirtualHost *:80>\nServerName v\n</VirtualHost>"
    assert lint(host, host) == [(4, "FB0208")]


def test_a_log_format_that_is_not_defined() -> None:
    assert lint('LogFormat "%h" combined', "CustomLog a combinde") == [(2, "FB0254")]
    assert lint('LogFormat "%h" combined', "CustomLog a combined") == []
    assert lint("CustomLog a json") == []
    assert lint("Compat apache", "CustomLog a json") == [(2, "FB0254")]


def test_a_variable_that_no_balancer_sets() -> None:
    found = lint('Header set A "%{BALANCER_WORKER}e"')
    assert found == [(1, "FB0204")]
    assert lint("Header set A b env=BALANCER_ROUTE_CHANGE") == [(1, "FB0204")]


def test_a_variable_of_tls_that_is_nearly_one_is_told() -> None:
    assert lint('RequestHeader set A "%{SSL_PROTOCL}s"') == [(1, "FB0204")]
    for name in ("SSL_PROTOCOL", "SSL_CLIENT_SAN_DNS_0", "SSL_SERVER_S_DN_CN"):
        assert lint(f'RequestHeader set A "%{{{name}}}s"') == []
    # mod_ssl of a later version may know it.
    assert lint('RequestHeader set A "%{SSL_X}s"') == []


def test_a_server_variable_that_nobody_knows_is_told() -> None:
    for name in ("X", "REMOTE_ADR", "UNIQUE_ID", "SERVER_ADDR"):
        assert lint(f'RequestHeader set A "%{{{name}}}s"') == [(1, "FB0204")]
    for name in ("REMOTE_ADDR", "server_port", "HTTP:X", "ENV:x", "SSL:SSL_CIPHER"):
        assert lint(f'RequestHeader set A "%{{{name}}}s"') == []


def test_an_open_route_cookie_is_noted() -> None:
    line = 'Header add Set-Cookie "R=.%{BALANCER_WORKER_ROUTE}e; path=/{}"'
    assert lint(line.replace("{}", "")) == [(1, "FB0205")]
    assert lint(line.replace("{}", "; HttpOnly; SameSite=Lax")) == []


def told_of(text: str) -> list[tuple[str, str]]:
    """(number, cure) of all that is said, notes too."""
    _, found = resolve_text(text)
    return [(item.number, item.cure) for item in found]


def test_a_name_that_was_misspelled_is_told_of_once() -> None:
    text = "Listen 1\n<Proxy balancer://{}>\nBalancerMember http://h:1\n</Proxy>\n"
    text += "ProxyPass / balancer://mycluster/\n"
    for name in ("cluster", "another"):  # near, or the only one that nobody names
        asked = f"did you mean balancer://{name}?"
        assert told_of(text.format(name)) == [("FB0291", asked)]
    two = text.format("another") + text.format("third").replace("Listen 1\n", "")
    assert [n for n, _ in told_of(two)] == [
        *("FB0237", "FB0291", "FB0237", "FB0296", "FB0291"),
    ]


def test_one_pair_of_quotes_around_a_url_and_its_parameters() -> None:
    section = 'Listen 1\n<Proxy balancer://b>\nBalancerMember "{}"\n</Proxy>\n'
    section += "ProxyPass / balancer://b/\n"
    why = ("FB0223", 'write "http://h:1" route=a')
    assert told_of(section.format("http://h:1 route=a")) == [why]
    why = ("FB0164", 'write "http://h:1/x" route=a')
    assert why in told_of(section.format("http://h:1/x route=a"))
    why = ("FB0223", 'write "http://h:1" retry=5')
    assert told_of('Listen 1\nProxyPass / "http://h:1 retry=5"\n') == [why]


def test_a_port_that_is_none_is_named() -> None:
    _, found = resolve_text("Listen 1\nProxyPass / http://h:80801/\n")
    [wrong] = [item for item in found if item.is_error]
    assert wrong.text == "ProxyPass invalid port 80801 in URL: http://h:80801/"
    assert wrong.why == "ports go from 1 to 65535"


def test_a_semicolon_is_told_of_where_it_stands() -> None:
    leave = "leave out the semicolon: a directive ends with its line"
    assert ("FB0107", "write Listen 80") in told_of("Listen 80;\n")
    assert ("FB0108", leave) in told_of("Listen 1\nProxyPreserveHost On;\n")
    assert ("FB0165", leave) in told_of("Listen 1\nServerName a.test;\n")
    assert ("FB0223", "write http://h:1") in told_of(
        "Listen 1\nProxyPass / http://h:1;"
    )
    assert told_of('Listen 1\nHeader set A "b;"\nHeader set C d;\n') == []
