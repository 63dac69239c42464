"""What mod_proxy_html is told: which attributes are links, and what becomes of them.

The core (core/filters/page.pxd) has the same, by numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from fastlb.facts.expressions import Expression


@dataclass(frozen=True, slots=True)
class Part:
    """Text, or a variable of the request and what stands where it is not set."""

    literal: str
    variable: str | None = None


@dataclass(frozen=True, slots=True)
class HtmlMap:
    """One ProxyHTMLURLMap.

    wanted: how a link begins, or a pattern (R); flags: letters as they are written;
    parts: with ProxyHTMLInterp, in the place of what they are named after (v, V)
    """

    wanted: str
    replacement: str
    flags: str = ""
    wanted_parts: tuple[Part, ...] = ()
    replacement_parts: tuple[Part, ...] = ()
    condition: Expression | None = None


@dataclass(frozen=True, slots=True)
class HtmlLinks:
    """Attributes of an element that are links (ProxyHTMLLinks)."""

    element: str
    attributes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Html:
    """What one section, or a server outside of all, says of pages."""

    enabled: bool = False
    extended: bool = False
    interpolate: bool = False
    strip_comments: bool = False
    lower_case: bool = False  # ProxyHTMLFixups lowercase
    slashes: bool = False  # ... dospath
    resets: bool = False  # ... reset
    links: tuple[HtmlLinks, ...] | None = None  # None: not set here
    events: tuple[str, ...] | None = None
    maps: tuple[HtmlMap, ...] = ()
    doctype: str | None = None

    def over(self, base: Html) -> Html:
        """This of a virtual host, over that of the main server, as httpd merges them.

        What is switched on stays so, unless it is all reset. Two lists of maps are
        joined, and turned: the core does the same from section to section.
        """
        maps = self.maps or base.maps
        if self.maps and base.maps:
            maps = (base.maps + self.maps)[::-1]
        before = Html() if self.resets else base
        return replace(
            self,
            enabled=self.enabled or before.enabled,
            extended=self.extended or before.extended,
            interpolate=self.interpolate or before.interpolate,
            strip_comments=self.strip_comments or before.strip_comments,
            lower_case=self.lower_case or before.lower_case,
            slashes=self.slashes or before.slashes,
            resets=False,
            links=base.links if self.links is None else self.links,
            events=base.events if self.events is None else self.events,
            maps=maps,
            doctype=base.doctype if self.doctype is None else self.doctype,
        )
