"""core/filters/html.pyx: links in pages of members, and every byte around them."""

from __future__ import annotations

import gzip
import re
from collections.abc import Sequence

import pytest
from flow_bench import Bench, longest_turn
from flow_peers import ONE, Peer, answer, get
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import rows
from trees import resolve_text

from fastlb.base.errors import Severity

PAGE = "Content-Type: text/html"
LINKS = """\
ProxyHTMLLinks a href
ProxyHTMLLinks img src srcset longdesc
ProxyHTMLLinks form action
ProxyHTMLLinks base href
ProxyHTMLLinks script src
ProxyHTMLLinks meta content
ProxyHTMLEvents onclick onload
"""
MAPS = "ProxyHTMLURLMap http://in /out\nProxyHTMLURLMap / /gw/\n"
TURN_S = 0.1  # the core stops at 4 ms, or behind one match more; it is built slow here
ON = f"{ONE}ProxyHTMLEnable On\n{LINKS}"
EXTENDED = f"{ON}ProxyHTMLExtended On\n"


def length_of(head: bytes) -> int | None:
    for line in head.split(b"\r\n"):
        name, _, text = line.partition(b":")
        if name.lower() == b"content-length":
            return int(text)
    return None


def body_of(client: Peer) -> bytes:
    """The body of one answer, whatever frames it."""
    head = client.head()
    length = length_of(head)
    if length is not None:
        return client.take(length) if length else b""
    assert b"chunked" in head
    found = []
    while True:
        client.bench.until(lambda: client.has(lambda got: b"\r\n" in got), client)
        size = int(client.take(client.received.index(b"\r\n") + 2), 16)
        if not size:
            assert client.take(2) == b"\r\n"
            return b"".join(found)
        found.append(client.take(size))
        assert client.take(2) == b"\r\n"


