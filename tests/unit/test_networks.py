from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows import rows

from fastlb.model.networks import BAD_ADDRESS, BAD_MASK, NetworkError, network_of


@given(st.ip_addresses(), st.data())
def test_a_network_is_one_with_its_bits(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, data: st.DataObject
) -> None:
    bits = data.draw(st.integers(1, address.max_prefixlen))
    network = network_of(f"{address}/{bits}")
    assert network.endswith(f"/{bits}")
    assert network_of(network) == network


@given(st.integers(0, 32))
def test_a_mask_says_how_many_bits(bits: int) -> None:
    mask = ipaddress.IPv4Network(f"0.0.0.0/{bits}").netmask
    assert network_of(f"10.1.2.3/{mask}").endswith(f"/{bits}")


@rows(
    ("text", "network"),
    [
        ("10", "10.0.0.0/8"),
        ("10.1.", "10.1.0.0/16"),
        ("10.1.2", "10.1.2.0/24"),
        ("10.1.2.3", "10.1.2.3/32"),
        ("10.0.0.0/255.255.0.0", "10.0.0.0/16"),
        ("10.1.2.3/0.0.0.0", "0.0.0.0/0"),
        ("fe80::1/10", "fe80::/10"),
        ("::1", "::1/128"),
    ],
)
def test_networks_as_apache_writes_them(text: str, network: str) -> None:
    assert network_of(text) == network


@rows(
    ("text", "sentence"),
    [
        ("a.b", ""),
        ("a/8", ""),
        ("", ""),
        ("10.1.2.256", BAD_ADDRESS),
        ("300", BAD_ADDRESS),
        ("10.1/16", BAD_ADDRESS),
        ("1..2", BAD_ADDRESS),
        (".", BAD_ADDRESS),
        ("::g", BAD_ADDRESS),
        ("10.0.0.0/33", BAD_MASK),
        ("10.0.0.0/0", BAD_MASK),
        ("10.0.0.0/", BAD_MASK),
        ("10.0.0.0/-1", BAD_MASK),
        ("10.0.0.0/8x", BAD_MASK),
        ("10.0.0.0/255.0.0", BAD_MASK),
        ("10.0.0.0/255.0.255.0", BAD_MASK),
        ("10.0.0.0/0.0.0.255", BAD_MASK),
        ("::1/200", BAD_MASK),
        ("::1/255.0.0.0", BAD_MASK),
    ],
)
def test_a_refusal_says_what_apache_says(text: str, sentence: str) -> None:
    with pytest.raises(NetworkError) as told:
        network_of(text)
    assert str(told.value) == sentence
