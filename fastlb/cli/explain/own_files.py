"""What a file's path would be answered with, by what is there now (flow/files.pyx)."""

from __future__ import annotations

import os
from collections.abc import Sequence

from fastlb.facts.files import INDEXES, FileOptions
from fastlb.facts.vhost import DirConf


def at_path(
    path: str, has_slash: bool, confs: Sequence[DirConf], *, lists: bool
) -> tuple[int, str, str]:
    """(status, why, "the file PATH" or "a listing of PATH" of 200).

    has_slash  what was asked for ends so
    lists      Model.lists_directories
    """
    if os.path.isfile(path):
        return 200, "it is there", f"the file {path}"
    fallback = ""
    names: tuple[str, ...] = ("index.html",)
    slash = True
    options: FileOptions | None = None
    for conf in confs:
        if conf.fallback_resource is not None:
            fallback = conf.fallback_resource
        if conf.directory_index is not None:
            names = conf.directory_index.names
        if conf.directory_slash is not None:
            slash = conf.directory_slash
        if conf.file_options is not None:
            options = conf.file_options.over(options)
    if os.path.isdir(path):
        if not has_slash and slash:
            return 301, f"{path} is a directory: a slash is put behind its path", ""
        found = [os.path.join(path, name) for name in names if has_slash]
        for one in filter(os.path.isfile, found):
            why = f"DirectoryIndex of the directory {path}"
            return 200, why, f"the file {one}"
    if fallback:
        return 200, "there is no such file", f"FallbackResource {fallback}"
    if os.path.isdir(path):
        why = f"{path} is a directory without any of its DirectoryIndex"
        if lists and options is not None and options.on & INDEXES:
            return 200, f"{why}, and Options Indexes holds", f"a listing of {path}"
        return 403, why, ""
    return 404, f"{path} is no file", ""
