"""Text of `-S`: which virtual host serves what, and the settings of the run.

Scripts read these forms, so that they are Apache's to the blank
(core.c, vhost.c ap_vhost dump).
"""

from __future__ import annotations

from collections.abc import Callable

from fastlb.facts.listener import AddressSet
from fastlb.facts.server import Model
from fastlb.facts.vhost import VHost

ADDRESS_WIDTH = 22


def dump_vhosts(model: Model) -> str:
    """`-D DUMP_VHOSTS`: each address with its virtual hosts, in file order."""
    lines = ["VirtualHost configuration:"]
    exact = [item for item in model.address_sets if item.host != "*"]
    wild = [item for item in model.address_sets if item.host == "*"]
    for entry in (*exact, *wild):
        lines += _set_lines(model, entry)
    return "".join(f"{line}\n" for line in lines)


def _set_lines(model: Model, entry: AddressSet) -> list[str]:
    host = f"[{entry.host}]" if ":" in entry.host else entry.host
    address = f"{host}:{_port(entry.port)}"
    hosts = [model.vhosts[index] for index in entry.vhosts]
    if len(hosts) == 1:
        only = hosts[0]
        return [f"{address:<{ADDRESS_WIDTH}} {only.server_name} {_place(only)}"]
    lines = [
        f"{address:<{ADDRESS_WIDTH}} is a NameVirtualHost",
        f"{'':8} default server {hosts[0].server_name} {_place(hosts[0])}",
    ]
    for vhost in hosts:
        lines.append(
            f"{'':8} port {_port(entry.port)} namevhost {vhost.server_name}"
            f" {_place(vhost)}"
        )
        lines += _alias_lines(vhost)
    return lines


def _alias_lines(vhost: VHost) -> list[str]:
    """Literal names first, then those with wildcards, as Apache keeps them."""
    plain = [name for name in vhost.aliases if not set(name) & set("*?")]
    wild = [name for name in vhost.aliases if set(name) & set("*?")]
    return [
        *(f"{'':16} alias {name}" for name in plain),
        *(f"{'':16} wild alias {name}" for name in wild),
    ]


def _port(port: int | None) -> str:
    return "*" if port is None else str(port)


def _place(vhost: VHost) -> str:
    return f"({vhost.file}:{vhost.line})"


def dump_run_cfg(model: Model, ids: Callable[[str, bool], int | None]) -> str:
    """`-D DUMP_RUN_CFG`: paths, process identity, Define, and our own two at the end.

    ids: (name, is_group) -> numeric id, None when the system knows no such name.
    """
    process, main = model.process, model.vhosts[0]
    lines = [
        f'ServerRoot: "{process.server_root}"',
        f'Main DocumentRoot: "{process.document_root}"',
        f'Main ErrorLog: "{main.error_log}"',
        "Mutex proxy: using_defaults",  # the one lock is that of the slot table
        f'Mutex default: dir="{process.runtime_dir}/" mechanism=default ',
        f'PidFile: "{process.pid_file}"',
    ]
    lines += [f"Define: {name}" for name in model.defines]
    for label, name, is_group in (
        ("User", process.user, False),
        ("Group", process.group, True),
    ):
        if name is not None:
            number = ids(name, is_group)
            shown = "not known" if number is None else f"id={number}"
            lines.append(f'{label}: name="{name}" {shown}')
    lines.append(f"Compat: {model.compat.value}")
    lines += [
        f"Listen: {item.host or '*'}:{item.port} {item.protocol}"
        f" ({item.file}:{item.line})"
        for item in model.listeners
    ]
    return "".join(f"{line}\n" for line in lines)
