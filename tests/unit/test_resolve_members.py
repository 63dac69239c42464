"""<Proxy>, BalancerMember, ProxySet and the copies of virtual hosts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rows import rows
from trees import errors, model_of, resolve_text, warnings

from fastlb.base.limits import MEMBERS_PER_BALANCER_MAX
from fastlb.config.directives.balancer_params import LBMETHODS, LBMETHODS_OWN
from fastlb.config.directives.member_params import STATUS_LETTERS, parse_status
from fastlb.facts.server import Model

LISTEN = "Listen 80\n"


def balancer(*lines: str, head: str = "balancer://b") -> str:
    return LISTEN + f"<Proxy {head}>\n" + "\n".join(lines) + "\n</Proxy>\n"


def urls(model: Model) -> list[str]:
    return [m.url for m in model.members]


def test_members_stand_in_the_order_of_their_lines() -> None:
    model = model_of(balancer("BalancerMember http://B:80", "BalancerMember ws://a:81"))
    assert urls(model) == ["http://b", "ws://a:81"]
    assert model.balancers[0].members == (0, 1)
    assert [m.key for m in model.members] == [
        "balancer://b http://b",
        "balancer://b ws://a:81",
    ]
    assert [m.explicit_port for m in model.members] == [False, True]


def test_a_balancer_has_room_for_thousands_and_says_when_it_is_full() -> None:
    lines = [f"BalancerMember http://m{n}" for n in range(MEMBERS_PER_BALANCER_MAX)]
    model = model_of(balancer(*lines))
    assert len(model.balancers[0].members) == MEMBERS_PER_BALANCER_MAX
    more = balancer(*lines, "BalancerMember http://one-more", "BalancerMember http://x")
    assert len(errors(more)) == 2
    assert all("has more than 4096 members" in said for said in errors(more))


def test_member_defaults() -> None:
    member = model_of(balancer("BalancerMember http://a")).members[0]
    assert (member.load_factor, member.lbset, member.status) == (100, 0, "")
    assert (member.retry_ms, member.retry_written) == (60_000, False)
    assert (member.max, member.ttl_ms, member.timeout_ms) == (None, None, None)
    assert member.response_field_bytes == 8192


def test_all_parameters_of_a_member() -> None:
    member = model_of(
        balancer(
            "BalancerMember http://a min=1 max=4 smax=2 ttl=3 acquire=1500"
            " connectiontimeout=250ms timeout=9 retry=5 keepalive=On disablereuse=on"
            " ping=500ms receivebuffersize=2048 responsefieldsize=100 addressttl=7"
            " lbset=2 route=r redirect=s status=+D-E loadfactor=2.5"
            " upgrade=websocket,h2c slowstart=30 maxscope=Global"
        )
        + "<Proxy balancer://c>\nBalancerMember http://c route=s\n</Proxy>\n"
    ).members[0]
    assert (member.min, member.max, member.smax, member.ttl_ms) == (1, 4, 2, 3000)
    assert (member.acquire_ms, member.connect_timeout_ms) == (1500, 250)
    assert (member.timeout_ms, member.retry_ms) == (9000, 5000)
    assert member.keepalive and member.disable_reuse and member.retry_written
    assert member.slow_start_ms == 30_000
    assert member.max_is_global
    assert (member.ping_ms, member.receive_buffer_bytes) == (500, 2048)
    assert (member.response_field_bytes, member.address_ttl_s) == (100, 7)
    assert (member.lbset, member.route, member.redirect) == (2, "r", "s")
    assert (member.status, member.load_factor) == ("D", 250)
    assert member.upgrade == ("websocket", "h2c")


def test_all_parameters_of_a_balancer() -> None:
    found = model_of(
        balancer(
            "BalancerMember http://a route=n",
            "ProxySet stickysession=C|u stickysessionsep=! scolonpathdelim=On",
            "ProxySet nofailover=On maxattempts=0 timeout=3 failonstatus=500,503",
            "ProxySet failontimeout=on forcerecovery=off",
        )
    ).balancers[0]
    assert (found.sticky_cookie, found.sticky_url) == ("C", "u")
    assert (found.sticky_separator, found.scolon_path_delim) == ("!", True)
    assert (found.nofailover, found.max_attempts) == (True, 0)
    assert (found.timeout_ms, found.fail_on_status) == (3000, (500, 503))
    assert (found.fail_on_timeout, found.force_recovery) == (True, False)


def test_parameters_may_stand_in_three_places_and_the_last_wins() -> None:
    model = model_of(
        balancer(
            "BalancerMember http://a route=x",
            "ProxySet nofailover=Off",
            head="balancer://b stickysession=A nofailover=On",
        )
        + "ProxyPass / balancer://b/ maxattempts=3\nProxySet balancer://b timeout=1\n"
    )
    found = model.balancers[0]
    assert (found.sticky_cookie, found.nofailover) == ("A", False)
    assert (found.max_attempts, found.timeout_ms) == (3, 1000)


def test_separator_off_takes_the_whole_value() -> None:
    text = balancer("BalancerMember http://a", "ProxySet stickysessionsep=Off")
    assert model_of(text).balancers[0].sticky_separator is None


def test_members_outside_name_their_balancer() -> None:
    model = model_of(
        LISTEN + "BalancerMember balancer://B http://a:1 loadfactor=2\n"
        "ProxyPass / balancer://b/\n"
    )
    assert [(m.url, m.load_factor) for m in model.members] == [("http://a:1", 200)]


def test_a_url_that_begins_with_another_is_the_same_member() -> None:
    text = balancer(
        "BalancerMember http://a/x",
        "BalancerMember http://a/xy",
        "BalancerMember http://a:81/x",
    )
    assert urls(model_of(text)) == ["http://a/x", "http://a:81/x"]
    assert any("is shared by http://a/xy" in line for line in warnings(text))


@rows(
    ("line", "text"),
    [
        ("BalancerMember http://a loadfactor=0", "LoadFactor must be a number between"),
        ("BalancerMember http://a loadfactor=101", "LoadFactor must be a number"),
        ("BalancerMember http://a loadfactor=x", "LoadFactor must be a number between"),
        ("BalancerMember http://a status=+Q", "Unknown status parameter option"),
        ("BalancerMember http://a timeout=500ms", "Timeout must be at least one sec"),
        ("BalancerMember http://a ttl=0", "TTL must be at least one second"),
        ("BalancerMember http://a retry=-1", "Retry must be a positive value"),
        ("BalancerMember http://a min=-1", "Min must be a positive number"),
        ("BalancerMember http://a maxscope=x", "maxscope must be worker or global"),
        ("BalancerMember http://a lbset=100", "lbset must be between 0 and 99"),
        ("BalancerMember http://a acquire=x", "Acquire timeout has wrong format"),
        ("BalancerMember http://a acquire=0", "Acquire must be at least one milli"),
        ("BalancerMember http://a ping=x", "Ping/Pong timeout has wrong format"),
        ("BalancerMember http://a keepalive=1", "KeepAlive must be On|Off"),
        ("BalancerMember http://a disablereuse=1", "DisableReuse must be On|Off"),
        ("BalancerMember http://a enablereuse=1", "EnableReuse must be On|Off"),
        ("BalancerMember http://a flushpackets=x", "flushpackets must be on|off|auto"),
        ("BalancerMember http://a flushwait=9999", "flushwait must be <= 1000, or 0"),
        ("BalancerMember http://a iobuffersize=5", "IOBufferSize must be >= 512 byt"),
        ("BalancerMember http://a responsefieldsize=-1", "ResponseFieldSize must be g"),
        ("BalancerMember http://a addressttl=-2", "AddressTTL must be -1 or a number"),
        ("BalancerMember http://a route=" + "r" * 64, "Route length must be < 64"),
        ("BalancerMember http://a hcmethod=x", "Unknown method"),
        ("BalancerMember http://a hcinterval=1ms", "Interval must be a positive value"),
        ("BalancerMember http://a tiemout=1", "unknown Worker parameter"),
        ("BalancerMember http://a x", "can not have a balancer name when defined in a"),
        ("BalancerMember", "BalancerMember must define remote proxy server"),
        ("BalancerMember a:80", "URL must be absolute!: a:80"),
        ("BalancerMember h2://a", "h2://a: HTTP/2 towards members is not supported"),
        ("BalancerMember h2c://a", "h2c://a: HTTP/2 towards members is not"),
        ("ProxySet lbmethod=foo", "ProxySet: unknown lbmethod lbmethod=foo; balancer:"),
        ("ProxySet stickysessionsep=ab", "ProxySet: stickysessionsep must be a single"),
        ("ProxySet timeout=0", "ProxySet: timeout must be at least one second timeou"),
        ("ProxySet failonstatus=99", "ProxySet: failonstatus must be one or more HTTP"),
        ("ProxySet growth=0", "ProxySet: growth must be between 1 and 100 growth=0; b"),
        ("ProxySet nofailover=1", "ProxySet: failover must be On|Off nofailover=1; ba"),
        ("ProxySet foo=1", "ProxySet: unknown Balancer parameter foo=1; balancer://b"),
        ("ProxySet stickysession=" + "s" * 64, "ProxySet: stickysession length must "),
        ("ProxySet routeregex=(", "ProxySet: routeregex could not be compiled routere"),
        ("ProxySet maxattempts=-1", "ProxySet: maximum number of attempts must be a p"),
        ("ProxySet nonce=" + "n" * 37, "ProxySet: Provided nonce is too large nonce=n"),
        (
            "BalancerMember http://a flusher=" + "f" * 16,
            "flusher name length must be <",
        ),
        (
            "BalancerMember http://a upgrade=" + "u" * 16,
            "upgrade protocol length must ",
        ),
        ("BalancerMember http://a hcinterval=x", "Unparse-able hcinterval setting"),
        ("BalancerMember http://a hcfails=x", "Fails must be a positive value"),
        ("BalancerMember http://a hcuri=/" + "u" * 64, "Health check uri length must "),
        ("ProxySet foo", "Invalid ProxySet parameter. Parameter must be in the form"),
    ],
)
def test_refusals_are_apaches(line: str, text: str) -> None:
    found = errors(balancer("BalancerMember http://ok:1", line))
    assert len(found) == 1
    shown = found[0].removeprefix("4: ").removeprefix("BalancerMember ")
    assert shown.startswith(text.removeprefix("BalancerMember "))


@rows(
    "word",
    [
        *("hashkey=", "hashkey=x", "hashkey=ip:x", "hashkey=header", "hashkey=header:"),
        *("hashkey=cookie:a b", "hashkey=cookie:a;b", "hashload=100", "hashload=-1"),
    ],
)
def test_a_key_that_is_none_is_refused(word: str) -> None:
    found = errors(balancer("BalancerMember http://ok:1", f'ProxySet "{word}"'))
    assert len(found) == 1
    assert f"ProxySet: {word.partition('=')[0]} must be " in found[0]


def test_how_many_requests_may_wait() -> None:
    for settings, most in (("", 1024), ("ProxySet maxqueue=0", 0)):
        text = balancer("BalancerMember http://ok:1", settings)
        assert [one.queue_max for one in model_of(text).balancers] == [most]


@rows(
    ("word", "said"),
    [
        ("hashkey=IP", ("ip", "")),
        ("hashkey=Header:X-Key", ("header", "X-Key")),
        ("hashkey=cookie:sid", ("cookie", "sid")),
    ],
)
def test_what_a_key_is_made_of(word: str, said: tuple[str, str]) -> None:
    settings = f"ProxySet lbmethod=byhash {word}"
    [found] = model_of(balancer("BalancerMember http://ok:1", settings)).balancers
    assert (found.hash_by.value, found.hash_name) == said
    assert found.hash_load_percent == 125


@rows(
    ("line", "text"),
    [
        ("BalancerMember http://a", "BalancerMember must define remote proxy server"),
        ("BalancerMember balancer://b", "BalancerMember must define remote proxy ser"),
        ("ProxySet stickysession=X", "ProxySet can not find 'stickysession=X' Worker."),
        ("ProxySet balancer://x a=b", "ProxySet can not find 'balancer://x' Balancer."),
        ("<Proxy balancer://c*  a=b>\n</Proxy>", "<Proxy> arguments are not supported"),
        ("<Proxy balancer://c  a>\n</Proxy>", "Invalid Proxy parameter. Parameter mu"),
        (
            "<Proxy balancer://c  a=b>\n</Proxy>",
            "<Proxy unknown Balancer parameter a=",
        ),
    ],
)
def test_refusals_outside_sections(line: str, text: str) -> None:
    found = errors(LISTEN + line + "\n")
    assert len(found) == 1
    assert found[0].startswith(f"2: {text}")


def test_an_unknown_parameter_gets_the_nearest_name() -> None:
    _, found = resolve_text(balancer("BalancerMember http://a tiemout=1"))
    assert [d.cure for d in found if d.is_error] == ["did you mean timeout?"]
    _, found = resolve_text(balancer("BalancerMember http://a stickysession=X"))
    assert [d.cure for d in found if d.is_error] == ["it belongs to ProxySet"]


@rows("name", LBMETHODS)
def test_methods_are_served_by_their_name(name: str) -> None:
    text = "HeartbeatListen 127.0.0.1:9\n"
    text += balancer("BalancerMember http://a", f"ProxySet lbmethod={name}")
    assert model_of(text).balancers[0].lbmethod == name
    assert warnings(text) == []


def test_compat_apache_knows_apaches_methods_only() -> None:
    """Each that is served is Apache's, or is refused there with the reason."""
    assert set(LBMETHODS) - set(LBMETHODS_OWN) == {
        *("byrequests", "bytraffic", "bybusyness", "heartbeat"),
    }
    for name in LBMETHODS:
        text = balancer("BalancerMember http://a", f"ProxySet lbmethod={name}")
        _, found = resolve_text("Compat apache\n" + text)
        said = [(d.line, d.text, d.why) for d in found if d.is_error]
        assert said == (
            [
                (
                    5,
                    f"ProxySet: unknown lbmethod lbmethod={name}; balancer://b",
                    f"Apache 2.4 has no method {name}",
                )
            ]
            if name in LBMETHODS_OWN
            else []
        )