class Pages:
    """A server that is asked for one page after another over one connection."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.client = bench.client()
        self.member: Peer | None = None

    def ask(self, pieces: Sequence[bytes], *fields: str) -> bytes:
        """What becomes of a body that comes in these pieces."""
        self.client.send(get("/"))
        if self.member is None:
            self.member = self.bench.members[0].accept()
        self.member.message()
        whole = answer(b"".join(pieces), *(fields or (PAGE,)))
        head = whole[: len(whole) - sum(map(len, pieces))]
        self.member.send(head)
        self.bench.settle()
        for piece in pieces:
            self.member.send(piece)
            self.bench.settle()
        return body_of(self.client)


def changed(text: str, *pieces: bytes, fields: Sequence[str] = ()) -> bytes:
    with Bench(text) as bench:
        found = Pages(bench).ask(pieces, *fields)
        assert bench.counts()["coders"] == 0
    return found


SAMPLE = b"""<!DOCTYPE html>
<html><HEAD><title><a href="/not"></title><base href=http://IN/b>
<script>var a = "http://in/x", b = '<a href="/s">';</script></head>
<body onload="go('http://in/a?b&amp;c')"><A class = "/x" HREF='/x?a=1&b=2'>x</A >
<!-- <a href="/c"> --><!--[if IE]><script src="http://in/ie.js"></script><![endif]-->
<img src=/a.png alt="/b" longdesc=/l><textarea><a href="/t"></textarea>
<a href="  /lead">l</a><a href="&#47;num?&amp;">n</a><a href=""></a><br/><p / href=/p>
</body></html>
"""
WANT = (
    SAMPLE.replace(b"http://IN/b", b"/out/b")
    .replace(b"'/x?a", b"'/gw/x?a")
    .replace(b"src=/a.png", b"src=/gw/a.png")
    .replace(b"longdesc=/l", b"longdesc=/gw/l")
    .replace(b"&#47;num", b"/gw/num")
)


@pytest.mark.parametrize("step", [1, 2, 3, 7, 100, 100_000])
def test_links_are_changed_and_nothing_else_however_a_page_comes(step: int) -> None:
    pieces = [SAMPLE[at : at + step] for at in range(0, len(SAMPLE), step)]
    assert changed(ON + MAPS, *pieces) == WANT


@rows(
    ("page", "want"),
    [
        (b'<a href="/">', b'<a href="/gw/">'),
        (b"<a href=/>", b"<a href=/gw/>"),
        (b'<a\thref\n=\r"/"\f>', b'<a\thref\n=\r"/gw/"\f>'),
        (b'<a x href="/">', b'<a x href="/gw/">'),
        (b'<a x=y/href="/">', b'<a x=y/href="/">'),
        (b'<a x="y"href="/">', b'<a x="y"href="/gw/">'),
        (b'<a/href="/">', b'<a/href="/gw/">'),
        (b'<a =href="/">', b'<a =href="/">'),
        (b'<a "href="/">', b'<a "href="/">'),
        (b'<a href href="/">', b'<a href href="/gw/">'),
        (b"<a href= >/", b"<a href= >/"),
        (b'<a href="/" href="/">', b'<a href="/gw/" href="/gw/">'),
        (b'<b href="/">', b'<b href="/">'),
        (b'<aa href="/">', b'<aa href="/">'),
        (b'<a hreff="/">', b'<a hreff="/">'),
        (b'<a hre\0f="/">', b'<a hre\0f="/">'),
        (b'<a href="/\0">\0', b'<a href="/gw/\0">\0'),
        (b'</a href="/">', b'</a href="/">'),
        (b'< a href="/">', b'< a href="/">'),
        (b'<<a href="/">', b'<<a href="/gw/">'),
        (b'<a <a href="/">', b'<a <a href="/gw/">'),
        (b'<? <a href="/"> ?>', b'<? <a href="/"> ?>'),
        (b'</ <a href="/">', b'</ <a href="/">'),
        (b'</><a href="/">', b'</><a href="/gw/">'),
        (b'<! <a href="/">', b'<! <a href="/">'),
        (b'<!-<a href="/">', b'<!-<a href="/">'),
        (b'<!--><a href="/">', b'<!--><a href="/gw/">'),
        (b'<!---><a href="/">', b'<!---><a href="/gw/">'),
        (b'<!----><a href="/">', b'<!----><a href="/gw/">'),
        (b'<!--!><a href="/">', b'<!--!><a href="/">'),
        (b'<!--x--!><a href="/">', b'<!--x--!><a href="/gw/">'),
        (b'<!--x--!-><a href="/">', b'<!--x--!-><a href="/">'),
        (
            b'<!-- -> <a href="/"> --><a href="/">',
            b'<!-- -> <a href="/"> --><a href="/gw/">',
        ),
        (b'<![CDATA[<a href="/">]]>', b'<![CDATA[<a href="/">]]>'),
        (b'<script></scrip><a href="/">', b'<script></scrip><a href="/">'),
        (b'<script></scripts><a href="/">', b'<script></scripts><a href="/">'),
        (b'<script></SCRIPT ><a href="/">', b'<script></SCRIPT ><a href="/gw/">'),
        (b'<script></</script/><a href="/">', b'<script></</script/><a href="/gw/">'),
        (b'<script/><a href="/">', b'<script/><a href="/">'),
        (b'<script src="/"></script>', b'<script src="/gw/"></script>'),
        (b'<style><a href="/"></style>', b'<style><a href="/"></style>'),
        (
            b'<plaintext><a href="/"></plaintext>',
            b'<plaintext><a href="/"></plaintext>',
        ),
        # As in httpd, whatever browsers do.
        (b'<iframe><a href="/"></iframe>', b'<iframe><a href="/gw/"></iframe>'),
        (b'<noembed><a href="/"></noembed>', b'<noembed><a href="/gw/"></noembed>'),
        (b'<noframes><a href="/"></noframes>', b'<noframes><a href="/gw/"></noframes>'),
        (
            b'<iframe><!--</iframe><a href="/">--><a href="/">',
            b'<iframe><!--</iframe><a href="/">--><a href="/gw/">',
        ),
        (b'<svg><style/><a href="/"></svg>', b'<svg><style/><a href="/gw/"></svg>'),
        (b'<math><title/><a href="/"></math>', b'<math><title/><a href="/gw/"></math>'),
        (b'<svg><script /><a href="/">', b'<svg><script /><a href="/gw/">'),
        (b'<svg><script / ><a href="/">', b'<svg><script / ><a href="/">'),
        (b'<svg><script x=/><a href="/">', b'<svg><script x=/><a href="/">'),
        (b'<svg><script x=""/><a href="/">', b'<svg><script x=""/><a href="/gw/">'),
        (b'<svg><style><a href="/"></svg>', b'<svg><style><a href="/"></svg>'),
        (b'<svg><title><a href="/">', b'<svg><title><a href="/gw/">'),
        (b'<svg/><style/><a href="/">', b'<svg/><style/><a href="/">'),
        (b'<svg></svg><style/><a href="/">', b'<svg></svg><style/><a href="/">'),
        (
            b'<svg><svg></svg><style/><a href="/"></svg></svg><title><a href="/">',
            b'<svg><svg></svg><style/><a href="/gw/"></svg></svg><title><a href="/">',
        ),
        (b'<noscript><a href="/"></noscript>', b'<noscript><a href="/gw/"></noscript>'),
        (b'<a href="/', b'<a href="/'),
        (b"<a href=/", b"<a href=/"),
        (b'<a href="/" ', b'<a href="/gw/" '),
        (b"<", b"<"),
        (b"<!-", b"<!-"),
        (b"", b""),
        (b'<a href="http://in">', b'<a href="/out">'),
        (b'<a href="http://i">', b'<a href="http://i">'),
        (b'<a href="HTTP://In/x">', b'<a href="/out/x">'),
        (b'<a href="h&#x74;tp:&#47&#47;in/?a&b&quot;">', b'<a href="/out/?a&b&quot;">'),
        (b'<a href="&#0;/">', b'<a href="&#0;/">'),
        (b'<a href="&#303;/">', b'<a href="&#303;/">'),
        (b'<a href="&amp/">', b'<a href="&amp/">'),
        (b'<a href="&#x/">', b'<a href="&#x/">'),
    ],
)
def test_what_is_a_link(page: bytes, want: bytes) -> None:
    assert changed(ON + MAPS, page) == want
    assert changed(ON + MAPS, *(page[at : at + 1] for at in range(len(page)))) == want


@rows(
    ("lines", "value", "want"),
    [
        ('ProxyHTMLURLMap /a ""', b'"/a"', b'""'),
        ('ProxyHTMLURLMap /a ""', b"/a", b'""'),
        ('ProxyHTMLURLMap /a ""', b"/a/b", b"/b"),
        ('ProxyHTMLURLMap /a "\'<&> \\""', b'"/a"', b'"\'&lt;&amp;&gt; &quot;"'),
        ('ProxyHTMLURLMap /a "\'"', b"'/a'", b"'&#39;'"),
        ('ProxyHTMLURLMap /a "\' `"', b"/a", b"&#39;&#32;&#96;"),
        # The first that fits, however long another is.
        ("ProxyHTMLURLMap /a /1\nProxyHTMLURLMap /a/b /2", b"/a/b", b"/1/b"),
        ("ProxyHTMLURLMap /a /1 l\nProxyHTMLURLMap /1 /2", b"/a", b"/1"),
        ("ProxyHTMLURLMap /a /1 h\nProxyHTMLURLMap /a /2 ec", b"/a", b"/2"),
        ("ProxyHTMLURLMap /[ab] /1 R\nProxyHTMLURLMap /1 /2 R", b"/b/b", b"/1/b"),
        ("ProxyHTMLURLMap /[ab] /1 Rl\nProxyHTMLURLMap /1 /2", b"/b/b", b"/2/b"),
        (
            "ProxyHTMLURLMap /b /1 Rl\nProxyHTMLURLMap /z /9\nProxyHTMLURLMap /1 /2",
            b"/b",
            b"/1",
        ),
        ("ProxyHTMLURLMap //(\\w+)\\.in(/.*)? /$1$2 R", b"http://a.in/x", b"http:/a/x"),
        ("ProxyHTMLURLMap //A /$0\\$0 Ri", b"'x//a'", b"'x///a$0'"),
        ("ProxyHTMLURLMap ^/a /b R", b'"/a/a"', b'"/b/a"'),
        ("ProxyHTMLURLMap ^b /c Rs", b'"a\nb"', b'"a\n/c"'),
        ("ProxyHTMLURLMap ^b /c R", b'"a\nb"', b'"a\nb"'),
        (
            "ProxyHTMLURLMap (.*)\\?(.*) $2 R",
            b'"a&amp;?b&amp;c&#x26;"',
            b'"b&amp;c&#x26;"',
        ),
        ("ProxyHTMLURLMap x* - R", b'"ab"', b'"-ab"'),
        ("ProxyHTMLFixups lowercase", b'"/A&AMP;&Eacute;B&C"', b'"/a&AMP;&Eacute;b&c"'),
        ("ProxyHTMLFixups dospath", b'"\\A\\b"', b'"/A/b"'),
        (
            "ProxyHTMLFixups dospath lowercase\nProxyHTMLURLMap \\a /b",
            b"\\A\\B",
            b"/b/b",
        ),
    ],
)
def test_what_becomes_of_a_link(lines: str, value: bytes, want: bytes) -> None:
    page, wanted = b"<a href=%b>%b" % (value, value), b"<a href=%b>%b" % (want, value)
    assert changed(f"{ON}{lines}\n", page) == wanted
    pieces = [page[at : at + 1] for at in range(len(page))]
    assert changed(f"{ON}{lines}\n", *pieces) == wanted


@rows(
    ("page", "want"),
    [
        (b'<img srcset="/a 1x, /b 2x">', b'<img srcset="/gw/a 1x, /gw/b 2x">'),
        (b"<img srcset='/a,/b , /c,'>", b"<img srcset='/gw/a,/b , /gw/c,'>"),
        (b'<img srcset="x, /b(1,2) 3w,y">', b'<img srcset="x, /gw/b(1,2) 3w,y">'),
        (b'<img srcset="/a /b, /c">', b'<img srcset="/gw/a /b, /gw/c">'),
        (b'<img srcset="">', b'<img srcset="">'),
        (b'<img srcset=" , ">', b'<img srcset=" , ">'),
        (b'<meta content="0;url=/a">', b'<meta content="0;url=/gw/a">'),
        (
            b"<meta content=\"5 ; URL = '/a' x\">",
            b"<meta content=\"5 ; URL = '/gw/a' x\">",
        ),
        (b'<meta content="/a">', b'<meta content="/gw/a">'),
        (b'<meta content="5;uri=/a">', b'<meta content="5;uri=/a">'),
        (b'<meta content="5url=/a">', b'<meta content="5url=/a">'),
        (b'<meta content=";url=/a">', b'<meta content=";url=/a">'),
        (b'<meta content="5;url=">', b'<meta content="5;url=">'),
        (b"<meta content=5;url=/a>", b"<meta content=5;url=/gw/a>"),
    ],
)
def test_values_that_have_links_in_them(page: bytes, want: bytes) -> None:
    assert changed(ON + MAPS, page) == want


@rows(
    ("page", "want"),
    [
        (b"<meta content='5;URL=\\A\\B'>", b"<meta content='5;url=/gw/a/b'>"),
        (b"<meta content='5;URL=X\\B'>", b"<meta content='5;url=x/b'>"),
        (b"<meta content='\\A'>", b"<meta content='/gw/a'>"),
        (b"<img srcset='\\A 1X,\\B'>", b"<img srcset='/gw/a 1x,/gw/b'>"),
    ],
)
def test_fixups_come_behind_all_maps(page: bytes, want: bytes) -> None:
    lines = "ProxyHTMLURLMap \\ /GW/\nProxyHTMLFixups dospath lowercase\n"
    assert changed(ON + lines, page) == want


@rows(
    ("lines", "page", "want"),
    [
        ("", b"<b onclick='f(\"http://in/\")'>", b"<b onclick='f(\"/o&amp;/\")'>"),
        ("", b"<b onclick='http://in http://in'>", b"<b onclick='/o&amp; /o&amp;'>"),
        ("", b"<b ondrag='http://in'>", b"<b ondrag='http://in'>"),
        ("", b"<b onclick='HTTP://in'>", b"<b onclick='HTTP://in'>"),
        (
            "",
            b"<script>http://in/</script>http://in",
            b"<script>/o&/</script>http://in",
        ),
        ("", b"<style>@import http://in/;</STYLE>", b"<style>@import /o&/;</STYLE>"),
        ("", b"<title>http://in/</title>", b"<title>http://in/</title>"),
        ("", b"<script>http://in/", b"<script>http://in/"),
        ("", b"<!--http://in/--><a>", b"<!--/o&/--><a>"),
        ("", b"<!--http://in/--!><a>", b"<!--/o&/--!><a>"),
        ("", b"<!--><a>", b"<!--><a>"),
        ("", b"<!---><a>", b"<!---><a>"),
        ("", b"<!--http://in/", b"<!--http://in/"),
        ("", b"<script></script>", b"<script></script>"),
        ("e", b"<b onclick=http://in>", b"<b onclick=http://in>"),
        ("c", b"<script>http://in</script>", b"<script>http://in</script>"),
        ("^", b"<b onclick='http://inhttp://in'>", b"<b onclick='/o&amp;http://in'>"),
        ("^", b"<b onclick=' http://in'>", b"<b onclick=' http://in'>"),
        ("$", b"<b onclick='http://inhttp://in'>", b"<b onclick='http://in/o&amp;'>"),
        ("^$", b"<script>http://in</script>", b"<script>/o&</script>"),
        ("^$", b"<script>http://in </script>", b"<script>http://in </script>"),
        ("R", b"<script>http://inhttp://in</script>", b"<script>/o&/o&</script>"),
        ("R", b"<a onclick=http://in?&amp;>", b"<a onclick=/o&amp;?&amp;>"),
    ],
)
def test_scripts_and_events_are_searched(lines: str, page: bytes, want: bytes) -> None:
    text = f'{EXTENDED}ProxyHTMLURLMap http://in "/o&" {lines}\n'
    assert changed(text, page) == want
    assert changed(text, *(page[at : at + 1] for at in range(len(page)))) == want


def test_the_last_map_of_events_and_empty_matches() -> None:
    lines = "ProxyHTMLURLMap a b L\nProxyHTMLURLMap b c\n"
    page = b"<b onclick=a></b><script>a</script>"
    assert changed(EXTENDED + lines, page) == b"<b onclick=b></b><script>c</script>"
    lines = "ProxyHTMLURLMap x* - R\n"
    assert (
        changed(EXTENDED + lines, b"<b onclick=ab>") == b"<b onclick=-a-b->"[:-2] + b">"
    )


@pytest.mark.parametrize("step", [1, 2, 3, 1000])
def test_comments_are_taken_out(step: int) -> None:
    page = (
        b"<!DOCTYPE x><p><!-- a --><a href='/'><!--b--!>t<!-x><!><!--->"
        b"<script><!-- s --></script><!- -><!"
    )
    want = b"<!DOCTYPE x><p><a href='/gw/'>t<!-x><!><script><!-- s --></script><!- -><!"
    pieces = [page[at : at + step] for at in range(0, len(page), step)]
    text = f"{ON}{MAPS}ProxyHTMLStripComments On\n"
    assert changed(text, *pieces) == want
    assert changed(text, b"a<!-- <p>") == b"a"


@pytest.mark.parametrize("step", [1, 2, 3, 1000])
@rows(
    ("page", "want"),
    [
        (
            b"\xef\xbb\xbf<!doctype x [<>\n<a href='/'>",
            b"\xef\xbb\xbf<!D>\n<a href='/gw/'>",
        ),
        (b"<?xml?>\n<!-- c --><html>", b"<?xml?>\n<!-- c --><!D><html>"),
        (b"<!x></x> <p><!DOCTYPE y>", b"<!x></x> <!D><p><!DOCTYPE y>"),
        (b"no page", b"no page"),
        (b"<!", b"<!"),
    ],
)
def test_the_doctype_takes_the_place_of_the_pages_own(
    step: int, page: bytes, want: bytes
) -> None:
    text = f"{ON}{MAPS}ProxyHTMLDocType <!D>\n"
    pieces = [page[at : at + step] for at in range(0, len(page), step)]
    assert changed(text, *pieces) == want


def test_doctypes_have_names() -> None:
    for words, kind in (
        ("HTML", b"HTML 4.01"),
        ("html Legacy", b"HTML 4.01 Transitional"),
        ("XHTML", b"XHTML 1.0 Strict"),
        ("XHTML legacy", b"XHTML 1.0 Transitional"),
    ):
        got = changed(f"{ON}ProxyHTMLDocType {words}\n", b"<p>")
        assert got.startswith(b'<!DOCTYPE html PUBLIC "-//W3C//DTD %b//EN"' % kind)
        assert got.endswith(b">\n<p>")


def test_xhtml_has_sections_and_elements_without_an_end() -> None:
    page = (
        b'<script src="/"/><a href="/"/><![CDATA[<a href="/">]]]]><title/><a href="/">'
    )
    want = page.replace(b'"/"', b'"/gw/"')
    want = want.replace(b'[<a href="/gw/">', b'[<a href="/">')
    kind = ("Content-Type: application/xhtml+xml; charset=utf-8",)
    assert changed(ON + MAPS, page, fields=kind) == want
    pieces = [page[at : at + 1] for at in range(len(page))]
    assert changed(ON + MAPS, *pieces, fields=kind) == want


PARTS = st.sampled_from(
    [
        *(
            b"<",
            b"</",
            b"<!",
            b"<!-",
            b"<!--",
            b"-",
            b"--",
            b"-->",
            b"--!>",
            b">",
            b"/",
        ),
        *(
            b"=",
            b"'",
            b'"',
            b" ",
            b"\n",
            b"\0",
            b"a",
            b"A",
            b"img",
            b"script",
            b"title",
        ),
        *(
            b"href",
            b"srcset",
            b"onclick",
            b"&amp;",
            b"&#47;",
            b"&",
            b"/x",
            b"http://in",
        ),
        *(b'<a href="/x">', b"<img srcset='/a,/b 2x'>", b"<script>", b"</script>"),
        *(b"<![CDATA[", b"]]>", b"<?", b"<!doctype x>", b"<style>", b"</style>", b","),
    ]
)
LONG = "MaxKeepAliveRequests 0\n"  # one client asks for all
SAYS = (
    f"{EXTENDED}{MAPS}ProxyHTMLStripComments On\nProxyHTMLDocType <!D>\n",
    f"{EXTENDED}{MAPS}ProxyHTMLURLMap (.)n /$1&'\\\" Rl\n",
    f"{ON}ProxyHTMLURLMap nothing nowhere\n",
)


@pytest.mark.parametrize("number", range(len(SAYS)))
def test_pieces_become_what_the_whole_does(number: int) -> None:
    with Bench(SAYS[number] + LONG) as bench:
        pages = Pages(bench)

        @settings(max_examples=60, deadline=None, database=None)
        @given(st.lists(st.lists(PARTS, max_size=9).map(b"".join), max_size=5))
        def play(pieces: list[bytes]) -> None:
            whole = b"".join(pieces)
            got = pages.ask([whole])
            assert pages.ask(pieces) == got
            assert pages.ask([whole[at : at + 1] for at in range(len(whole))]) == got
            if number == len(SAYS) - 1:
                assert got == whole

        play()
        assert bench.counts()["coders"] == 0


# Bounds


def test_a_name_that_is_too_long_is_none() -> None:
    """Of 65 letters 64 are kept; behind them lies the attribute before."""
    kept = "n" * 64
    lines = f"ProxyHTMLLinks {kept} href\nProxyHTMLLinks {kept}x href\n"
    page = b'<p x=""><%b href="/"></%b><p x=""><%bx href="/">' % (
        *(kept.encode(),) * 3,
    )
    want = page.replace(b'"/"', b'"/gw/"', 1)
    assert changed(ON + lines + MAPS, page) == want


def test_a_value_that_is_too_long_stays_as_it_is() -> None:
    for size, is_changed in ((65_536, True), (65_537, False)):
        value = b"/" + b"x" * (size - 1)
        want = b"/gw" + value if is_changed else value
        for quote in (b'"', b""):
            page = b"<a href=%b%b%b>%b" % (quote, value, quote, b'<a href="/">')
            wanted = b"<a href=%b%b%b>%b" % (quote, want, quote, b'<a href="/gw/">')
            with Bench(ON + MAPS) as bench:
                pages = Pages(bench)
                assert pages.ask([page]) == wanted
                for step in (1000, 40_000):
                    cut = [page[at : at + step] for at in range(0, len(page), step)]
                    assert pages.ask(cut) == wanted
                told = sum("FB0825" in line for line in bench.services.logged)
                assert told == (not is_changed)
                assert bench.counts()["coders"] == 0


def test_a_script_that_is_too_long_stays_as_it_is() -> None:
    text = f"{EXTENDED}ProxyHTMLURLMap http://in /out\n"
    for size, is_changed in (((1 << 20) - 8, True), ((1 << 20) - 7, False)):
        script = b"http://in" + b"x" * (size - 9)
        page = b"<script>%b</script><script>http://in</script>" % script
        want = page.replace(b"http://in", b"/out", -1 if is_changed else 0)
        if not is_changed:
            want = page[:-18] + b"/out</script>"
        assert changed(text, page) == want


def test_memory_of_a_page_is_given_back_to_a_worker() -> None:
    """All lines of a worker may take 64 MiB at once: forty pages take more, one behind
    the other."""
    script = b"http://in" + b"x" * 1_000_000
    page = b"<script>%b</script><a href='http://in&amp;'>" % script
    with Bench(f"{EXTENDED}ProxyHTMLURLMap http://in /out\n") as bench:
        pages = Pages(bench)
        for _ in range(40):
            assert pages.ask([page]) == page.replace(b"http://in", b"/out")


def test_what_becomes_too_long_stays_as_it_is() -> None:
    text = f"{EXTENDED}ProxyHTMLURLMap a {'b' * 4000} c\n"
    page = b"<p onclick=%b><p onclick=ac>" % (b"a" * 2000)
    want = b"<p onclick=%b><p onclick=%bc>" % (b"a" * 2000, b"b" * 4000)
    assert changed(text, page) == want


def many_maps(count: int, flags: str = "") -> str:
    return "".join(f"ProxyHTMLURLMap /{n}x /{n} {flags}\n" for n in range(count))


BACK_AND_FORTH = "ProxyHTMLURLMap a b\nProxyHTMLURLMap b a\n" * 60


SLOW_PAGES = {
    "links": (many_maps(120), b"<a href=/y>" * 60_000),
    "a list": (many_maps(120), b"<img srcset='%b'>" % (b"/y 1x," * 10_000) * 5),
    "references": (many_maps(120), b"<b onclick='%b'>" % (b"&amp;" * 13_000) * 5),
    "patterns": (many_maps(120, "R"), b"<a href=/y>" * 10_000),
    "a script": (BACK_AND_FORTH, b"<script>%b</script>" % (b"a" * 1_000_000)),
    "an event": (BACK_AND_FORTH, b"<b onclick='%b'>" % (b"a&amp;" * 10_000) * 5),
    "a pattern": (
        "ProxyHTMLURLMap a(?=.*b) c R",
        b"<script>%bb</script>" % (b"a" * 500_000),
    ),
    "fixups": ("ProxyHTMLFixups lowercase", b"<a href='%b'>" % (b"&Aa" * 20_000) * 50),
}


@rows("name", SLOW_PAGES)
def test_a_page_keeps_nobody_waiting(name: str) -> None:
    lines, page = SLOW_PAGES[name]
    with Bench(f"{EXTENDED}{lines}\n") as bench:
        client = bench.ask(get("/"))
        member = bench.members[0].accept()
        member.message()
        longest = longest_turn(bench, client, member, answer(page, PAGE))
        assert longest < TURN_S
        assert bench.counts()["coders"] == 0


def test_a_value_is_left_and_gone_on_with() -> None:
    maps = (
        "ProxyHTMLURLMap ab <ab>\nProxyHTMLURLMap b(.)b [$1$0] Rlc\n"
        "ProxyHTMLURLMap nothing nowhere\nProxyHTMLURLMap /x /y\n"
    )
    text = b"abbab bxb /x" * 40_000
    made = text.replace(b"ab", b"<ab>").replace(b"/x", b"/y")
    event = b"abb&amp;b bxb /x" * 3_000
    want = event.replace(b"ab", b"&lt;ab&gt;")
    want = re.sub(rb"b(&\w+;|.)b", rb"[\1\g<0>]", want).replace(b"/x", b"/y")
    links = b", ".join(b"/x%d 1x" % n for n in range(5_000))
    page = b"<script>%b</script><p onclick='%b'><img srcset=\"%b\"><a href=/x>"
    with Bench(f"{EXTENDED}{many_maps(120, 'ec')}{maps}") as bench:
        got = Pages(bench).ask([page % (text, event, links)])
        assert got == (page % (made, want, links.replace(b"/x", b"/y"))).replace(
            b"<a href=/x>", b"<a href=/y>"
        )
        assert bench.counts()["coders"] == 0


def test_a_pattern_that_takes_too_long_is_not_tried_again() -> None:
    text = f"{EXTENDED}ProxyHTMLURLMap (a+)+$ x R\nProxyHTMLURLMap http://in /out\n"
    evil = b"<b onclick='%b!'>" % (b"a" * 5000)
    page = evil * 300 + b'<a onclick="http://in">'
    with Bench(text) as bench:
        assert Pages(bench).ask([page]) == evil * 300 + b'<a onclick="/out">'
        assert sum("FB0825" in line for line in bench.services.logged) == 1


def test_a_pattern_that_runs_out_of_time_leaves_the_value_as_it_was() -> None:
    """... be it behind another map, or behind matches of its own."""
    lines = "ProxyHTMLURLMap http://in /out l\nProxyHTMLURLMap a!|(a+)+$ x R\n"
    value = b"http://in a! %b?" % (b"a" * 5000)
    page = b"<b onclick='%b'><b onclick='http://in a!'>" % value
    want = page.replace(b"'http://in a!'", b"'/out a!'")
    assert changed(f"{EXTENDED}{lines}", page) == want


@pytest.mark.parametrize("more", [(), (256,)])
def test_links_stay_as_they_are_where_there_is_no_memory(more: Sequence[int]) -> None:
    """64 MiB of a worker: lines of Substitute leave 1 MiB, or half of it; no page is
    cut."""
    text = (
        f"{EXTENDED}ProxyHTMLURLMap http://in /out\n{LONG}<Location /lines>\n"
        "SetOutputFilter SUBSTITUTE\nSubstitute s/a/b/n\n"
        "SubstituteMaxLineLength 16m\n</Location>\n"
    )
    whole = b"<script>http://in%b</script><a href='http://in'>" % (b"x" * 900_000)
    with Bench(text) as bench:
        holding = []
        for size in (8192, 8192, 8192, 4096, 2048, 1024, 512, *more):
            client = bench.ask(get("/lines"))
            member = bench.members[0].accept()
            member.message()
            length = (size << 10) + 9
            member.send(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n")
            member.send(b"x" * length)
            bench.settle()
            holding.append((client, member))
        pages = Pages(bench)
        assert pages.ask([whole]) == whole.replace(b"'http://in'", b"'/out'")
        assert any("FB0825" in line for line in bench.services.logged)
        assert not any("FB0822" in line for line in bench.services.logged)
        for client, member in holding:
            client.reset()
            member.close()
        bench.settle()
        assert bench.counts()["coders"] == 0


def test_what_a_page_left_is_not_what_breaks_another_filter() -> None:
    """A value becomes too long, and then it is no gzip: the log tells that."""
    text = f"{EXTENDED}SetOutputFilter INFLATE\nProxyHTMLURLMap a {'b' * 4000} c\n"
    page = b"<p onclick=%b>" % (b"a" * 2000)
    with Bench(text) as bench:
        client = bench.ask(get("/"))
        member = bench.members[0].accept()
        member.message()
        packed = gzip.compress(page)[:-8] + b"\0" * 8
        member.send(answer(packed, PAGE, "Content-Encoding: gzip"))
        assert not client.rest().endswith(b"0\r\n\r\n")
        assert any("FB0821" in line for line in bench.services.logged)
        assert not any("FB0822" in line for line in bench.services.logged)


# What is a page


@rows(
    ("lines", "fields", "is_changed"),
    [
        ("", (PAGE,), True),
        ("", ("Content-Type: TEXT/HTML;charset=latin1",), True),
        ("", ("Content-Type: text/plain",), False),
        ("", ("X: y",), False),
        ("", (PAGE, "Content-Encoding: br"), False),
        ("", (PAGE, "Content-Encoding: identity"), True),
        ("", (PAGE, "Content-Range: bytes 0-9/20"), False),
        ("", ("Content-Type: text/html; charset=UTF-16LE",), False),
        ("", ('Content-Type: text/html; charset="iso-2022-jp"',), False),
        ("", ("Content-Type: text/html; charset=iso-8859-1",), True),
        ("", ("Content-Type: text/html; charset=u",), True),
        ("SetEnv PROXY_HTML_FORCE 1", ("Content-Type: text/plain",), True),
        ("ProxyHTMLEnable Off", (PAGE,), False),
        ("ProxyHTMLEnable Off\nSetOutputFilter proxy-html", (PAGE,), True),
        ("<Location />\nProxyHTMLEnable Off\n</Location>", (PAGE,), True),
        (
            "<Location />\nProxyHTMLEnable Off\nProxyHTMLFixups reset\n</Location>",
            (PAGE,),
            False,
        ),
        (
            "ProxyHTMLEnable Off\n<Location />\nProxyHTMLEnable On\n</Location>",
            (PAGE,),
            True,
        ),
        ("<Location />\nProxyHTMLLinks b href\n</Location>", (PAGE,), False),
    ],
)
def test_what_is_a_page(lines: str, fields: tuple[str, ...], is_changed: bool) -> None:
    page = b'<a href="http://in/">'
    want = b'<a href="/out/">' if is_changed else page
    assert changed(f"{ON}{MAPS}{lines}\n", page, fields=fields) == want


def test_without_links_nothing_is_a_page() -> None:
    text = f"{ONE}ProxyHTMLEnable On\n{MAPS}"
    assert changed(text, b'<a href="/">') == b'<a href="/">'


def test_a_coded_page_is_told_of_and_goes_as_it_is() -> None:
    with Bench(ON + MAPS) as bench:
        pages = Pages(bench)
        for _ in range(3):
            got = pages.ask([b"\x1f\x8b"], PAGE, "Content-Encoding: gzip")
            assert got == b"\x1f\x8b"
        assert sum("FB0824" in line for line in bench.services.logged) == 1


def test_all_of_a_page_is_asked_for() -> None:
    """A part of one could not be read, and would go out as it is."""
    wanted = ("Range: bytes=0-9", 'If-Range: "t"')
    more = "RequestHeader edit Range bytes= bytes=1\n"
    smart = "FilterProvider f proxy-html true\nFilterChain f\n"
    off = ON.replace("Enable On", "Enable Off")
    for text, is_asked in (
        (ON + MAPS, False),
        (ON + MAPS + more, False),
        (f"{ON}ProxyHTMLStripComments On\n", False),
        (off + MAPS + smart, False),
        (ON, True),
        (off + MAPS, True),
        (f"{ONE}ProxyHTMLEnable On\n{MAPS}", True),
        (f"{ONE}SetOutputFilter SUBSTITUTE\nSubstitute s/a/b/\n", True),
    ):
        with Bench(text) as bench:
            bench.ask(get("/", *wanted))
            head = bench.members[0].accept().head().lower()
            assert (b"range: " in head) == is_asked, text


def test_what_has_nothing_to_do_is_not_told_of() -> None:
    """A coded page without links, or without a map; its length is the member's."""
    for text in (f"{ONE}ProxyHTMLEnable On\n{MAPS}", ON):
        with Bench(text) as bench:
            got = Pages(bench).ask([b"\x1f"], PAGE, "Content-Encoding: gzip")
            assert got == b"\x1f"
            assert not any("FB0824" in line for line in bench.services.logged)


