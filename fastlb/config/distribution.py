"""Trees as distributions ship them, known by their shape.

Debian's program has its ServerRoot built in, and apache2ctl sets what `${APACHE_...}`
means; of an RHEL tree, ServerRoot stands in the file. So that either can be checked
and served as it is, wherever it lies: the directory that a tree begins at, and what
`envvars` beside it exports.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from fastlb.base.errors import Diagnostic, Severity
from fastlb.config import envvars
from fastlb.config.lexer import configuration_text

_OF_DEBIAN = ("mods-enabled", "sites-enabled", "conf-enabled", "ports.conf")
_OF_RHEL = ("conf.modules.d", "conf.d")
_SHAPE = "ServerRoot is {}, by the shape of the tree"
_CONFDIR = "APACHE_CONFDIR"  # what apache2ctl tells envvars of the tree


@dataclass(frozen=True, slots=True)
class Home:
    """Where a tree begins, what its variables are, and what there is to say of it."""

    root: str
    variables: Mapping[str, str]
    remarks: tuple[Diagnostic, ...]


def home_of(
    config_file: str, environ: Mapping[str, str], root: str | None = None
) -> Home | None:
    """The tree around a file of this absolute path; None: it has no known shape.

    root: ServerRoot, where somebody has said it: then it is not the tree's.

    What environ has already is not looked up in envvars: whoever exports a variable
    means it.
    """
    directory, name = os.path.split(config_file)
    if name == "apache2.conf" and _has_any(directory, _OF_DEBIAN):
        return _debian(config_file, environ, root)
    own = os.path.dirname(directory)
    is_rhel = name == "httpd.conf" and os.path.basename(directory) == "conf"
    if root is None and is_rhel and _has_any(own, _OF_RHEL):
        return Home(own, {}, (_remark(config_file, _SHAPE.format(_shown(own))),))
    return None


def _debian(config_file: str, environ: Mapping[str, str], root: str | None) -> Home:
    own = os.path.dirname(config_file)
    path = os.path.join(own, "envvars")
    said = [_SHAPE.format(_shown(own))] if root is None else []
    before = {_CONFDIR: own, **environ}
    read = envvars.read_file(path, before) or envvars.Variables({}, ())
    found = {k: v for k, v in read.exported.items() if k not in before}
    if found:
        names = ", ".join(_shown(name) for name in sorted(found))
        said.append(f"{_shown(path)} gives {names}")
    remarks = [_remark(config_file, "; ".join(said))] if said else []
    for line, text in read.skipped:
        remark = Diagnostic(
            Severity.WARNING,
            "FB0161",
            _shown(path),
            line,
            0,
            "",
            f"not understood, and not run: {_shown(text)}",
            "the shell would run it; here variables are only read",
            "write export NAME=value, or export it where fastlb is started",
        )
        remarks.append(remark)
    return Home(root or own, found, tuple(remarks))


def _remark(config_file: str, text: str) -> Diagnostic:
    return Diagnostic(Severity.NOTE, "FB0160", _shown(config_file), 0, 0, "", text)


def _shown(text: str) -> str:
    return configuration_text(text)


def _has_any(directory: str, names: tuple[str, ...]) -> bool:
    return any(os.path.exists(os.path.join(directory, name)) for name in names)