def test_a_method_that_is_refused_is_not_meant() -> None:
    text = balancer("BalancerMember http://a", "ProxySet lbmethod=bychoise")
    _, found = resolve_text(text)
    assert [d.cure for d in found if d.is_error] == ["did you mean bychoice?"]
    _, found = resolve_text("Compat apache\n" + text)
    assert "bychoice" not in found[0].cure


@given(st.text("+-DdHhRrNnSsIiCcEe"))
def test_status_letters_are_read_one_by_one(text: str) -> None:
    flags: set[str] = set()
    adding = True
    for char in text.upper():
        if char in "+-":
            adding = char == "+"
        elif adding:
            flags.add(char)
        else:
            flags.discard(char)
    assert parse_status("", text) == "".join(c for c in STATUS_LETTERS if c in flags)


@given(st.text("KLMPQTVWXYZ0?", min_size=1))
def test_unknown_status_letters_are_refused(text: str) -> None:
    assert parse_status("", "+H" + text) is None


INHERITED = (
    LISTEN + "<Proxy balancer://b>\nBalancerMember http://a\nProxySet maxattempts=2\n"
    "ProxySet timeout=5\n</Proxy>\n"
    "<VirtualHost *:80>\nServerName v\n{}\n</VirtualHost>\n"
)


def test_a_virtual_host_shares_the_balancer_that_it_does_not_change() -> None:
    model = model_of(INHERITED.format("ProxyPass / balancer://b/"))
    assert [b.key for b in model.balancers] == ["balancer://b"]
    assert model.vhosts[1].mappings[0].balancer_index == 0
    assert [v.balancers for v in model.vhosts] == [(0,), (0,)]


