"""ProxyPass and ProxyPassMatch."""

from __future__ import annotations

from rows import rows
from trees import errors, model_of, warnings

from fastlb.facts.mapping import Mapping

LISTEN = "Listen 80\n"
BALANCER = "<Proxy balancer://b>\nBalancerMember http://h:1\n</Proxy>\n"


def mapping(line: str, before: str = "") -> Mapping:
    return model_of(LISTEN + before + BALANCER + line + "\n").vhosts[0].mappings[0]


def test_prefix_to_a_balancer() -> None:
    found = mapping("ProxyPass /x/ BALANCER://B/y/")
    assert (found.pattern, found.is_regex) == ("/x/", False)
    assert (found.balancer_index, found.member_index) == (0, -1)
    assert (found.target, found.target_path) == ("balancer://b/y/", "/y/")


def test_an_exclusion_has_no_target() -> None:
    found = mapping("ProxyPass /x !")
    assert found.exclude
    assert (found.balancer_index, found.member_index) == (-1, -1)


@rows(
    "line",
    ["ProxyPassMatch ^(/.*)$ balancer://b$1", "ProxyPass ~ ^(/.*)$ balancer://b$1"],
)
def test_regex_to_a_balancer_creates_no_ghost(line: str) -> None:
    model = model_of(LISTEN + BALANCER + line + "\n")
    found = model.vhosts[0].mappings[0]
    assert found.is_regex
    assert (found.balancer_index, found.target_path) == (0, "$1")
    assert [b.name for b in model.balancers] == ["balancer://b"]


@rows(
    "line",
    [
        "ProxyPass / http://${NOBODY_SAID}:81/",
        "ProxyPassMatch ^/(.*)$ http://${NOBODY_SAID}:81/$1",
        "<Proxy balancer://c>\nBalancerMember http://${NOBODY_SAID}:81\n</Proxy>\n"
        "ProxyPass / balancer://c/",
    ],
)
def test_a_variable_that_nobody_defines_is_a_host_that_is_not_found(line: str) -> None:
    text = f"{LISTEN}{line}\nProxyPass /other http://h/\n"
    assert errors(text) == []
    assert "${nobody_said}" in [member.host for member in model_of(text).members]
    assert [line for line in warnings(text) if "${NOBODY_SAID} is not defined" in line]


@rows(
    "line",
    [
        "ProxyPassMatch ^/(.*)$ http://$1/",
        "ProxyPassMatch ^/(.*)$ http://a$1.b/",
        "ProxyPassMatch ^/(.*)$ http://${X}$1.b/",
        "ProxyPass / http://${X}/ interpolate",
        "ProxyPass / http://a.${X}/ interpolate",
    ],
)
def test_no_request_names_the_host(line: str) -> None:
    assert "may not come from the request" in errors(LISTEN + line + "\n")[0]


def test_words_behind_the_target() -> None:
    found = mapping("ProxyPass / http://h/ nocanon noquery interpolate mapping=encoded")
    assert found.nocanon and found.noquery and found.interpolate and found.encoded


def test_direct_member_has_its_parameters() -> None:
    model = model_of(LISTEN + "ProxyPass /a http://H:81/b timeout=5 retry=0 max=3\n")
    member = model.members[0]
    assert (member.url, member.host, member.port) == ("http://h:81/b", "h", 81)
    assert (member.key, member.balancer_index) == ("direct http://h:81/b", -1)
    assert (member.status, member.timeout_ms, member.max) == ("I", 5000, 3)
    assert (member.retry_ms, member.retry_written) == (0, True)
    assert model.vhosts[0].mappings[0].timeout_ms == 5000
    assert model.vhosts[0].mappings[0].target_path == "/b"


def test_parameters_follow_the_rule_and_pools_are_shared_where_they_agree() -> None:
    model = model_of(
        LISTEN + "ProxyPass /a/ http://h/a/ timeout=5\nProxyPass /b/ http://h/b/\n"
        "ProxyPass /c/ http://h/c/ timeout=5\n"
    )
    assert [m.member_index for m in model.vhosts[0].mappings] == [0, 1, 0]
    assert [m.timeout_ms for m in model.members] == [5000, None]


def test_one_url_with_two_sets_of_parameters_has_two_keys() -> None:
    model = model_of(
        LISTEN + "ProxyPass /a/ http://h/ timeout=5\nProxyPass /b/ http://h/\n"
    )
    assert [m.key for m in model.members] == ["direct http://h/", "direct http://h/#2"]


