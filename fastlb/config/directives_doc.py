"""docs/directives.md out of the registry: `python -m fastlb.config.directives_doc`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from fastlb.base.errors import Severity
from fastlb.config.directives.balancer_params import BALANCER
from fastlb.config.directives.member_params import MEMBER
from fastlb.config.parameter import Parameters
from fastlb.config.registry import Context, Directive, Registry, Status, collect

_HEAD = """\
# Directives

Made from the declarations in `fastlb/config/directives/` by
`python -m fastlb.config.directives_doc`. `fastlb -L` prints a shorter list.

Names are Apache's and their case does not count. *Where*: **server** is outside every
section, **vhost** is inside `<VirtualHost>`, **sections** are `<Location>` and the
like, **proxy** is `<Proxy>`.

What fastlb does with a directive:

- **served**: it has its effect.
- **accepted and explained**: it is taken and changes nothing here; the check of the
  configuration says why.
- **not supported**: it is taken with a warning where that is safe, and refused where
  ignoring it would be dangerous.
- **refused**: ignoring it would change answers or open what it protects.
"""


_PARAMETERS = {"BalancerMember": MEMBER, "ProxySet": BALANCER}


def document(registry: Registry) -> str:
    """The whole text: what is served in full, other modules' words as lists."""
    modules = list(dict.fromkeys(item.module for item in registry))
    full = [item for item in registry if not _is_listed(item)]
    full.sort(key=lambda item: modules.index(item.module))
    listed = [item for item in registry if _is_listed(item)]
    lines = [_HEAD]
    for module, items in groupby(full, key=lambda item: item.module):
        lines.append(f"## {module}\n")
        for item in items:
            lines += _entry(item)
    lines.append("## Directives of modules that fastlb does not have\n")
    lines += _lists(listed)
    return "\n".join(lines).rstrip() + "\n"


def _is_listed(item: Directive) -> bool:
    """Declared only so that it can be explained or refused by name."""
    return item.syntax == "..."


def _entry(item: Directive) -> Iterator[str]:
    shown = f"<{item.name}>" if item.is_section else item.name
    syntax = f"{item.name} {item.syntax}".rstrip()
    yield f"### `{shown}`\n"
    yield f"    {f'<{syntax}>' if item.is_section else syntax}\n"
    facts = [f"*Where:* {_places(item)}", f"*Status:* {item.status.value}"]
    default = item.shown_default or item.default
    if default:
        facts.insert(0, f"*Default:* `{default}`")
    if item.unit:
        facts.insert(0, f"*Unit:* {item.unit}")
    if item.old_names:
        facts.append(f"*Old name:* {', '.join(item.old_names)}")
    yield " · ".join(facts) + "\n"
    yield f"{item.help[:1].upper()}{item.help[1:]}. {item.manual}".rstrip() + "\n"
    if item.reason:
        sentences = [item.reason, item.cure]
        if item.use_severity is Severity.ERROR:
            sentences = [
                item.reason,
                "; ".join(filter(None, ["it is refused", item.cure])),
            ]
        told = (f"{text[:1].upper()}{text[1:]}." for text in sentences if text)
        yield " ".join(told) + "\n"
    if item.name in _PARAMETERS:
        yield "\n".join(_parameters(_PARAMETERS[item.name])) + "\n"
    if item.differs:
        yield f"*Differs from Apache:* {item.differs}\n"


def _parameters(known: Parameters) -> Iterator[str]:
    """A row for each key: what it says, what holds without it, what is done of it."""
    yield "| key | meaning | default | |"
    yield "| --- | --- | --- | --- |"
    for one in known.table.values():
        default = one.written_default()
        notes = ["Apache has no such key"] * one.own
        if one.status is not Status.SERVED:
            notes.append(f"{one.status.value}: {one.reason}")
        unit = one.unit()
        if unit:
            notes.append(f"a number is {unit}")
        cells = (f"`{one.key}=`", one.help, f"`{default}`" if default else "")
        row = (cell.replace("|", r"\|") for cell in (*cells, "; ".join(notes)))
        yield f"| {' | '.join(row)} |"


def _places(item: Directive) -> str:
    names = (
        (Context.SERVER, "server"),
        (Context.VHOST, "vhost"),
        (Context.SECTION, "sections"),
        (Context.PROXY, "proxy"),
    )
    return ", ".join(name for context, name in names if context in item.contexts)


def _lists(items: Iterable[Directive]) -> Iterator[str]:
    """One paragraph for each module: what happens, and its words."""
    order = {Severity.NOTE: 0, Severity.WARNING: 1, Severity.ERROR: 2}
    words = {
        Severity.NOTE: "taken with a note",
        Severity.WARNING: "taken with a warning",
        Severity.ERROR: "refused",
    }
    rows = sorted(
        items, key=lambda item: (order[item.use_severity or Severity.NOTE], item.module)
    )
    for (severity, module), group in groupby(
        rows, key=lambda item: (item.use_severity or Severity.NOTE, item.module)
    ):
        members = list(group)
        names = ", ".join(f"`{item.shown_name}`" for item in members)
        yield f"**{module}** ({words[severity]}): {names}. {members[0].reason}.\n"


if __name__ == "__main__":
    print(document(collect()), end="")
