"""Merge the drafts and freeze them into the model.

Main server before virtual host, defaults before both. Here the balancers get their
indexes. A virtual host that uses a balancer of the main server shares it, members and
elections, with every other host that does (as observed: two hosts in turn are one
sequence). If it gives it other settings it has them for itself, still over the same
members.
"""

from __future__ import annotations

import os.path
from dataclasses import replace
from typing import Final

from fastlb.base.limits import MEMBER_KEY_BYTES_MAX
from fastlb.base.version import VERSION
from fastlb.config.modules import process_model
from fastlb.config.registry import Scope
from fastlb.config.tree import Tree
from fastlb.facts.balancer import Balancer
from fastlb.facts.labels import Mime
from fastlb.facts.mapping import Mapping
from fastlb.facts.member import Member, Remote
from fastlb.facts.regex import freeze_regexes
from fastlb.facts.rewrite import RewriteServer
from fastlb.facts.rules import ReverseMap
from fastlb.facts.server import DOCUMENT_ROOT, Model, ProcessSettings
from fastlb.facts.tls import TlsMember
from fastlb.facts.vhost import (
    DirConf,
    IfSection,
    ReadLimit,
    Section,
    VHost,
    every_conf,
)
from fastlb.facts.words import Compat
from fastlb.model.deciding import deciding_variables
from fastlb.model.drafts import (
    ConfDraft,
    Drafts,
    MappingDraft,
    MemberDraft,
    ReverseDraft,
    SectionDraft,
    Values,
)
from fastlb.model.freeze_members import freeze_balancer, freeze_member
from fastlb.model.freeze_rewrite import rewrite_dir, rewrite_server
from fastlb.model.merge import (
    EffectiveBalancer,
    effective_balancer,
    inherits_passes,
    merge_conf,
)
from fastlb.model.pages import controller_mapping, with_pages
from fastlb.model.proxy_sections import (
    TargetSections,
    bound_sections,
    sections_for_targets,
)
from fastlb.model.request_ids import with_ids
from fastlb.model.resolve_access import access_rule
from fastlb.model.resolve_files import frozen, in_order
from fastlb.model.resolve_labels import members_have_types, packed_types
from fastlb.model.resolve_ldap import with_server
from fastlb.model.resolve_listing import lists_directories
from fastlb.model.resolve_logs import LogTargets, access_logs, error_formats
from fastlb.model.resolve_providers import providers_with_server, rule_with_server
from fastlb.model.resolve_remote import remote_of
from fastlb.model.resolve_remoteip import remote_proxies
from fastlb.model.resolve_server import (
    absolute,
    fields_of,
    presets,
    shared,
)
from fastlb.model.resolve_tls import (
    connect_ports,
    member_tls,
    server_tls,
    sni_groups,
)
from fastlb.model.resolve_vhosts import (
    address_sets,
    listeners,
    own_name,
    own_port,
    vhost_ids,
)
from fastlb.model.targets import TLS_SCHEMES

_PATHS: Final = (
    *("server_root", "document_root", "runtime_dir", "pid_file"),
    "heartbeat_storage",
)

APACHE_REQUEST_WORKERS: Final = {
    "mpm_prefork": 256,
    "mpm_worker": 400,
    "mpm_event": 400,
}
"""MaxRequestWorkers where it is not written, under `Compat apache`.

Differs from Apache: otherwise there is no bound but file descriptors, since a
connection costs a few hundred bytes here and not a process.
"""