def test_mapping_in_a_location_takes_its_path() -> None:
    model = model_of(
        LISTEN + "<Location /a>\nProxyPass http://h/b\n</Location>\n"
        "<LocationMatch ^/m/(.*)>\nProxyPass http://h/n/$1\n</LocationMatch>\n"
        "<Location /g/*/x>\nProxyPass http://h/g\n</Location>\n"
    )
    confs = [s.conf.mapping for s in model.vhosts[0].sections]
    found = [(m.pattern, m.is_regex, m.target_path) for m in confs if m is not None]
    assert found == [
        ("/a", False, "/b"),
        ("^/m/(.*)", True, "/n/$1"),
        (r"\A/g/[^/]*/x\z", True, "/g"),
    ]


def test_main_servers_rules_come_first_unless_not_inherited() -> None:
    text = (
        LISTEN + BALANCER + "ProxyPass /a balancer://b/a\n"
        "<VirtualHost *:80>\nServerName v\n{}\nProxyPass /v http://v/v\n</VirtualHost>\n"
    )
    patterns = [m.pattern for m in model_of(text.format("")).vhosts[1].mappings]
    assert patterns == ["/a", "/v"]
    alone = model_of(text.format("ProxyPassInherit Off"))
    assert [m.pattern for m in alone.vhosts[1].mappings] == ["/v"]
    apache = model_of(text.format("ProxyPassInherit Off"), lenient=False)
    assert len(apache.vhosts[1].mappings) > len(alone.vhosts[1].mappings)


def test_a_unix_socket_target() -> None:
    model = model_of(LISTEN + "ProxyPass / unix:/run/a.sock|http://app:81/\n")
    member = model.members[0]
    assert (member.unix_path, member.host, member.port) == ("/run/a.sock", "app", 81)
    assert member.url == "unix:/run/a.sock|http://app:81/"
    short = model_of(LISTEN + "ProxyPass /a unix:/run/a.sock|http:\n").members[0]
    assert (short.host, short.path) == ("localhost", "")


def test_a_websocket_target_may_upgrade() -> None:
    members = model_of(
        LISTEN + "ProxyPass /w ws://h/w\nProxyPass /v http://h/v upgrade=websocket\n"
    ).members
    assert [(m.scheme, m.port, m.upgrade) for m in members] == [
        ("ws", 80, ("websocket",)),
        ("http", 80, ("websocket",)),
    ]


@rows(
    ("line", "text"),
    [
        ("ProxyPass /", "ProxyPass|ProxyPassMatch needs a path when not defined in a"),
        ("ProxyPass / http://h/ x", "Invalid ProxyPass|ProxyPassMatch parameter."),
        ("ProxyPass / h:80/", "ProxyPass URL must be absolute!: h:80/"),
        ("ProxyPass / http://h:x/", "ProxyPass Unable to parse URL: http://h:x/"),
        ("ProxyPass / http://h/ timeout=0", "ProxyPass Timeout must be at least one"),
        ("ProxyPass / http://h/ foo=1", "ProxyPass unknown Worker parameter"),
        ("ProxyPass / balancer://b/ foo=1", "ProxyPass unknown Balancer parameter"),
        ("ProxyPass / balancer://b/ lbmethod=x", "ProxyPass unknown lbmethod"),
        ("ProxyPass / http://h/ mapping=x", "unknown mapping"),
        ("ProxyPassMatch ( http://h/", "Regular expression could not be compiled."),
        ("ProxyPassMatch ~ ^/ http://h/", "ProxyPassMatch invalid syntax ('~' usage)."),
        ("ProxyPass / h2c://h/", "ProxyPass h2c://h/: HTTP/2 towards members is"),
        ("ProxyPass / gopher://h/", "ProxyPass gopher://h/: the scheme gopher:// is"),
        ("ProxyPassMatch ^/(.*) http://$1/", "ProxyPass http://$1/: the host may not"),
        ("ProxyPassMatch ^/(.*) http://a$1.b/", "ProxyPass http://a$1.b/: the host m"),
        ("ProxyPass / unix:sock|http://h/", 'ProxyPass uses an invalid "unix:" URL'),
        ("ProxyPass / balancer:///", "ProxyPass Bad syntax for a balancer name"),
    ],
)
def test_refusals_are_apaches(line: str, text: str) -> None:
    found = errors(LISTEN + BALANCER + line + "\n")
    assert len(found) == 1
    assert found[0].startswith(f"5: {text}")


def test_a_path_inside_a_location_is_refused() -> None:
    found = errors(LISTEN + "<Location /a>\nProxyPass /a /b c\n</Location>\n")
    assert len(found) == 1


