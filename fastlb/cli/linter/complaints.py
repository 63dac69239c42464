"""All that `-t` has to say of a configuration, in one list."""

from __future__ import annotations

from collections.abc import Iterable

from fastlb.base.errors import Diagnostic, Severity, sort_by_place
from fastlb.cli import member_names
from fastlb.cli.explain import expect
from fastlb.master import map_seats, privileges
from fastlb.master.errors import StartError
from fastlb.master.loading import Loaded
from fastlb.master.master import PROGRAM


def complaints(loaded: Loaded, more: Iterable[Diagnostic] = ()) -> list[Diagnostic]:
    """In the order of the files, with more of the caller's."""
    found = [*loaded.diagnostics, *more]
    if loaded.model is not None:
        try:
            identity = privileges.look_up(loaded.model.process, PROGRAM)
            map_seats.look_up(loaded.model, identity, PROGRAM)
        except StartError as error:
            text, *rest = map(str.strip, str(error).splitlines())
            why, cure = rest if len(rest) == 2 else ("", "")
            found.append(
                Diagnostic(Severity.ERROR, "FB0901", "", 0, 0, "", text, why, cure)
            )
        else:
            found += expect.check(loaded.model, loaded.tree)
            found += member_names.check(loaded.model, identity)
    return sort_by_place(found, [path for path, _, _ in loaded.tree.files])
