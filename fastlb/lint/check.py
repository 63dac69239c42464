"""From a tree to a model that was looked over: what `-t`, a start and a reload do.

What Apache swallows although it cannot work, or not as it was meant, is a warning (an
error under `-t --strict`) or a note; what its start would refuse is an error.

    check.py --+-- servers.py      Listen, <VirtualHost>, logs
               +-- balancers.py    balancers and their members
               +-- mappings.py     what goes where
               +-- rules.py        Header lines and variables
               +-- forward.py      ProxyRequests
               +-- remote.py       ProxyRemote
               +-- files.py        what httpd would run or read on the disk
               +-- logs.py         where logs go
               +-- users.py        AuthUserFile, AuthGroupFile
               +-- variables.py    how many variables there are
               +-- tls_hosts.py    certificates, and all that SSL* lines say
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from fastlb.base.addresses import look_up
from fastlb.base.errors import Diagnostic
from fastlb.config.tree import Tree
from fastlb.facts.server import Model
from fastlb.lint.balancers import lint_balancers
from fastlb.lint.files import lint_files
from fastlb.lint.forward import lint_forward
from fastlb.lint.logs import lint_logs
from fastlb.lint.mappings import lint_mappings
from fastlb.lint.methods import lint_methods
from fastlb.lint.remote import lint_remote
from fastlb.lint.rules import lint_rules
from fastlb.lint.servers import lint_servers
from fastlb.lint.variables import lint_variables
from fastlb.model.drafts import Drafts, TlsLines
from fastlb.model.freeze import freeze
from fastlb.model.resolve import draft
from fastlb.model.targets import TLS_SCHEMES


def checked_model(
    tree: Tree,
    *,
    lenient: bool,
    environ: Mapping[str, str],
    cpu_count: int,
    lookup: Callable[[str], tuple[str, ...]] = look_up,
    host_name: str = "localhost",
    now: datetime | None = None,
) -> tuple[Model | None, list[Diagnostic]]:
    """The model of a tree, and every complaint in the order of the files.

    host_name   name of a server without ServerName
    now         for certificates; None: the time of the system
    returns     (None, diagnostics) when one of them is an error

    The others are those of `resolve.draft`.
    """
    run = draft(
        tree, lenient=lenient, environ=environ, cpu_count=cpu_count, lookup=lookup
    )
    lint(run, now or datetime.now(UTC))
    lint_files(run, tree.nodes)
    lint_logs(run, tree.nodes)
    files = [path for path, _, _ in tree.files]
    model = None if run.report.has_errors() else freeze(run, tree, host_name)
    if model is not None and not run.report.has_errors():
        lint_variables(run.report, tree, model)
    if run.report.has_errors():
        model = None
    return model, run.report.sorted(files)


def lint(run: Drafts, now: datetime) -> None:
    """Look over all drafts and report. now: for what expires."""
    lint_servers(run)
    lint_methods(run)
    lint_balancers(run)
    lint_mappings(run)
    lint_rules(run)
    lint_forward(run)
    lint_remote(run)
    if run.auth_files:
        # Before workers are forked, who use the same libraries
        from fastlb.lint.users import lint_users

        lint_users(run)
    if run.asks_directory:
        import fastlb.users.ldap  # noqa: F401 - before workers are forked, as well
    if _mentions_tls(run):
        # Its libraries are large: whoever has no TLS is spared them
        from fastlb.lint.tls_hosts import lint_tls_hosts

        lint_tls_hosts(run, now)


def _mentions_tls(run: Drafts) -> bool:
    lines = [server.tls for server in run.servers]
    lines += [item.tls for server in run.servers for item in server.sections]
    return (
        any(item != TlsLines() for item in lines)
        or any(protocol == "https" for _, _, protocol, _ in run.listens)
        or any(
            member.target.scheme in TLS_SCHEMES
            for server in run.servers
            for member in server.every_member()
        )
    )