def test_a_virtual_hosts_own_settings_hold_over_the_same_members() -> None:
    model = model_of(INHERITED.format("ProxyPass / balancer://b/ timeout=7"))
    assert [b.key for b in model.balancers] == ["balancer://b", "balancer://b"]
    assert [m.key for m in model.members] == ["balancer://b http://a"]
    assert [b.members for b in model.balancers] == [(0,), (0,)]
    assert model.vhosts[1].mappings[0].balancer_index == 1
    assert [b.timeout_ms for b in model.balancers] == [5000, 7000]
    assert [b.max_attempts for b in model.balancers] == [2, 2]
    assert [v.balancers for v in model.vhosts] == [(0,), (1,)]


@rows(
    "line",
    [
        "ProxyPass / balancer://b/ lbmethod=bytraffic",
        "ProxySourceAddress 127.0.0.2\nProxyPass / balancer://b/",
        "BalancerInherit Off\nProxyPassInherit Off\n<Proxy balancer://b>\n"
        "BalancerMember http://a\n</Proxy>\nProxyPass / balancer://b/",
    ],
)
def test_members_that_cannot_be_shared_are_counted_apart(line: str) -> None:
    model = model_of(INHERITED.format(line))
    assert [b.key for b in model.balancers] == ["balancer://b", "balancer://b@*:80/v"]
    assert [m.key for m in model.members] == [
        "balancer://b http://a",
        "balancer://b@*:80/v http://a",
    ]
    assert model.vhosts[1].mappings[0].balancer_index == 1