def freeze(run: Drafts, tree: Tree, host_name: str) -> Model:
    """The model of everything collected in run. host_name: for a missing ServerName."""
    freezer = _Freezer(run, host_name)
    vhosts = tuple(freezer.server(index) for index in range(len(run.vhosts) + 1))
    sets = address_sets(run.vhosts)
    for vhost in vhosts:
        for conf in every_conf(vhost):
            assert conf.mime is None or conf.mime.table  # made here, for all workers
    return Model(
        defines=tuple(name for name, _ in tree.defines),
        modules=tree.modules,
        compat=run.process.compat,
        process=process_settings(run),
        listeners=listeners(run),
        vhosts=vhosts,
        address_sets=sets,
        balancers=tuple(freezer.balancers),
        members=tuple(freezer.members),
        log_targets=freezer.log_targets.freeze(),
        regexes=freeze_regexes(run.regexes),
        deciding_variables=deciding_variables(vhosts),
        mime_types=packed_types(run),
        types_of_members=members_have_types(run, vhosts),
        lists_directories=lists_directories(run),
    )


def process_settings(run: Drafts) -> ProcessSettings:
    """The process directives with their defaults."""
    said = run.process.values
    values = {**presets(Scope.PROCESS), "document_root": DOCUMENT_ROOT, **said}
    mpm = process_model(run.modules)
    if run.process.compat is not Compat.APACHE:
        values["async_factor"] = -1
    else:
        if mpm != "mpm_event":
            values["async_factor"] = 0
        if "max_request_workers" not in said:
            values["max_request_workers"] = APACHE_REQUEST_WORKERS[mpm]
    values["server_root"] = ""
    values["pid_file"] = values["pid_file"] or f"{values['runtime_dir']}/fastlb.pid"
    storage = values["heartbeat_storage"] or "hb.dat"
    values["heartbeat_storage"] = os.path.join(values["runtime_dir"], storage)
    for name in _PATHS:
        values[name] = absolute(run, values[name])
    if values["control_socket"] is not None:
        is_off = values["control_socket"].lower() == "off"
        said_path = values["control_socket"]
        values["control_socket"] = "" if is_off else absolute(run, said_path)
    values["start_servers"] = max(1, said.get("start_servers", run.cpu_count))
    return ProcessSettings(**fields_of(ProcessSettings, values))


