"""Versions of fastlb beside each other, for whoever upgrades from one to another."""

from __future__ import annotations

import os
import zlib
from collections.abc import Mapping
from pathlib import Path

import fastlb

PACKAGE = Path(fastlb.__file__).parent
VERSION = 'VERSION: Final = "0.1.0"'


class Versions:
    """A directory for each version, and a link to the one that is installed now."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._link = folder / "current"
        self.install("0.1.0")

    @property
    def environ(self) -> dict[str, str]:
        """For a server that runs what the link leads to."""
        return {"PYTHONPATH": str(self._link), "PYTHONSAFEPATH": "1"}

    def install(self, version: str, changes: Mapping[str, str] | None = None) -> None:
        """changes: to files of the package, what is to stand at their end."""
        made = self._folder / f"fastlb-{version}"
        if not made.exists():
            told = PACKAGE / "base" / "version.py"
            text = told.read_text()
            assert VERSION in text
            other = VERSION.replace("0.1.0", version)
            copied(made / "fastlb", {"base/version.py": text.replace(VERSION, other)})
            for name, end in (changes or {}).items():
                put(made / "fastlb", name, (PACKAGE / name).read_text() + end)
        new = self._folder / "new"
        new.symlink_to(made)
        new.rename(self._link)


def copied(place: Path, files: Mapping[str, str]) -> None:
    """The package by links, but for these files."""
    place.mkdir(parents=True)
    for one in PACKAGE.iterdir():
        if one.suffix != ".c":
            (place / one.name).symlink_to(one)
    for name, text in files.items():
        put(place, name, text)


def put(place: Path, name: str, text: str) -> None:
    """Instead of the file that the link leads to."""
    folder = (place / name).parent
    if folder.is_symlink():
        real = Path(os.readlink(folder))
        folder.unlink()
        folder.mkdir()
        for one in real.iterdir():
            if one.name != "__pycache__":  # of the sources: it is theirs
                (folder / one.name).symlink_to(one)
    (place / name).unlink()
    (place / name).write_text(text)
    # Python tells bytecode by path, second and size of its source, and all versions
    # have one path: two that are made within one second would be one to it.
    made_s = zlib.crc32(text.encode())
    os.utime(place / name, (made_s, made_s))