def test_a_virtual_host_that_uses_none_shows_the_main_servers() -> None:
    model = model_of(INHERITED.format(""))
    assert [v.balancers for v in model.vhosts] == [(0,), (0,)]
    assert len(model.balancers) == 1


def test_nothing_is_inherited_when_both_switches_are_off() -> None:
    off = "BalancerInherit Off\nProxyPassInherit Off\nProxyPass / balancer://b/"
    model = model_of(INHERITED.format(off))
    assert model.balancers[1].members == ()
    half = model_of(INHERITED.format("BalancerInherit Off\nProxyPass / balancer://b/"))
    assert [b.members for b in half.balancers] == [(0,)]


def test_proxy_sections_are_bound_to_the_mappings_they_may_hold_for() -> None:
    model = model_of(
        LISTEN + "<Proxy balancer://b>\nBalancerMember http://a\n</Proxy>\n"
        "<Proxy *>\nRequire all granted\n</Proxy>\n<Proxy http://*>\n</Proxy>\n"
        "<ProxyMatch ^balancer://b>\n</ProxyMatch>\n"
        "<Proxy balancer://c>\nRequire all denied\n</Proxy>\n"
        "<Proxy http://h/x/secret>\nRequire all denied\n</Proxy>\n"
        "ProxyPass /x http://h/x\nProxyPass / balancer://b/\n"
    )
    found = [
        (m.proxy_sections, m.proxy_sections_dynamic) for m in model.vhosts[0].mappings
    ]
    assert found == [((1, 5), (False, True)), ((1, 3), ())]