class _Freezer:
    """Gives indexes to balancers, members and log targets while servers freeze."""

    def __init__(self, run: Drafts, host_name: str) -> None:
        self.run = run
        self.balancers: list[Balancer] = []
        self.members: list[Member] = []
        self.log_targets = LogTargets()
        self._drafts = [run.main, *run.vhosts]
        main = run.main.settings
        defaults = presets(Scope.SERVER)
        if (
            run.process.compat is Compat.APACHE
            and "reqtimeout_module" not in run.modules
        ):
            # Where Apache does not load it, nothing of it holds.
            defaults |= dict.fromkeys(("read_header", "read_body"), ReadLimit())
        self._settings: list[Values] = [
            {**defaults, **main, **draft.settings} for draft in self._drafts
        ]
        self._names = [own_name(one, run.main) or host_name for one in self._drafts]
        self._ids = ["", *vhost_ids(run.vhosts, self._names[1:])]
        self._balancer_indexes: dict[tuple[int, str], int] = {}
        self._direct_indexes: dict[
            tuple[int, TlsMember | None, Remote | None], int
        ] = {}
        self._owners = {
            id(member): place
            for place, draft in enumerate(self._drafts)
            for member in draft.direct_members
        }
        self._tls = [server_tls(run, draft) for draft in self._drafts]
        self._tls_groups = sni_groups(run, self._tls)
        self._keys: set[str] = set()
        # Of drafts that hold alike in every server: frozen once, by their id
        self._confs_alike: dict[int, DirConf] = {}
        self._sections_alike: dict[int, Section] = {}
        self._main_mime: Mime | None = None
        self._controller = controller_mapping()

    def server(self, index: int) -> VHost:
        """The main server (index 0) or virtual host number index."""
        draft, settings = self._drafts[index], self._settings[index]
        main = self.run.main
        for name in draft.balancers:
            self._balancer(index, name)
        section_drafts = self.run.sections_of(draft)
        bound = sections_for_targets(section_drafts)
        mapping_drafts = list(main.mappings)
        if index:
            if not inherits_passes(main, draft, self.run.process.compat):
                mapping_drafts = []
            mapping_drafts += draft.mappings
        mappings = tuple(self._mapping(index, item, bound) for item in mapping_drafts)
        sections = tuple(self._section(index, item, bound) for item in section_drafts)
        default = self._conf(index, main.default, bound)
        if default.mime is not None:
            default = replace(default, mime=self._mime_of_main(default.mime))
        if index:
            own = self._conf(index, draft.default, bound)
            default = merge_conf(default, own)
        levels = {**main.log_levels, **draft.log_levels}
        error_log = settings["error_log"]
        if error_log and not error_log.startswith(("|", "syslog")):
            error_log = absolute(self.run, error_log)
        ports = connect_ports(self.run, draft) if settings["proxy_requests"] else ()
        node = draft.node
        values = {
            **settings,
            "index": index,
            "vhost_id": self._ids[index],
            "server_name": self._names[index],
            "server_port": own_port(draft, main),
            "aliases": tuple(draft.aliases),
            "written_names": tuple(draft.written_names),
            "mappings": mappings,
            "default_conf": with_ids(default, settings),
            "sections": sections,
            "balancers": self._shown_balancers(index),
            "server_tokens": server_tokens(self.run.process.values),
            "access_logs": access_logs(self.run, draft, self.log_targets),
            "error_log": error_log,
            "error_formats": error_formats(main, draft),
            "log_levels": tuple(sorted(levels.items())),
            "file": node.file if node else "",
            "line": node.line if node else 0,
            "registered_methods": tuple(self.run.process.methods),
            "file_sections": frozen(
                in_order(main, draft), lambda item: self._conf(index, item, bound)
            ),
            "file_aliases": (
                *draft.file_aliases,
                *(main.file_aliases if index else ()),
            ),
            "access_file_names": (
                draft.access_file_names or main.access_file_names or (".htaccess",)
            ),
            "tls": self._tls[index],
            "tls_group": self._tls_groups[index],
            "connect_ports": ports,
            "rewrite": self._rewrite(index, bound),
            "remote_ip_proxies": remote_proxies(main, draft),
            "health_conditions": tuple(draft.health_conditions.values()),
            "balancer_persist": draft.settings.get(
                "balancer_persist", self.run.process.compat is not Compat.APACHE
            ),
            "document_root": (
                draft.rewrite.document_root
                or main.rewrite.document_root
                or DOCUMENT_ROOT
            ).rstrip("/"),
        }
        return with_pages(
            VHost(**fields_of(VHost, values)),
            lambda: self._mapping(index, self._controller, ()),
        )

    def _mime_of_main(self, mime: Mime) -> Mime:
        """Made once, for its table is made with it."""
        if self._main_mime is None:
            self._main_mime = mime.of_main_server()
        return self._main_mime

    def _rewrite(self, index: int, bound: TargetSections) -> RewriteServer | None:
        main, draft = self.run.main, self._drafts[index]
        drafts = list(draft.rewrite.mappings)
        if index:
            drafts += main.rewrite.mappings
        targets = tuple(self._mapping(index, item, bound) for item in drafts)
        return rewrite_server(main, draft, targets, DOCUMENT_ROOT)

    def _shown_balancers(self, index: int) -> tuple[int, ...]:
        """First the main server's that it does not mention, then its own (as Apache).

        Of those that it inherits and does not change the main server's is shown.
        """
        main, own = self.run.main.balancers, self._drafts[index].balancers
        shown: list[int] = []
        for name in (*(name for name in main if name not in own), *own):
            place = self._balancer_indexes.get((index, name))
            shown.append(self._balancer(0, name) if place is None else place)
        return tuple(shown)

    def _balancer(self, server: int, name: str) -> int:
        """Index of a balancer as a server sees it; -1 when it does not exist there."""
        known = self._balancer_indexes.get((server, name))
        if known is not None:
            return known
        found = effective_balancer(self.run.main, self._drafts[server], name)
        if found is None:
            return -1
        index = self._find_inherited(server, name, found)
        if index < 0:
            index = len(self.balancers)
            key = name + (f"@{self._ids[server]}" if server else "")
            first = len(self.members)
            needs_route = found.params["own_cookie"] is not None
            for member in found.members:
                remote = self._remote(server, member)
                member_key = f"{key} {member.target.url}{_via(remote)}"
                self._check_key(member, member_key)
                self.members.append(
                    freeze_member(
                        member,
                        member_key,
                        index,
                        self._settings[server],
                        tls=self._member_tls(server, member, name),
                        remote=remote,
                        compat=self.run.process.compat,
                        upgrade=found.upgrade,
                        needs_route=needs_route,
                    )
                )
            places = tuple(range(first, len(self.members)))
            self.balancers.append(freeze_balancer(found, key, places))
        self._balancer_indexes[server, name] = index
        return index

    def _find_inherited(self, server: int, name: str, found: EffectiveBalancer) -> int:
        """Index of a balancer over the main server's members; -1: it has its own.

        Its own it has, too, where they could not be counted together (the method is
        another), not be named alike (a cookie of its own needs routes) or not be
        reached alike (ProxySourceAddress, ProxyRemote, SSLProxy* or upgrade= are
        others).
        """
        if server == 0 or not found.has_main_members:
            return -1
        home = self._balancer(0, name)
        original = self.balancers[home]
        for place, member in zip(original.members, found.members, strict=True):
            if self._member_tls(server, member, name) != self.members[place].tls:
                return -1
            if self._remote(server, member) != self.members[place].remote:
                return -1
        balancer = freeze_balancer(found, original.key, original.members)
        here, there = self._settings[server], self._settings[0]
        if (
            balancer.lbmethod != original.lbmethod
            or (balancer.own_cookie is None) != (original.own_cookie is None)
            or found.upgrade != self.run.main.balancers[name].upgrade
            or here["proxy_source_address"] != there["proxy_source_address"]
        ):
            return -1
        if replace(balancer, file=original.file, line=original.line) == original:
            return home
        self.balancers.append(balancer)
        return len(self.balancers) - 1

    def _direct_member(self, user: int, member: MemberDraft, target: str) -> int:
        """Index of a direct member, made once for all mappings that share it.

        user: the server of the mapping; its SSLProxy* and ProxyRemote hold for the
        target, and where they are others the member is another.
        """
        tls = self._member_tls(user, member, target)
        remote = self._remote(user, member)
        known = self._direct_indexes.get((id(member), tls, remote))
        if known is not None:
            return known
        server = self._owners.get(id(member), 0)
        key = base = f"direct {member.target.url}{_via(remote)}" + (
            f"@{self._ids[server]}" if server else ""
        )
        number = 1
        while key in self._keys:
            number += 1
            key = f"{base}#{number}"
        self._keys.add(key)
        self._check_key(member, key)
        index = len(self.members)
        self._direct_indexes[id(member), tls, remote] = index
        self.members.append(
            freeze_member(
                member,
                key,
                -1,
                self._settings[server],
                tls=tls,
                remote=remote,
                compat=self.run.process.compat,
            )
        )
        return index

    def _check_key(self, member: MemberDraft, key: str) -> None:
        """By its key a member is found again after a reload."""
        size = len(key.encode())
        if size > MEMBER_KEY_BYTES_MAX:
            self.run.report.error(
                member.node,
                "FB0377",
                f"a member's balancer and URL have {size} bytes together, more than"
                f" {MEMBER_KEY_BYTES_MAX}: {member.target.url[:60]}...",
                why="under both it is known to all workers, and over reloads",
                cure="write a shorter URL; a longer path may be made by a RewriteRule"
                " with [P]",
                word=member.target.url,
            )

    def _remote(self, server: int, draft: MemberDraft) -> Remote | None:
        return remote_of(self.run, self._drafts[server], draft.target)

    def _member_tls(
        self, server: int, draft: MemberDraft, target: str
    ) -> TlsMember | None:
        if draft.target.scheme not in TLS_SCHEMES:
            return None
        return member_tls(self.run, self._drafts[server], target)

    def _mapping(
        self, server: int, draft: MappingDraft, bound: TargetSections
    ) -> Mapping:
        balancer = (
            -1 if draft.balancer is None else self._balancer(server, draft.balancer)
        )
        member_index = -1
        if draft.member is not None:
            member_index = self._direct_member(server, draft.member, draft.target)
        timeout_ms = draft.member.params["timeout_ms"] if draft.member else None
        sections, dynamic = bound_sections(draft.target, bound)
        return Mapping(
            balancer_index=balancer,
            member_index=member_index,
            proxy_sections=sections,
            proxy_sections_dynamic=dynamic,
            timeout_ms=timeout_ms,
            **shared(Mapping, draft, draft.node),
        )

    def _section(
        self, server: int, draft: SectionDraft, bound: TargetSections
    ) -> Section:
        known = self._sections_alike.get(id(draft))
        if known is not None:
            return known
        conf = self._conf(server, draft.draft, bound)
        section = Section(conf=conf, **shared(Section, draft, draft.node))
        if draft.draft.holds_alike:
            self._sections_alike[id(draft)] = section
        return section

    def _conf(self, server: int, draft: ConfDraft, bound: TargetSections) -> DirConf:
        known = self._confs_alike.get(id(draft))
        if known is not None:
            return known
        conf = self._frozen_conf(server, draft, bound)
        if draft.holds_alike:
            self._confs_alike[id(draft)] = conf
        return conf

    def _frozen_conf(
        self, server: int, draft: ConfDraft, bound: TargetSections
    ) -> DirConf:
        said = draft.values()
        mapping = None
        if draft.mapping is not None:
            mapping = self._mapping(server, draft.mapping, bound)
        asked = said.get("auth_request")
        if asked is not None and draft.asked is not None:
            asked = replace(asked, mapping=self._mapping(server, draft.asked, bound))
        handled = None
        if draft.handled is not None:
            # As observed: no <Proxy> holds for what a handler leads to.
            handled = self._mapping(server, draft.handled, ())
        lines = {name: tuple(places) for name, places in draft.lines.items()}
        if draft.reverse_maps:
            nodes = [item.node for item in draft.reverse_maps]
            lines["reverse_maps"] = tuple((node.file, node.line) for node in nodes)
        said |= {
            "lines": lines,
            "mapping": mapping,
            "handler_mapping": handled,
            "auth_request": asked,
            "reverse_maps": tuple(self._reverse(server, r) for r in draft.reverse_maps),
            "access": rule_with_server(self.run, access_rule(draft)),
            "auth_basic_providers": providers_with_server(
                self.run, said.get("auth_basic_providers")
            ),
            "auth_ldap": with_server(self.run, said.get("auth_ldap")),
            "rewrite": rewrite_dir(draft.rewrite),
            "ifs": tuple(
                IfSection(
                    item.condition,
                    item.is_else,
                    self._conf(server, item.draft, bound),
                    item.node.file,
                    item.node.line,
                )
                for item in draft.ifs
            ),
        }
        return DirConf(**said)

    def _reverse(self, server: int, draft: ReverseDraft) -> ReverseMap:
        index = -1 if draft.balancer is None else self._balancer(server, draft.balancer)
        return ReverseMap(draft.path, draft.url, index, draft.interpolate)


def server_tokens(values: Values) -> str:
    """The Server header's value, by ServerTokens."""
    major, minor, *_ = VERSION.split(".")
    return {
        "Full": f"fastlb/{VERSION} (Linux)",
        "OS": f"fastlb/{VERSION} (Linux)",
        "Min": f"fastlb/{VERSION}",
        "Minor": f"fastlb/{major}.{minor}",
        "Major": f"fastlb/{major}",
        "Prod": "fastlb",
    }[values.get("server_tokens", "Full")]


def _via(remote: Remote | None) -> str:
    """What a member's key says of the proxy through which it is reached."""
    return "" if remote is None else f" via {remote.host}:{remote.port}"