def test_the_length_is_not_the_members_and_other_fields_are() -> None:
    with Bench(ON + MAPS) as bench:
        client = bench.ask(get("/"))
        member = bench.members[0].accept()
        member.message()
        member.send(answer(b'<a href="/">', PAGE, 'ETag: "t"', "Accept-Ranges: bytes"))
        head = client.head()
        assert b"\r\nContent-Length: 15\r\n" in head
        assert b'\r\nETag: "t"\r\n' in head
        assert b"\r\nContent-Type: text/html\r\n" in head


# Sections, variables, conditions


@rows(
    ("lines", "want"),
    [
        # Two lists that meet are turned round, as in httpd.
        ("ProxyHTMLURLMap /a /1\n<Location />\n"
         "ProxyHTMLURLMap /a /2\n</Location>", "/2"),
        ("ProxyHTMLURLMap /a /1\nProxyHTMLURLMap /a /2", "/1"),
        ("<Location />\nProxyHTMLURLMap /a /1\n"
         "ProxyHTMLURLMap /a /2\n</Location>", "/1"),
        ("ProxyHTMLURLMap /b /0\n<Location />\nProxyHTMLURLMap /a /1\n"
         "ProxyHTMLURLMap /a /2\n</Location>", "/2"),
        ("SetEnv V 5\nProxyHTMLInterp On\nProxyHTMLURLMap /a /${V}${W|x}${U} V", "/5x"),
        ("SetEnv V 5\nProxyHTMLURLMap /a /${V}${W|x} V", "/${V}${W|x}"),
        ("SetEnv V a\nProxyHTMLInterp On\nProxyHTMLURLMap /${V} /7 v", "/7"),
        ("ProxyHTMLInterp On\nProxyHTMLURLMap ${V} /7 v\nProxyHTMLURLMap /a /8", "/8"),
        ("SetEnv V 5\nProxyHTMLInterp On\nProxyHTMLURLMap /a /1 c V=6\n"
         "ProxyHTMLURLMap /a /2 c !V=6\n", "/2"),
        ('ProxyHTMLInterp On\nProxyHTMLURLMap /a /1 c (false)\n'
         'ProxyHTMLURLMap /a /2 c "%{REQUEST_URI} == \'/\'"', "/2"),
        ("ProxyHTMLURLMap /a /1 c (false)", "/1"),
    ],
)  # fmt: skip
def test_maps_of_sections_with_variables_and_conditions(lines: str, want: str) -> None:
    got = changed(f"{ON}{lines}\n", b"<a href=/a>")
    assert got == b"<a href=%b>" % want.encode()


