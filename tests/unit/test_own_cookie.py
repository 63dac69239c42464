"""own_cookie.pyx: a cookie that names a member, and that nobody else can make."""

from __future__ import annotations

from fastlb._probe import OwnCookieProbe
from hypothesis import given
from hypothesis import strategies as st
from rows import rows

ROUTES = ("a", "b", "c")
NOW_S = 1_800_000_000
COOKIE = OwnCookieProbe(ROUTES)


def of(position: int, time_s: int = NOW_S) -> bytes:
    made: bytes = COOKIE.made(position, time_s)
    return made


def test_a_value_names_its_member_and_shows_nothing_of_it() -> None:
    for position in range(3):
        value = of(position)
        assert len(value) == 64
        assert set(value) <= set(b"0123456789abcdef")
        assert COOKIE.find(b"LB=" + value, NOW_S) == (position, False)
    assert len({of(position)[16:] for position in range(3)}) == 3


def test_members_of_one_route_are_one_to_it() -> None:
    two = OwnCookieProbe(("x", "y", "y"))
    assert two.made(1, NOW_S) == two.made(2, NOW_S)
    assert two.find(b"LB=" + two.made(2, NOW_S), NOW_S) == (1, False)


def test_each_bit_is_signed() -> None:
    value = of(1)
    for place in range(64):
        for letter in b"0123456789abcdefA":
            forged = value[:place] + bytes([letter]) + value[place + 1 :]
            assert (COOKIE.find(b"LB=" + forged, NOW_S) is not None) == (
                forged == value
            )


def test_another_secret_or_another_member_is_not_known() -> None:
    other = OwnCookieProbe(ROUTES, secret=b"fedcba9876543210")
    assert COOKIE.find(b"LB=" + other.made(0, NOW_S), NOW_S) is None
    elsewhere = OwnCookieProbe(("d",))
    assert COOKIE.find(b"LB=" + elsewhere.made(0, NOW_S), NOW_S) is None
    # a balancer with the same secret and one of its routes, wherever it stands
    like = OwnCookieProbe(("z", "c"))
    assert like.find(b"LB=" + of(2), NOW_S) == (1, False)


@rows(
    ("age_s", "found"),
    [
        (-10, (0, False)),  # a server whose clock is ahead
        (0, (0, False)),
        (50, (0, False)),
        (51, (0, True)),
        (99, (0, True)),
        (100, None),
        (10**9, None),
    ],
)
def test_max_age_ends_it_and_half_of_it_makes_it_old(
    age_s: int, found: tuple[int, bool] | None
) -> None:
    timed = OwnCookieProbe(ROUTES, max_age_s=100)
    field = b"LB=" + timed.made(0, NOW_S - age_s)
    assert timed.find(field, NOW_S) == found
    assert COOKIE.find(field, NOW_S) == (0, False)


@rows(
    ("field", "is_found"),
    [
        (b"LB=%s", True),
        (b"a=b; LB=%s", True),
        (b"a=b;LB=%s;c=d", True),
        (b"a=b ; \t LB \t=\t %s \t;c", True),
        (b"; ;LB=%s", True),
        (b"LB=x; LB=%s", True),
        (b"LB=" + b"0" * 64 + b"; LB=%s", True),
        (b"lb=%s", False),
        (b"XLB=%s", False),
        (b"LBX=%s", False),
        (b"a=LB=%s", False),
        (b"a=b, LB=%s", False),
        (b"LB==%s", False),
        (b'LB="%s"', False),
        (b"LB%s", False),
        (b"LB=%s0", False),
        (b"LB", False),
        (b"", False),
    ],
)
def test_where_a_field_has_it(field: bytes, is_found: bool) -> None:
    said = field.replace(b"%s", of(2))
    assert COOKIE.find(said, NOW_S) == ((2, False) if is_found else None)


def test_so_many_values_are_looked_at_and_no_more() -> None:
    wrong = b"LB=" + b"0" * 64 + b"; "
    assert COOKIE.find(wrong * 7 + b"LB=" + of(0), NOW_S) == (0, False)
    assert COOKIE.find(wrong * 8 + b"LB=" + of(0), NOW_S) is None
    # what cannot be one is not
    assert COOKIE.find(b"LB=x; " * 1000 + b"LB=" + of(0), NOW_S) == (0, False)


@rows(
    ("field", "left"),
    [
        (b"a=b", None),
        (b"a=b; XLB=1; lb=2; LBX=3", None),
        (b"", None),
        (b"LB=1", b""),
        (b"LB", b""),
        (b" ; LB = 1 ;", b""),
        (b"LB=1; LB=2", b""),
        (b"LB=1; a=b", b"a=b"),
        (b"a=b; LB=1", b"a=b"),
        (b"a=b;LB=1;c=d", b"a=b; c=d"),
        (b'a="b=c"; LB=1; d; =e', b'a="b=c"; d; =e'),
    ],
)
def test_what_a_member_gets_of_a_field(field: bytes, left: bytes | None) -> None:
    assert COOKIE.left_out(field) == left


PIECES = st.lists(
    st.sampled_from(
        [
            *(b"LB", b"LB=", b"=", b";", b"; ", b" ", b"\t", b",", b"a=b", b"\xff"),
            *(b'"', of(0), of(0)[:-1], b"0" * 64),
        ]
    )
    | st.binary(max_size=3),
    max_size=30,
).map(b"".join)


@given(PIECES)
def test_whatever_comes_nothing_of_ours_is_left(field: bytes) -> None:
    left = COOKIE.left_out(field)
    if left is None:
        assert COOKIE.find(field, NOW_S) is None
        return
    assert COOKIE.find(left, NOW_S) is None
    assert COOKIE.left_out(left) is None
    assert all(
        one.split(b"=")[0].strip(b" \t") != b"LB" for one in left.split(b";") if one
    )


@given(PIECES)
def test_ours_is_found_before_whatever_follows(field: bytes) -> None:
    assert COOKIE.find(b"LB=" + of(1) + b";" + field, NOW_S) == (1, False)
