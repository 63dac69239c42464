"""The frame of pages for people: head, style, and what a browser may do with them.

A page is whole in itself. It asks for nothing else, runs no script, and says so in
Content-Security-Policy, where the style is named by its hash. Rows of a table become
blocks on a narrow screen, where each cell is named by its column (data-name).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from fastlb.admin.pages import escaped

STYLE: Final = """
:root{color-scheme:light dark;--text:#1b1d21;--soft:#555b64;--ground:#fff;
--line:#d4d8de;--head:#f1f3f6;--good:#0b6b2e;--wait:#825300;--bad:#b0151f;--out:#fdf0f0}
@media (prefers-color-scheme:dark){:root{--text:#e7e8ec;--soft:#a6abb5;--ground:#15171b;
--line:#3b4048;--head:#22262c;--good:#62d48c;--wait:#efb94d;--bad:#ff8f8f;--out:#321b1e}}
body{margin:0 auto;max-width:100rem;padding:0 1rem 2rem;background:var(--ground);
color:var(--text);font:15px/1.45 system-ui,sans-serif}
h1{font-size:1.25rem;margin:.8rem 0 .5rem}h2{font-size:1.1rem;margin:1.6rem 0 .3rem}
h3{font-size:1rem;margin:1.1rem 0 .2rem}p{margin:.2rem 0 .5rem}
h1,h3,th,td{overflow-wrap:anywhere}
dl{display:flex;flex-wrap:wrap;gap:.1rem 1.6rem;margin:.3rem 0}
dl div{display:flex;gap:.4rem}dt{color:var(--soft)}dd{margin:0}
table{border-collapse:collapse;width:100%}
th,td{border-bottom:1px solid var(--line);padding:.3rem .6rem .3rem 0;text-align:left;
vertical-align:top}
thead th{background:var(--head);color:var(--soft);font-weight:600;white-space:nowrap;
overflow-wrap:normal}
th:first-child{padding-left:.4rem}
tbody th{font-weight:600}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.soft{color:var(--soft)}tr.out{background:var(--out)}
.good{color:var(--good);font-weight:600}.wait{color:var(--wait);font-weight:600}
.bad{color:var(--bad);font-weight:600}
pre{max-width:64ch;margin:.4rem 0;white-space:pre-wrap;overflow-wrap:anywhere;
word-break:break-all;line-height:1.2}
details{margin:.1rem 0}summary{cursor:pointer;color:var(--soft)}
ul{margin:.2rem 0;padding-left:1.2rem}
@media (max-width:60rem){thead{position:absolute;width:1px;height:1px;overflow:hidden;
clip-path:inset(50%)}table,tbody,tbody th,td{display:block}
tbody tr{display:grid;grid-template-columns:1fr 1fr;column-gap:1.4rem;margin:.5rem 0;
border:1px solid var(--line);border-radius:.4rem;padding:.3rem .5rem}
tbody th,td{border:0;padding:.1rem 0;grid-column:1/-1}th:first-child{padding-left:0}
td::before{content:attr(data-name) " ";color:var(--soft);margin-right:auto}
td.number{display:flex;gap:.6rem;grid-column:auto}td:empty{display:none}}
"""

CONTENT_TYPE: Final = "text/html; charset=utf-8"
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode("ascii")
SECURITY: Final = (
    "Content-Security-Policy",
    f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none';"
    " form-action 'none'",
)
"""The field that goes with such a page."""


class Column(NamedTuple):
    """name: heads it; about: what it tells, for the legend"""

    name: str
    about: str
    is_number: bool = False


def begin(title: str) -> Iterator[str]:
    """All before the body's first heading."""
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield f"<title>{escaped(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"


END: Final = "</body>\n</html>\n"


def table(
    columns: Sequence[Column],
    rows: Iterable[tuple[str, Sequence[str]]],
    *,
    labelled_by: str,
) -> Iterator[str]:
    """rows: their class ("": none) and cells, in HTML; the first one heads the row.

    labelled_by: the id of the heading above
    """
    yield f'<table aria-labelledby="{labelled_by}">\n<thead>\n<tr>'
    for column in columns:
        yield f'<th scope="col"{_number(column)}>{escaped(column.name)}</th>'
    yield "</tr>\n</thead>\n<tbody>\n"
    for kind, (first, *others) in rows:
        yield f'<tr class="{kind}">' if kind else "<tr>"
        yield f'<th scope="row">{first}</th>'
        for column, cell in zip(columns[1:], others, strict=True):
            name = escaped(column.name)
            yield f'<td data-name="{name}"{_number(column)}>{cell}</td>'
        yield "</tr>\n"
    yield "</tbody>\n</table>\n"


def _number(column: Column) -> str:
    return ' class="number"' if column.is_number else ""


def pairs(entries: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Names and values (in HTML), side by side as far as there is room."""
    yield "<dl>\n"
    for name, value in entries:
        yield f"<div><dt>{escaped(name)}</dt><dd>{value}</dd></div>\n"
    yield "</dl>\n"


def details(summary: str, inside: Iterable[str]) -> Iterator[str]:
    """What is shown when one asks for it."""
    yield f"<details><summary>{summary}</summary>\n"
    yield from inside
    yield "</details>\n"


def listed(entries: Iterable[str]) -> Iterator[str]:
    """entries: in HTML"""
    yield "<ul>\n"
    for entry in entries:
        yield f"<li>{entry}</li>\n"
    yield "</ul>\n"