DIRECT = "ProxyPass /a/ http://h/a/\nProxyPass /b/ http://g/b/ timeout=9\n"


@rows(
    "text",
    [
        DIRECT + "ProxySet http://h/ timeout=5",
        DIRECT + "<Proxy http://h/>\nProxySet timeout=5\n</Proxy>",
        "<Proxy http://h/>\nProxySet timeout=5\n</Proxy>\n" + DIRECT,
        "<Proxy http://h/ timeout=5>\n</Proxy>\n" + DIRECT,
    ],
)
def test_direct_members_take_settings_from_both_sides(text: str) -> None:
    members = model_of(LISTEN + text + "\n").members
    assert [m.timeout_ms for m in members] == [5000, 9000]


def test_what_the_main_server_says_of_a_url_holds_in_virtual_hosts() -> None:
    model = model_of(
        LISTEN
        + "<Proxy http://a>\nProxySet timeout=7 retry=8 ttl=9\n</Proxy>\n"
        + "<Proxy fcgi://php:9000/>\nProxySet timeout=6\n</Proxy>\n"
        + "<VirtualHost *:80>\n<Proxy http://a>\nProxySet retry=5\n</Proxy>\n"
        + "ProxyPass /x http://a/x ttl=4\n"
        + "<FilesMatch .>\nSetHandler proxy:fcgi://php:9000\n</FilesMatch>\n"
        + "</VirtualHost>\n"
    )
    mapped, handled = model.members
    assert (mapped.timeout_ms, mapped.retry_ms, mapped.ttl_ms) == (7000, 5000, 4000)
    assert handled.timeout_ms == 6000


