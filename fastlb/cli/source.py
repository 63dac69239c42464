"""Where the configuration of a command line comes from."""

from __future__ import annotations

import os

from fastlb.cli.options import Options
from fastlb.config.distribution import home_of
from fastlb.master.loading import Source


def source_of(options: Options, default_root: str, default_file: str) -> Source:
    """Where this command line's configuration comes from.

    A file of -f that is there from where one stands is meant, though httpd looks only
    below ServerRoot, and in a tree whose shape is known ServerRoot need not be said.
    """
    root = options.server_root or default_root
    path = os.path.abspath(os.path.join(root, options.config_file or default_file))
    if options.config_file and not (options.server_root and os.path.exists(path)):
        standing = os.path.abspath(options.config_file)
        path = standing if os.path.exists(standing) else path
    environ = dict(os.environ)
    home = home_of(path, environ, options.server_root)
    found = home is not None and options.server_root is None
    if home is not None:
        root = home.root if found else root
        environ = {**home.variables, **environ}
    return Source(
        config_file=path,
        server_root=root,
        defines=options.defines,
        before=options.before,
        after=options.after,
        environ=environ,
        strict=options.strict,
        root_is_found=found,
        remarks=home.remarks if home is not None else (),
    )
