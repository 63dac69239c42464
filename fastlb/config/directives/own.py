"""Directives that Apache does not have."""

from __future__ import annotations

from fastlb.config.checks import Choice
from fastlb.config.registry import Args, Directive, S

FASTLB = "fastlb"

DIRECTIVES = (
    Directive(
        "Compat",
        FASTLB,
        S,
        Args.ONE,
        "apache|better",
        "which side wins where fastlb and Apache decide apart",
        default="better",
        manual=(
            "With apache the decisions are Apache's, also those that fastlb thinks"
            " wrong: misspelled directives of published tutorials are errors, a"
            " refused member waits for its retry= time, a reload forgets the state of"
            " members. docs/differences-from-apache.md lists each of them, and the few"
            " that keep a connection safe and stay. It holds for the whole"
            " configuration wherever it stands, also as -C 'Compat apache'; the last"
            " one counts."
        ),
        differs="Apache has no such directive.",
        check=Choice(("apache", "better")),
    ),
)
