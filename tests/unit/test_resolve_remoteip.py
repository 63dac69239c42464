"""RemoteIP*: what is read, and what is refused in Apache's words."""

from __future__ import annotations

from pathlib import Path

import pytest
from trees import errors, model_of

from fastlb.facts.remote_ip import RemoteProxy

BASE = "Listen 80\nServerName h\n"


def test_lists_add_up_in_their_order() -> None:
    text = (
        f"{BASE}RemoteIPHeader X-A\nRemoteIPInternalProxy 10.1 ::1\n"
        "<VirtualHost *:80>\nServerName v\nRemoteIPTrustedProxy 192.0.2.0/24\n"
        "</VirtualHost>\n<VirtualHost *:80>\nServerName w\nRemoteIPHeader X-B\n"
        "</VirtualHost>\n"
    )
    main, own, inheriting = model_of(text).vhosts
    ours = (RemoteProxy("10.1.0.0/16", True), RemoteProxy("::1/128", True))
    assert main.remote_ip_proxies == inheriting.remote_ip_proxies == ours
    assert own.remote_ip_proxies == (RemoteProxy("192.0.2.0/24", False), *ours)
    assert [v.remote_ip_header for v in (main, own, inheriting)] == [
        "X-A",
        "X-A",
        "X-B",
    ]


def test_without_a_list_there_is_none() -> None:
    assert model_of(f"{BASE}RemoteIPHeader X-A\n").vhosts[0].remote_ip_proxies is None


def test_names_are_resolved() -> None:
    (host,) = model_of(f"{BASE}RemoteIPTrustedProxy localhost\n").vhosts
    assert host.remote_ip_proxies
    assert RemoteProxy("127.0.0.1/32", False) in host.remote_ip_proxies


def test_an_address_is_on_one_list_at_a_time() -> None:
    text = (
        f"{BASE}<VirtualHost *:80>\nServerName v\nRemoteIPProxyProtocol On\n"
        "</VirtualHost>\n<VirtualHost *:80 127.0.0.1:81>\nServerName w\n"
        "RemoteIPProxyProtocol Off\n</VirtualHost>\n"
    )
    process = model_of(text).process
    assert process.proxy_protocol_on == ()
    assert process.proxy_protocol_off == (("*", 80), ("127.0.0.1", 81))


def test_the_main_server_means_every_address() -> None:
    process = model_of(f"{BASE}RemoteIPProxyProtocol On\n").process
    assert process.proxy_protocol_on == (("*", None),)


def test_a_file_is_read_word_by_word(tmp_path: Path) -> None:
    path = tmp_path / "proxies"
    path.write_text("# none\n10.0.0.0/8 # ours\n\n 'fe80::/10'\n")
    (host,) = model_of(f"{BASE}RemoteIPTrustedProxyList {path}\n").vhosts
    assert host.remote_ip_proxies == (
        RemoteProxy("10.0.0.0/8", False),
        RemoteProxy("fe80::/10", False),
    )


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (
            "RemoteIPTrustedProxy 10.0.0.0/33",
            "RemoteIP: Error parsing IP 10.0.0.0/33 (The specified network mask is"
            " invalid. error) for RemoteIPTrustedProxy",
        ),
        (
            "RemoteIPInternalProxy 300.1.1.1",
            "RemoteIP: Error parsing IP 300.1.1.1 (The specified IP address is"
            " invalid. error) for RemoteIPInternalProxy",
        ),
        (
            "RemoteIPInternalProxy host/8",
            "RemoteIP: Error parsing IP host/8 the subnet /8 is invalid for"
            " RemoteIPInternalProxy",
        ),
        (
            "RemoteIPInternalProxy nowhere.invalid",
            "RemoteIP: Error parsing IP nowhere.invalid (Name or service not known"
            " error) for RemoteIPInternalProxy",
        ),
        (
            "RemoteIPTrustedProxyList /nowhere/at-all",
            "RemoteIPTrustedProxyList: Could not open file /nowhere/at-all: No such"
            " file or directory",
        ),
        (
            "RemoteIPProxyProtocolExceptions name",
            "ip address 'name' appears to be invalid",
        ),
    ],
)
def test_what_is_refused(line: str, complaint: str) -> None:
    assert errors(f"{BASE}{line}\n") == [f"3: {complaint}"]


def test_a_line_of_a_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "proxies"
    path.write_text("10.0.0.0/8\n\n10.0.0.0/99\n")
    (text,) = errors(f"{BASE}RemoteIPTrustedProxyList {path}\n")
    assert text.endswith(f" at line 3 of {path}")
