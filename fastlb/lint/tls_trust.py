"""What is said alike about clients' and about members' certificates."""

from __future__ import annotations

from typing import Final

from fastlb.config.tree import Node
from fastlb.facts.tls import RevocationCheck, Trust
from fastlb.model.drafts import TlsLines
from fastlb.model.report import Report

_WHOM: Final = {
    "SSL": "no certificate of a client can be verified",
    "SSLProxy": "no certificate of a member can be verified: requests to it fail",
}


def no_authorities(report: Report, node: Node, prefix: str) -> None:
    """Certificates are asked for, and nobody is believed. prefix: SSL or SSLProxy."""
    report.warn(
        node,
        "FB0277",
        "AH01897: Init: Oops, you want to request client authentication, but no CAs"
        f" are known for verification!?  [Hint: {prefix}CACertificate*]",
        why=_WHOM[prefix],
        cure=f"write {prefix}CACertificateFile",
    )


def revocation(
    report: Report, own: TlsLines, prefix: str, host: str, trust: Trust
) -> None:
    """A check without lists, or lists without a check; own: lines to complain at."""
    lists = trust.revocation_file or trust.revocation_path
    name = f"{prefix}carevocation".lower()
    asked = own.last.get(f"{name}check")
    is_checked = trust.revocation_check is not RevocationCheck.NONE
    if is_checked and lists is None and asked is not None:
        report.error(
            asked,
            "FB0279",
            f"AH01899: Host {host}: CRL checking has been enabled, but neither"
            f" {prefix}CARevocationFile nor {prefix}CARevocationPath is configured",
            cure=f"write {prefix}CARevocationFile",
        )
    written = own.last.get(f"{name}file") or own.last.get(f"{name}path")
    if not is_checked and written is not None:
        report.warn(
            written,
            "FB0279",
            f"AH01902: Host {host}: X.509 CRL storage locations configured, but CRL"
            f" checking ({prefix}CARevocationCheck) is not enabled",
            why="nobody is refused for a revoked certificate",
            cure=f"write {prefix}CARevocationCheck chain",
        )
