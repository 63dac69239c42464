"""What mkdocs does not do by itself: pages and files that lie beside docs/.

In the sources a page of the manual links to ../ARCHITECTURE.md, and that one to
docs/invariants.md, as whoever reads them there expects. On the site both are at the
top: links are written anew, and whatever is linked to goes along.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files, InclusionLevel

ROOT = Path(__file__).parents[2]
DOCS = "docs/"
README = "about.md"  # README.md would be the front page, which docs/index.md is
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```$|`[^`\n]+`", re.M | re.S)


def on_files(files: Files, config: Any) -> Files:
    """With each file that a page links to, and those that these link to."""
    pages = [path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/**/*.md")]
    known = set(pages)
    for source in pages:  # which grows
        text = (ROOT / source).read_text("utf-8")
        for written in _links(text):
            place = _place(source, written)
            if place is None or place in known:
                continue
            known.add(place)
            if not (ROOT / place).is_file():
                raise PluginError(f"{source}: {written} is not there")
            if place.startswith(DOCS):
                continue
            files.append(_file(config, place))
            if place.endswith(".md"):
                pages.append(place)
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """The same text with the site's links; code is left alone."""
    at_the_top = page.file.generated_by is not None
    uri = page.file.src_uri
    source = "README.md" if uri == README else uri if at_the_top else DOCS + uri

    def link(found: re.Match[str]) -> str:
        place = _place(source, found[1])
        if place is None:
            return found[0]
        fragment = urlsplit(found[1]).fragment
        target = posixpath.relpath(_uri(place), posixpath.dirname(uri) or ".")
        return f"]({target}{'#' if fragment else ''}{fragment})"

    return "".join(
        part if is_code else LINK.sub(link, part) for part, is_code in _parts(markdown)
    )


def _links(text: str) -> Iterator[str]:
    for part, is_code in _parts(text):
        if not is_code:
            yield from LINK.findall(part)


def _parts(text: str) -> Iterator[tuple[str, bool]]:
    """The text in pieces, and of each whether it is code."""
    at = 0
    for code in CODE.finditer(text):
        yield text[at : code.start()], False
        yield code[0], True
        at = code.end()
    yield text[at:], False


def _place(source: str, written: str) -> str | None:
    """The file, from the top of the sources, that a link names; None: it names none."""
    url = urlsplit(written)
    if url.scheme:
        told = url.path if url.scheme == "mailto" else url.netloc
        if url.scheme not in ("http", "https", "mailto") or not told:
            raise PluginError(f"{source}: {written} is no address")
        return None
    if not url.path:
        return None
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), url.path))


def _uri(place: str) -> str:
    return README if place == "README.md" else place.removeprefix(DOCS)


def _file(config: Any, place: str) -> File:
    return File.generated(
        config,
        _uri(place),
        content=(ROOT / place).read_bytes(),
        inclusion=InclusionLevel.NOT_IN_NAV,
    )