SOCKET = "<Proxy unix:/s|fcgi://php>\nProxySet timeout=7\n</Proxy>\n"


@rows(
    ("text", "url"),
    [
        (
            "<Proxy fcgi://php/ timeout=7>\n</Proxy>\nSetHandler {}",
            "unix:/s|fcgi://php/",
        ),
        ("<Proxy fcgi://php timeout=7>\n</Proxy>\nSetHandler {}", "unix:/s|fcgi://php"),
        (SOCKET + "SetHandler {}", "fcgi://php"),
        (SOCKET + "SetHandler {}", "fcgi://php/"),
        (SOCKET + "RewriteEngine On\nRewriteRule ^/x(.*) fcgi://php/y$1 [P]", ""),
        (SOCKET + "ProxyPass / fcgi://php/", ""),
        (
            SOCKET
            + "<VirtualHost *:80>\n<FilesMatch .>\nSetHandler {}\n</FilesMatch>\n"
            "</VirtualHost>",
            "fcgi://php",
        ),
    ],
)
def test_a_url_is_one_with_and_without_its_socket(text: str, url: str) -> None:
    (member,) = model_of(LISTEN + text.format(f'"proxy:{url}"') + "\n").members
    assert member.unix_path == "/s"
    assert member.timeout_ms == 7000


def test_another_url_does_not_lead_to_a_socket() -> None:
    text = SOCKET + "ProxyPass /a fcgi://other/\nProxyPass /b http://php/\n"
    assert [one.unix_path for one in model_of(LISTEN + text).members] == [None, None]


def test_a_rule_wins_over_the_settings_of_its_url() -> None:
    members = model_of(
        LISTEN + "<Proxy http://h/ timeout=5 retry=1>\n</Proxy>\n"
        "ProxyPass /a/ http://h/a/ timeout=6\n"
    ).members
    assert [(m.timeout_ms, m.retry_ms) for m in members] == [(6000, 1000)]


@rows(
    ("text", "found"),
    [
        (
            DIRECT + "ProxySet http://x/ timeout=5",
            "ProxySet can not find 'http://x/'",
        ),
        (
            "<Proxy http://x/>\nProxySet a=b\n</Proxy>",
            "ProxySet: unknown Worker param",
        ),
        (
            "<Proxy http://x/>\nBalancerMember http://a\n</Proxy>",
            "BalancerMember http",
        ),
        ("BalancerMember balancer:// http://a", "BalancerMember Bad syntax for a bala"),
        ("BalancerMember balancer://b http://a x", "Invalid BalancerMember parameter."),
        ("ProxySet balancer:// a=b", "ProxySet Bad syntax for a balancer name (balanc"),
        ("<Proxy foo a=b>\n</Proxy>", "<Proxy> arguments are not supported for non u"),
        ("<Proxy h2c://x/ a=b>\n</Proxy>", "Proxy h2c://x/: HTTP/2 towards members"),
        ("BalancerMember", "BalancerMember must define balancer name when outside"),
        ("<Proxy balancer://>\n</Proxy>", "<Proxy> Bad syntax for a balancer name"),
    ],
)
def test_more_refusals(text: str, found: str) -> None:
    said = errors(LISTEN + text + "\n")
    assert len(said) == 1
    assert said[0].partition(": ")[2].startswith(found), said


PASS = "ProxyPass / balancer://b/\n"


def told(text: str) -> list[tuple[str, str, str]]:
    """(severity, number, text) of what is said of a sound text."""
    model, found = resolve_text(text)
    assert model is not None
    return [(item.severity.value, item.number, item.text) for item in found]


@rows(
    ("scheme", "is_told"),
    [("http", 0), ("ws", 0), ("ajp", 0), ("fcgi", 1), ("scgi", 1), ("uwsgi", 1)],
)
def test_nobody_behind_a_gateway_can_be_pinged(scheme: str, is_told: int) -> None:
    found = told(balancer(f"BalancerMember {scheme}://a ping=1") + PASS)
    texts = [text for _, number, text in found if number == "FB0127"]
    assert [t.startswith("ping=1 has no effect: ") for t in texts] == [True] * is_told


