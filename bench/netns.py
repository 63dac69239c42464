"""A private network namespace for the whole bench, where the system allows one.

On loopback `bbr`, which many systems set, adds pacing of its own; other traffic of the
machine and its firewall rules cost time as well. As root the bench therefore moves
itself, before it starts anything, into a fresh network namespace with `reno`.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
from pathlib import Path

CLONE_NEWNET = 0x40000000  # linux/sched.h

SETTINGS = {
    "net/ipv4/tcp_congestion_control": "reno",
    "net/ipv4/ip_local_port_range": "10240 65535",
    "net/ipv4/tcp_tw_reuse": "1",
    "net/core/somaxconn": "16384",
    "net/ipv4/tcp_max_syn_backlog": "16384",
}


def enter() -> str:
    """Move this process into a namespace of its own; what was reached, as a phrase.

    Without root, or where the kernel refuses, nothing changes and the phrase says so.
    """
    if os.geteuid() != 0:
        return f"plain loopback, {congestion()} (not root: no private namespace)"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        reason = os.strerror(ctypes.get_errno())
        return f"plain loopback, {congestion()} (no private namespace: {reason})"
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for name, value in SETTINGS.items():
        Path("/proc/sys", name).write_text(value)
    return f"private network namespace, {congestion()}"


def congestion() -> str:
    return Path("/proc/sys/net/ipv4/tcp_congestion_control").read_text().strip()
