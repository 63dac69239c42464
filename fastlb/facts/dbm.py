"""Files of pairs that mod_authn_dbm and mod_authz_dbm ask: SDBM, as htdbm makes it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DbmFile:
    """path: as it is written; two files begin with it, and one holds the pairs."""

    path: str

    @property
    def pages(self) -> str:
        """The file that is read, and that changes with each pair."""
        return f"{self.path}.pag"