def test_a_host_is_merged_with_the_server_as_sections_are() -> None:
    text = (
        f"{EXTENDED}ProxyHTMLURLMap /a /1\nProxyHTMLFixups dospath\n"
        "ProxyHTMLDocType <!S>\n<VirtualHost *:80>\nServerName h\n{}\n"
        "ProxyPass / http://127.0.0.1:8001/\n</VirtualHost>\n"
    )
    own = "ProxyHTMLURLMap /a /2\nProxyHTMLURLMap /b /3\n"
    for lines, want in (
        ("", b"<!S><a href=/1/b onclick=/1>"),
        (own, b"<!S><a href=/2/b onclick=/2>"),
        (
            "ProxyHTMLEnable Off\nProxyHTMLDocType <!H>\n",
            b"<!H><a href=/1/b onclick=/1>",
        ),
        ("ProxyHTMLFixups reset\n", b"<a href=/a\\b onclick=/a>"),
        ("ProxyHTMLFixups reset\nProxyHTMLEnable On", b"<!S><a href=/1\\b onclick=/a>"),
        ("ProxyHTMLEvents onload\n", b"<!S><a href=/1/b onclick=/a>"),
        ("ProxyHTMLLinks b href\n", b"<!S><a href=/a\\b onclick=/1>"),
    ):
        assert changed(text.format(lines), b"<a href=/a\\b onclick=/a>") == want, lines