def test_servlet_mapping_is_taken_as_encoded() -> None:
    assert mapping("ProxyPass / balancer://b/ mapping=servlet").encoded
    found = warnings(LISTEN + BALANCER + "ProxyPass / balancer://b/ mapping=servlet\n")
    assert found == ["5: mapping=servlet is taken as mapping=encoded"]


def test_connections_of_a_regex_member_are_kept_unless_apache_decides() -> None:
    text = LISTEN + "ProxyPassMatch ^/(.*)$ http://h/$1"
    assert not model_of(text + "\n").members[0].disable_reuse
    assert model_of("Compat apache\n" + text + "\n").members[0].disable_reuse
    on = model_of("Compat apache\n" + text + " enablereuse=on\n")
    assert not on.members[0].disable_reuse


def test_a_host_of_a_group_is_a_mapping_for_each() -> None:
    for line, wanted in (
        (
            "ProxyPassMatch ^/(a|b-c)/(.*) http://$1.x:81/$2",
            [
                ("^/(a)/(.*)", "http://a.x:81/$2"),
                ("^/(b\\-c)/(.*)", "http://b-c.x:81/$2"),
            ],
        ),
        (
            "ProxyPassMatch ^/([12])(x)/(.*) http://$2:808$1/$3",
            [
                ("^/(1)(x)/(.*)", "http://x:8081/$3"),
                ("^/(2)(x)/(.*)", "http://x:8082/$3"),
            ],
        ),
        ("ProxyPassMatch ^/x(.*) http://y$1", [("^/x(.*)", "http://y$1")]),
        (
            "ProxyPassMatch ^/a\\.b-(?<n>x|y)(z)(.*)/(w) http://$1$2$4/$3",
            [
                ("^/a\\.b-(?<n>x)(z)(.*)/(w)", "http://xzw/$3"),
                ("^/a\\.b-(?<n>y)(z)(.*)/(w)", "http://yzw/$3"),
            ],
        ),
        (  # one word, wherever it stands
            "ProxyPassMatch /(.*)/(a) http://$2.x/$1",
            [("/(.*)/(a)", "http://a.x/$1")],
        ),
        (
            "ProxyPassMatch ^/(x|y)/([01]) http://h$2/$1",
            [("^/(x|y)/(0)", "http://h0/$1"), ("^/(x|y)/(1)", "http://h1/$1")],
        ),
    ):
        model = model_of(f"Listen 80\n{line}\n")
        rows = model.vhosts[0].mappings
        assert [(one.pattern, one.target) for one in rows][: len(wanted)] == wanted


def test_words_that_fit_one_path_are_refused() -> None:
    """Which of them is meant, their order says, or where in the path they stand."""
    for line in (
        "ProxyPassMatch ^/(ab|a)(.*)$ http://$1.x/$2",
        "ProxyPassMatch ^/(a|ab)/(.*)$ http://h$1/$2",
        "ProxyPassMatch ^/(aa?)/(.*)$ http://h$1/$2",
        "ProxyPassMatch /(b|a)/ http://$1.x/",
        "ProxyPassMatch ^/(.*)/(a|b)/ http://$2.x/$1",
        "ProxyPassMatch ^/x?(a|x) http://$1.y/",
        "ProxyPassMatch ^/[xy](a|b) http://$1.y/",
        "ProxyPassMatch ^/((a|b)c) http://$2.y/$1",
        "ProxyPassMatch ^/(x|xa?)(a|b) http://$2.y/$1",
        "ProxyPassMatch ^/(a|b)(c|cd) http://$1$2.y/",
        "ProxyPassMatch ^/(a|ab)(?:/.*)? balancer://$1/",
        "ProxyPassMatch ^/(?i)(a|b)/ http://$1.y/",
    ):
        (found,) = errors(f"Listen 80\n{line}\n")
        assert "several words of a group may fit one path" in found, line


def test_a_host_of_any_name_is_refused() -> None:
    for line in (
        "ProxyPassMatch ^/([^/]*)/(.*) http://$1/$2",
        "ProxyPassMatch ^/(?:(a)|b)/(.*) http://$1.x/$2",
        "ProxyPassMatch ^/((a)|b)/(.*) http://$1.x/$2",
        "ProxyPassMatch ^/(a|/)/(.*) http://$1.x/$2",
        "ProxyPassMatch ^/([a-z]{2})/(.*) http://$1.x/$2",
    ):
        (found,) = errors(f"Listen 80\n{line}\n")
        assert "the host may not come from the request" in found, line