@rows(
    ("parameters", "number", "texts"),
    [
        ("flushpackets=auto", "FB0127", ["flushpackets=auto has no effect: what a "]),
        ("flushwait=20", "FB0127", ["flushwait=20 has no effect: what a member sends"]),
        ("flusher=flush", "FB0127", ["flusher=flush has no effect: only mod_proxy_fd"]),
        ("iobuffersize=1024", "FB0127", ["iobuffersize=1024 has no effect: reads are"]),
        (
            "secret=x",
            "FB0130",
            ["secret=*** has no effect: no secret is sent, since it"],
        ),
        # a note once a key, a warning each time
        ("flushwait=2 flushwait=3", "FB0127", ["flushwait=2 has no effect"]),
        ("secret=x secret=y", "FB0130", ["secret=*** has no", "secret=*** has no"]),
    ],
)
def test_a_parameter_of_a_member_that_changes_nothing_says_so(
    parameters: str, number: str, texts: list[str]
) -> None:
    severity = {"FB0127": "note", "FB0130": "warning"}[number]
    found = told(balancer(f"BalancerMember http://a {parameters}") + PASS)
    assert [item[:2] for item in found] == [(severity, number)] * len(texts)
    for (_, _, said), text in zip(found, texts, strict=True):
        assert said.startswith(text)


def test_health_parameters_in_sound_forms() -> None:
    text = balancer(
        "BalancerMember http://a hcmethod=get hcinterval=1 hcpasses=2 hcfails=3"
        " hcuri=/h flusher=flush"
    )
    assert warnings(text) == []


def test_the_module_for_health_checks_changes_apaches_sentence() -> None:
    load = "LoadModule proxy_hcheck_module modules/mod_proxy_hcheck.so\n"
    found = errors(load + balancer("BalancerMember http://a tiemout=1"))
    assert found == ["4: BalancerMember unknown Worker hcheck parameter"]


def test_members_after_the_last_line_of_a_host_are_rejoined() -> None:
    model = model_of(
        LISTEN + "ProxyPass / balancer://b/\nBalancerMember http://a\n"
        "<VirtualHost *:80>\nServerName v\nProxyPass / balancer://c/\n"
        "BalancerMember http://c\n</VirtualHost>\n"
    )
    assert [b.name for b in model.balancers[:2]] == ["balancer://b", "balancer://c"]


def test_members_without_any_balancer_in_sight_are_refused() -> None:
    found = errors(LISTEN + "BalancerMember http://a\nProxyPass / http://h/\n")
    assert found == ["2: BalancerMember must define remote proxy server"]


def test_a_host_shows_what_it_does_not_mention_first() -> None:
    model = model_of(
        LISTEN + "<Proxy balancer://b>\nBalancerMember http://a\n</Proxy>\n"
        "<Proxy balancer://other>\nBalancerMember http://a\n</Proxy>\n"
        "<VirtualHost *:80>\nServerName v\nProxyPass / balancer://b/\n</VirtualHost>\n"
    )
    keys = [model.balancers[i].key for i in model.vhosts[1].balancers]
    assert keys == ["balancer://other", "balancer://b"]


def test_upgrade_of_a_balancer_is_for_members_without_their_own() -> None:
    text = (
        "Listen 80\n<Proxy balancer://b>\nBalancerMember http://a upgrade=foo\n"
        "BalancerMember http://b\nBalancerMember ws://c\n{}</Proxy>\n"
        "ProxyPass /ws/ balancer://b/ws/ {}\nProxyPass / balancer://b/\n"
    )
    for words in (("", "upgrade=ANY"), ("ProxySet upgrade=ANY\n", "")):
        model = model_of(text.format(*words))
        upgrades = [member.upgrade for member in model.members]
        assert upgrades == [("foo",), ("ANY",), ("ANY",)]
        [said] = warnings(text.format(*words))
        assert "upgrade=ANY is taken for every member of balancer://b" in said


def test_upgrade_of_a_balancer_is_unknown_to_apache() -> None:
    text = "Listen 80\n" + "ProxyPass / balancer://b/ upgrade=ANY\n"
    assert "ProxyPass unknown Balancer parameter" in errors(text, lenient=False)[0]
    long = text.replace("ANY", "x" * 16)
    assert "upgrade protocol length must be < 16 characters" in errors(long)[0]


