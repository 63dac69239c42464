"""Which route a client asks for."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st
from pools import Pool, member
from rows import rows

COOKIE, URL = "JSESSIONID", "jsessionid"


def find(
    target: str = "/", cookies: str | None = None, **plan: object
) -> tuple[bytes | None, bytes | None, bool]:
    names = {"sticky_cookie": COOKIE, "sticky_url": URL}
    probe = Pool(member(), **(names | plan)).probe
    found: tuple[bytes | None, bytes | None, bool] = probe.sticky(
        target.encode(), None if cookies is None else cookies.encode()
    )
    return found


def route(target: str = "/", cookies: str | None = None, **plan: object) -> str | None:
    found = find(target, cookies, **plan)[1]
    return None if found is None else found.decode()


@rows(
    ("target", "scolon", "expected"),
    [
        ("/a;jsessionid=X.n2", True, "n2"),
        ("/a;jsessionid=X.n2", False, "n2"),
        ("/a;jsessionid=X.n2;b=1", True, "n2"),
        ("/a;jsessionid=X.n2;b=1", False, "n2;b=1"),
        ("/a;jsessionid=X.n2?z=1", True, "n2"),
        ("/a;jsessionid=X.n2?z=1", False, "n2"),
        ("/a?jsessionid=X.n2&q=1", True, "n2"),
        ("/a?jsessionid=X.n2&q=1", False, "n2"),
        ("/a?q=1&jsessionid=X.n2", False, "n2"),
        # no delimiter is asked for before the name
        ("/axjsessionid=X.n2", False, "n2"),
        # and none but the listed ones after the value
        ("/a;jsessionid=X.n2/b", False, "n2/b"),
        # names are compared byte for byte
        ("/a;JSESSIONID=X.n2", False, None),
        # the first with something behind "=" wins
        ("/a;jsessionid;jsessionid=X.n2", False, "n2"),
        ("/a?jsessionid=X.n1&jsessionid=X.n2", False, "n1"),
        # leading delimiters are skipped
        ("/a?jsessionid=&x.n2", False, "n2"),
        ("/a?jsessionid=&&", False, None),
        ("/a?jsessionid=", False, None),
        ("/a?jsessionid", False, None),
        # no separator, no route; nothing behind it, no route
        ("/a;jsessionid=X", False, None),
        ("/a;jsessionid=X.", False, None),
        # the first separator parts
        ("/a;jsessionid=a.b.n2", False, "b.n2"),
    ],
)
def test_routes_in_the_url(target: str, scolon: bool, expected: str | None) -> None:
    assert route(target, scolon=scolon) == expected


@rows(
    ("cookies", "expected"),
    [
        ("JSESSIONID=X.n2", "n2"),
        ("JSESSIONID=.n2", "n2"),
        ("a=b; JSESSIONID=X.n2; c=d", "n2"),
        ("a=b;JSESSIONID=X.n2", "n2"),
        ("a=b,JSESSIONID=X.n2,c=d", "n2"),
        ("a=b\tJSESSIONID=X.n2", "n2"),
        ("JSESSIONID  =X.n2", "n2"),
        ("JSESSIONID=X.n2 ; c=d", "n2 "),
        # the name must begin a pair
        ("xJSESSIONID=X.n1", None),
        ("xJSESSIONID=X.n1; JSESSIONID=X.n2", "n2"),
        ("a=JSESSIONID=X.n1", None),
        ("JSESSIONIDX=X.n1; JSESSIONID=X.n2", "n2"),
        ("jsessionid=X.n2", None),
        # the first pair of that name decides
        ("JSESSIONID=X.n1; JSESSIONID=X.n2", "n1"),
        ("JSESSIONID=; JSESSIONID=X.n2", None),
        ("JSESSIONID=", None),
        ("JSESSIONID", None),
        # quotes are part of the value
        ('JSESSIONID="X.n2"', 'n2"'),
        ("JSESSIONID=a.b.n2", "b.n2"),
        ("JSESSIONID=X", None),
        ("", None),
        (None, None),
    ],
)
def test_routes_in_cookies(cookies: str | None, expected: str | None) -> None:
    assert route("/", cookies) == expected


def test_the_url_is_asked_first() -> None:
    assert find("/a;jsessionid=X.n1", "JSESSIONID=X.n2") == (b"X.n1", b"n1", True)
    assert find("/a", "JSESSIONID=X.n2") == (b"X.n2", b"n2", False)


def test_a_url_value_without_route_hides_the_cookie() -> None:
    assert find("/a;jsessionid=X", "JSESSIONID=X.n2") == (b"X", None, True)


def test_an_empty_url_value_leaves_the_cookie() -> None:
    assert route("/a?jsessionid=&", "JSESSIONID=X.n2") == "n2"


def test_one_name_serves_both_places() -> None:
    names = {"sticky_cookie": "ROUTEID", "sticky_url": "ROUTEID"}
    assert route("/?ROUTEID=.n1", None, **names) == "n1"
    assert route("/", "ROUTEID=.n2", **names) == "n2"


def test_separator_off_takes_the_whole_value() -> None:
    assert route("/", "JSESSIONID=a.n2", separator=None) == "a.n2"


def test_another_separator() -> None:
    assert route("/", "JSESSIONID=a.b!n2", separator="!") == "n2"
    assert route("/", "JSESSIONID=a.n2", separator="!") is None


def test_with_a_route_regex_the_value_is_found_and_the_route_left() -> None:
    assert find("/", "JSESSIONID=abc!app1", route_regex=0) == (
        b"abc!app1",
        None,
        False,
    )


def test_without_a_sticky_name_nothing_is_found() -> None:
    assert find(
        "/;jsessionid=a.b", "JSESSIONID=a.b", sticky_cookie=None, sticky_url=None
    ) == (None, None, False)


pieces = st.lists(
    st.sampled_from(
        ["jsessionid", "JSESSIONID", "=", ";", "&", "?", ",", " ", ".", "n1", "n2", "/"]
    ),
    max_size=16,
).map("".join)


@given(pieces, pieces, st.booleans())
@example("jsessionid=", "JSESSIONID=", False)
def test_what_is_found_lies_within_what_was_sent(
    target: str, cookies: str, scolon: bool
) -> None:
    value, found, from_url = find(target, cookies, scolon=scolon)
    if value is not None:
        source = target if from_url else cookies
        name = URL if from_url else COOKIE
        assert value.decode() in source
        assert name in source
        assert not set(value.decode()) & set("?&" if from_url else ";,")
    if found is not None:
        assert value is not None
        assert value.endswith(b"." + found)
        assert b"." not in value[: -len(found) - 1]


def oracle(target: str, scolon: bool) -> str | None:
    """The URL rule in other words: strtok over what follows the first `name=`."""
    at = -1
    while (at := target.find(URL, at + 1)) >= 0:
        rest = target[at + len(URL) :]
        if rest.startswith("=") and len(rest) > 1:
            delimiters = "?&;" if scolon else "?&"
            rest = rest[1:].lstrip(delimiters)
            ends = [i for i, c in enumerate(rest) if c in delimiters]
            return rest[: ends[0]] if ends else rest or None
    return None


@given(pieces, st.booleans())
def test_url_values_agree_with_the_rule_in_other_words(
    target: str, scolon: bool
) -> None:
    value = find(target, None, scolon=scolon)[0]
    assert (None if value is None else value.decode()) == oracle(target, scolon)
