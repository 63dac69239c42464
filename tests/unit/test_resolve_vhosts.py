"""Listeners, virtual hosts and the sets of an address."""

from __future__ import annotations

from rows import rows
from trees import errors, model_of, warnings

from fastlb.facts.listener import AddressSet


@rows(
    ("line", "host", "port", "protocol"),
    [
        ("80", "", 80, "http"),
        ("443", "", 443, "https"),
        ("*:8080", "", 8080, "http"),
        ("127.0.0.1:81", "127.0.0.1", 81, "http"),
        ("[::1]:81", "::1", 81, "http"),
        ("[0:0::1]:81", "::1", 81, "http"),
        ("8443 https", "", 8443, "https"),
        ("localhost:9", "127.0.0.1", 9, "http"),
    ],
)
def test_listen_forms(line: str, host: str, port: int, protocol: str) -> None:
    listener = model_of(f"Listen {line}\n").listeners[0]
    assert (listener.host, listener.port, listener.protocol) == (host, port, protocol)


def test_two_listeners_of_one_address_are_refused() -> None:
    assert errors("Listen 80\nListen 127.0.0.1:80\nListen *:80\n") == [
        "3: Cannot define multiple Listeners on the same IP:port"
    ]


def test_a_listen_name_must_resolve() -> None:
    assert errors("Listen nowhere.test:80\n") == [
        "1: Could not resolve host name nowhere.test"
    ]


VHOSTS = """
Listen 80
<VirtualHost *:80 10.0.0.1:80>
ServerName a.test
ServerAlias One *.A.test
ServerAlias two
</VirtualHost>
<VirtualHost *:80>
ServerName https://b.test:444
</VirtualHost>
<VirtualHost _default_:* [::1]:80>
</VirtualHost>
<VirtualHost localhost:80>
ServerName d.test
</VirtualHost>
"""


def test_hosts_of_one_address_form_a_set_in_file_order() -> None:
    model = model_of(VHOSTS)
    assert model.address_sets == (
        AddressSet("*", 80, (1, 2)),
        AddressSet("10.0.0.1", 80, (1,)),
        AddressSet("*", None, (3,)),
        AddressSet("::1", 80, (3,)),
        AddressSet("127.0.0.1", 80, (4,)),
    )


def test_names_are_kept_in_lower_case_and_add_up() -> None:
    model = model_of(VHOSTS)
    assert model.vhosts[1].aliases == ("one", "*.a.test", "two")
    assert model.vhosts[4].written_names == ("localhost",)


def test_server_name_may_carry_scheme_and_port() -> None:
    host = model_of(VHOSTS).vhosts[2]
    assert (host.server_scheme, host.server_name, host.server_port) == (
        "https",
        "b.test",
        444,
    )


def test_a_host_without_a_name_has_the_main_servers() -> None:
    assert model_of("ServerName m.test\n" + VHOSTS).vhosts[3].server_name == "m.test"
    assert model_of(VHOSTS).vhosts[3].server_name == "host.test"


def test_a_host_without_a_name_has_the_one_that_stands_for_its_address() -> None:
    def name_at(address: str) -> str:
        vhost = f"<VirtualHost {address}>\n</VirtualHost>\n"
        return model_of("ServerName m.test\nListen 80\n" + vhost).vhosts[1].server_name

    assert name_at("LocalHost:80") == "localhost"
    assert name_at("127.0.0.1:80 localhost:81") == "localhost"
    assert name_at("localhost:80 *:80") == "m.test"
    assert name_at("127.0.0.1:80") == "m.test"


def test_ids_are_address_port_and_name_and_differ() -> None:
    model = model_of(
        "Listen 80\n"
        + "<VirtualHost *:80>\nServerName a\nServerAlias b\n</VirtualHost>\n" * 2
        + "<VirtualHost [::1]:*>\nServerName c\n</VirtualHost>\n"
    )
    assert [v.vhost_id for v in model.vhosts] == [
        "",
        "*:80/a",
        "*:80/a#2",
        "[::1]:*/c",
    ]


@rows(
    ("address", "name_is_above", "port"),
    [
        ("*", True, None),
        ("*", False, None),
        ("_default_", True, 8080),
        ("_default_", False, None),
        ("10.0.0.1", True, 8080),
        ("10.0.0.1", False, None),
    ],
)
def test_a_missing_port_is_the_main_servers_as_far_as_it_is_known(
    address: str, name_is_above: bool, port: int | None
) -> None:
    lines = [
        "ServerName m.test:8080\n",
        f"<VirtualHost {address}>\nServerName a\n</VirtualHost>\n",
    ]
    if not name_is_above:
        lines.reverse()
    [found] = model_of("Listen 80\nListen 8080\n" + "".join(lines)).address_sets
    assert (found.port, found.vhosts) == (port, (1,))


def test_an_unknown_host_name_leaves_the_block_without_address() -> None:
    text = "Listen 80\n<VirtualHost no.test:80>\nServerName a\n</VirtualHost>\n"
    assert warnings(text) == [
        "2: AH00547: Could not resolve host name no.test -- ignoring!"
    ]
    assert model_of(text).address_sets == ()


@rows(
    ("words", "text"),
    [
        ("80", "Missing address for VirtualHost"),
        ("*:99999", "The address or port is invalid"),
        ("1:2:3", "The address or port is invalid"),
    ],
)
def test_addresses_that_apache_refuses(words: str, text: str) -> None:
    found = errors(f"Listen 80\n<VirtualHost {words}>\n</VirtualHost>\n")
    assert [line.partition(": ")[2] for line in found] == [text]


def test_a_port_that_servername_does_not_say_is_the_schemes() -> None:
    model = model_of(
        "Listen 80\nServerName main.test:99\n"
        "<VirtualHost *:81>\nServerName own.test\n</VirtualHost>\n"
        "<VirtualHost *:82>\nServerName own.test:83\n</VirtualHost>\n"
        "<VirtualHost *:84>\n</VirtualHost>\n"
        "<VirtualHost *:*>\n</VirtualHost>\n"
    )
    assert [host.server_port for host in model.vhosts] == [99, None, 83, 84, 99]


@rows(
    ("written", "said"),
    [
        ("a.test", ("a.test", None, None)),
        ("A.test:8080", ("A.test", None, 8080)),
        ("HTTPS://a.test", ("a.test", "https", None)),
        ("http://a.test:81", ("a.test", "http", 81)),
        ("[::1]:81", ("::1", None, 81)),
        ("12345", ("12345", None, None)),
    ],
)
def test_a_name_has_a_scheme_and_a_port(
    written: str, said: tuple[str, str | None, int | None]
) -> None:
    main = model_of(f"Listen 8080\nServerName {written}\n").vhosts[0]
    assert (main.server_name, main.server_scheme, main.server_port) == said


def test_a_second_name_takes_back_scheme_and_port() -> None:
    main = model_of("Listen 8080\nServerName https://a:81\nServerName b\n").vhosts[0]
    assert (main.server_name, main.server_scheme, main.server_port) == ("b", None, None)


@rows("written", ["a:b:80", "[::1"])
def test_a_malformed_name_is_refused(written: str) -> None:
    found = errors(f"Listen 8080\nServerName {written}\n")
    assert found == [f'2: Invalid ServerName "{written}" to ServerName.']