def test_a_host_that_says_upgrade_has_members_of_its_own() -> None:
    text = (
        "Listen 80\n<Proxy balancer://b>\nBalancerMember http://a\n</Proxy>\n"
        "<VirtualHost *:80>\nProxyPass / balancer://b/ upgrade=ANY\n</VirtualHost>\n"
    )
    assert [member.upgrade for member in model_of(text).members] == [(), ("ANY",)]
    shared = text.replace("</Proxy>", "ProxySet upgrade=ANY\n</Proxy>", 1)
    shared = shared.replace("/ upgrade=ANY", "/")
    assert [member.upgrade for member in model_of(shared).members] == [("ANY",)]


def test_what_no_slot_can_hold_is_refused_where_it_stands() -> None:
    for line in (
        "ProxyPass /a http://127.0.0.1:1/{0}/",
        "<Proxy balancer://b>\nBalancerMember http://127.0.0.1:1/{0}\n</Proxy>\n"
        "ProxyPass /a balancer://b/",
    ):
        model, found = resolve_text("Listen 80\n" + line.format("x" * 800) + "\n")
        assert model is None
        [told] = [item for item in found if item.is_error]
        assert told.number == "FB0377"
        assert "http://127.0.0.1:1/xxx" in told.text
        assert told.line == (3 if "Member" in line else 2)
        model_of("Listen 80\n" + line.format("x" * 600) + "\n")


@rows(
    "word",
    [
        *("retryonstatus=", "retryonstatus=399", "retryonstatus=600"),
        *("retryonstatus=503;504", "retrybudget=", "retrybudget=101%"),
        *("retrybudget=-1%", "retrybudget=few", "ejecton=", "ejecton=failures"),
        *("ejecton=failures:0", "ejecton=failures:x", "ejecton=errors:50%"),
        *("ejecton=errors:50/30s", "ejecton=errors:0%/30s", "ejecton=errors:5%/0"),
        *("ejecton=errors:101%/30s", "ejecton=errors:5%/30s/0", "ejecton=errors:5%/2h"),
        *("ejecton=failures:1,failures:2", "ejecton=failures:1,", "ejecton=bad:1"),
        *("ejecttime=0", "ejecttime=3601", "ejecttime=999ms", "ejectmax=0%"),
        *("ejectmax=101%", "ejectmax=x"),
    ],
)
def test_what_is_sent_again_or_ejected_is_read_with_care(word: str) -> None:
    found = errors(balancer("BalancerMember http://ok:1", f'ProxySet "{word}"'))
    assert len(found) == 1
    assert f"ProxySet: {word.partition('=')[0]} must be " in found[0]


@rows(
    ("words", "said"),
    [
        ("", {"retry_on_status": (), "retry_budget_percent": 20}),
        ("retryonstatus=502,503", {"retry_on_status": (502, 503)}),
        ("retrybudget=Off", {"retry_budget_percent": None}),
        ("retrybudget=0", {"retry_budget_percent": 0}),
        ("retrybudget=35%", {"retry_budget_percent": 35}),
        ("ejecton=failures:5", {"eject_failures": 5, "eject_errors_percent": 0}),
        (
            "ejecton=Errors:50%/500s,Failures:7",
            {
                "eject_failures": 7,
                "eject_errors_percent": 50,
                "eject_window_ms": 500_000,
                "eject_requests": 20,
            },
        ),
        ("ejecton=errors:5%/1min/9", {"eject_window_ms": 60_000, "eject_requests": 9}),
        ("", {"eject_failures": 0, "eject_time_ms": 30_000, "eject_max_percent": 50}),
        ("ejecttime=1min", {"eject_time_ms": 60_000}),
        ("ejectmax=7", {"eject_max_percent": 7}),
    ],
)
def test_what_is_sent_again_and_who_is_ejected(
    words: str, said: dict[str, object]
) -> None:
    settings = f"ProxySet {words or 'maxattempts=1'}"
    [found] = model_of(balancer("BalancerMember http://ok:1", settings)).balancers
    assert {name: getattr(found, name) for name in said} == said