# The check


@rows(
    ("line", "number"),
    [
        ("ProxyHTMLURLMap /x /a Rv", "FB0116"),
        ('ProxyHTMLURLMap "" /a', "FB0107"),
        ("ProxyHTMLURLMap", "FB0107"),
        ("ProxyHTMLURLMap ( /a R", "FB0222"),
        ("ProxyHTMLURLMap /a /b c NAME", "FB0304"),
        ("ProxyHTMLURLMap /a /b z", "FB0117"),
        ("ProxyHTMLURLMap /a /b r", "FB0117"),
        ("ProxyHTMLURLMap /a /b H", "FB0117"),
        ("ProxyHTMLLinks A href", "FB0117"),
        ("ProxyHTMLFixups uppercase", "FB0117"),
    ],
)
def test_what_would_break_a_page_is_refused(line: str, number: str) -> None:
    """And what says nothing is warned about."""
    model, found = resolve_text(f"{ON}{line}\n")
    assert [one.number for one in found if one.severity is not Severity.NOTE] == [
        number
    ]
    assert (model is None) == (number != "FB0117")


def test_more_maps_than_one_answer_has_are_refused() -> None:
    """... or 500, where the sections of a request come to them together. The worker
    has the same bound as the check."""
    for count, numbers in ((128, []), (129, ["FB0823"]), (300, ["FB0823"])):
        model, found = resolve_text(f"{ON}{many_maps(count)}")
        assert [one.number for one in found] == numbers
        assert (model is None) == bool(numbers)
    more = "<Location /more>\nProxyHTMLURLMap /y /z\n</Location>\n"
    for path, status in (("/", 200), ("/more", 500)):
        with Bench(f"{ON}{many_maps(128)}{more}") as bench:
            client = bench.ask(get(path))
            member = bench.members[0].accept()
            member.message()
            member.send(answer(b"<a href=/127x>", PAGE))
            assert client.head().startswith(b"HTTP/1.1 %d " % status)
            assert bench.has_said("FB0823") == (status == 500)


def test_what_debian_has_is_taken_in_silence() -> None:
    """Lines of the form that mods-available/proxy_html.conf has."""
    text = "ProxyHTMLLinks  img  src usemap\nProxyHTMLEvents \\\n\tonclick onload\n"
    model, found = resolve_text(f"{ONE}{text}")
    assert model is not None
    assert not found
