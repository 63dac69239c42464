"""One site, module or conf on or off, as Debian's a2enmod does, and undone.

Messages, order and exit status are a2enmod's (apache2 2.4.71), but for what it does
beside: it records who has asked in /var/lib/apache2, and switches htcacheclean on.
"""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from fastlb.cli.enabled.layout import Kind, Layout, said_in

ESSENTIAL = frozenset(
    {
        *("alias", "auth_basic", "authn_file", "authz_host", "authz_user"),
        *("autoindex", "deflate", "dir", "env", "filter", "logio", "mime"),
        *("negotiation", "setenvif", "unixd", "version", "watchdog"),
    }
)
CONSENT = "Yes, do as I say!"
WARNED = f"""\
WARNING: The following essential module will be disabled.
This might result in unexpected behavior and should NOT be done
unless you know exactly what you are doing!
 %s

To continue type in the phrase '{CONSENT}' or retry by passing '--force': """


class AbortedError(Exception):
    """Nobody wants it after all, or the system refuses; str() is why."""


@dataclass(slots=True)
class Switch:
    """What turns on or off, and what it has done so far.

    ask      reads a line of who asks for it
    changed  (link, the text of it before, and now); None: there is no link
    """

    layout: Layout
    enables: bool
    quiet: bool = False
    force: bool = False
    purge: bool = False
    ask: Callable[[], str] = lambda: sys.stdin.readline()  # noqa: PLW0108 - of now
    changed: list[tuple[str, str | None, str | None]] = field(default_factory=list)

    def turn(self, name: str) -> bool:
        """One of them; False when that was not possible."""
        kind = self.layout.kind
        if kind is Kind.MODULE and self.enables and name == "cgi" and self._threaded():
            _say("Your MPM seems to be threaded. Selecting cgid instead of cgi.")
            name = "cgid"
        if not os.path.exists(self._target(name)):
            return self._missing(name)
        if not self._may(name):
            return False
        return self._enable(name) if self.enables else self._disable(name)

    def undo(self) -> None:
        """Take back what was done, the last first."""
        for link, before, now in reversed(self.changed):
            if now is not None:
                os.unlink(link)
            if before is not None:
                os.symlink(before, link)
        self.changed.clear()

    # --- whether

    def _missing(self, name: str) -> bool:
        """There is nothing of that name; but a link may have been left over."""
        link = self._link(name)
        if _is_dangling(link):
            if not self.enables:
                for left in (link, self._link(name, ".conf")):
                    if _is_dangling(left):
                        self._info(f"removing dangling symlink {left}")
                        self._unlink(left)
                return True
            _error(f"{link} is a dangling symlink!")
        if self.purge:
            return True
        _error(f"{self._title} {name} does not exist!")
        return False

    def _may(self, name: str) -> bool:
        target = self._target(name)
        if self.layout.kind is not Kind.MODULE:
            return not self.enables or self._needs_are_met(name, target)
        if not self.enables:
            return self._is_free(name)
        for other in said_in(target, "Depends"):
            self._info(f"Considering dependency {other} for {name}:")
            if not self.turn(other):
                _error(f"Could not enable dependency {other} for {name}, aborting")
                return False
        return self._has_no_conflict(name, said_in(target, "Conflicts"))

    def _needs_are_met(self, name: str, target: str) -> bool:
        """Modules that a site or conf says it depends on: they are not enabled."""
        modules = self.layout.of(Kind.MODULE).enabled
        for other in said_in(target, "Depends"):
            self._info(f"Checking dependency {other} for {name}:")
            if not os.path.exists(os.path.join(modules, f"{other}.load")):
                sys.stderr.write(
                    f"WARNING: Module {other} is not enabled, but {name} depends on it,"
                    " aborting\n"
                )
                return False
        return True

    def _has_no_conflict(self, name: str, others: list[str]) -> bool:
        is_free = True
        for other in others:
            self._info(f"Considering conflict {other} for {name}:")
            if self._state(self._target(other), self._link(other)) == "ok":
                _error(
                    f"Module {other} is enabled - cannot proceed due to conflicts."
                    " It needs to be disabled first!"
                )
                is_free = False
        return is_free

    def _is_free(self, name: str) -> bool:
        """No enabled module depends on it, or all those go as well."""
        loads = sorted(glob.glob(glob.escape(self.layout.enabled) + "/*.load"))
        depending = [
            os.path.basename(path).removesuffix(".load")
            for path in loads
            if os.path.exists(path) and name in said_in(path, "Depends")
        ]
        if depending and not self.force:
            _error(
                f"The following modules depend on {name} and need to be disabled first:"
                f" {' '.join(depending)}"
            )
            return False
        for other in depending:
            self._info(f"Considering dependency {other} for {name}:")
            if not self.turn(other):
                _error(f"Could not disable dependency {other} for {name}, aborting")
                return False
        return True

    # --- and how

    def _enable(self, name: str) -> bool:
        target, link = self._target(name), self._link(name)
        state = self._state(target, link)
        if state not in ("ok", "missing"):
            _error(f"{self._title} {name} not properly enabled: {state}")
            return False
        settings = self._settings(name)
        if settings is not None:
            missing = self._state(*settings)
            if missing not in ("ok", "missing"):
                _error(f"Config file {name}.conf not properly enabled: {missing}")
                return False
            if missing == "missing":
                if state == "ok":
                    _say(f"Enabling config file {name}.conf.")
                self._add(*settings)
                if state == "ok":
                    return True
        if state == "ok":
            self._info(f"{self._title} {name} already enabled")
            return True
        _say(f"Enabling {self.layout.kind.word} {name}.")
        self._add(target, link)
        return True

    def _disable(self, name: str) -> bool:
        link, settings = self._link(name), self._settings(name)
        if os.path.lexists(link):
            is_module = self.layout.kind is Kind.MODULE
            if is_module and name in ESSENTIAL and not self.force:
                self._warn_of(name)
            self._remove(link)
            if settings is not None and os.path.exists(settings[1]):
                self._remove(settings[1])
            _say(f"{self._title} {name} disabled.")
        elif settings is not None and os.path.exists(settings[1]):
            _say(f"Disabling stale config file {name}.conf.")
            self._remove(settings[1])
        else:
            self._info(f"{self._title} {name} already disabled")
        return True

    def _warn_of(self, name: str) -> None:
        sys.stdout.write(WARNED % name)
        sys.stdout.flush()
        if self.ask().rstrip("\n") != CONSENT:
            raise AbortedError("Aborting")

    def _state(self, target: str, link: str) -> str:
        """ok, missing, or what is wrong with the link."""
        if not os.path.exists(link):
            if os.path.islink(link):
                self._info(f"Removing dangling link {link}")
                self._unlink(link)
            return "missing"
        if not os.path.islink(link):
            return f"{link} is a real file, not touching it"
        if os.path.realpath(link) != os.path.realpath(target):
            return f"{link} exists but does not point to {target}, not touching it"
        return "ok"

    def _add(self, target: str, link: str) -> None:
        folder = os.path.dirname(link)
        text = os.path.relpath(target, folder)
        try:
            os.makedirs(folder, exist_ok=True)
            os.symlink(text, link)
        except OSError as problem:
            said = f"Could not create {link}: {problem.strerror}"
            raise AbortedError(said) from problem
        self.changed.append((link, None, text))

    def _remove(self, link: str) -> None:
        if os.path.islink(link):
            self._unlink(link)
        else:
            _error(f"{link} is not a symbolic link, not deleting")

    def _unlink(self, link: str) -> None:
        try:
            before = os.readlink(link)
            os.unlink(link)
        except OSError as problem:
            said = f"Could not remove {link}: {problem.strerror}"
            raise AbortedError(said) from problem
        self.changed.append((link, before, None))

    def _threaded(self) -> bool:
        """By what is enabled: httpd itself is not asked."""
        mpms = ("mpm_worker", "mpm_event")
        return any(os.path.exists(self._link(mpm)) for mpm in mpms)

    # --- names

    @property
    def _title(self) -> str:
        return self.layout.kind.word.capitalize()

    def _target(self, name: str, suffix: str = "") -> str:
        end = suffix or self.layout.kind.suffix
        return os.path.join(self.layout.available, name + end)

    def _link(self, name: str, suffix: str = "") -> str:
        end = suffix or self.layout.kind.suffix
        return os.path.join(self.layout.enabled, name + end)

    def _settings(self, name: str) -> tuple[str, str] | None:
        """(file, link) of what a module's settings are, where it has any."""
        if self.layout.kind is not Kind.MODULE:
            return None
        target = self._target(name, ".conf")
        return (target, self._link(name, ".conf")) if os.path.exists(target) else None

    def _info(self, text: str) -> None:
        if not self.quiet:
            _say(text)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _error(text: str) -> None:
    sys.stdout.flush()
    sys.stderr.write(f"ERROR: {text}\n")


def _is_dangling(link: str) -> bool:
    return os.path.islink(link) and not os.path.exists(link)
