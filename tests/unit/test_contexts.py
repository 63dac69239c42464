"""Contexts of a model: what is shared, what a reload keeps."""

from __future__ import annotations

import os
import ssl
from dataclasses import replace
from pathlib import Path

import pytest
from certificates import Authority, make_ca, make_pair
from OpenSSL import SSL
from tls_peers import MEMBER, Server, client_context, model_with, settings, shake

from fastlb.facts.tls import Trust, Verify
from fastlb.tls.contexts import TICKET_KEYS_MAX_S, Contexts, Host
from fastlb.tls.errors import TlsError
from fastlb.tls.pass_phrases import PassPhrases


@pytest.fixture(scope="module")
def ca() -> Authority:
    return make_ca()


def contexts(
    *servers: object,
    previous: Contexts | None = None,
    now_s: float = 0.0,
    members: tuple[object, ...] = (),
) -> Contexts:
    model = model_with(*servers, members=members)  # type: ignore[arg-type]
    return Contexts(model, PassPhrases(), now_s, previous)


def host_of(made: Contexts, number: int = 1) -> Host:
    host = made.servers[number]
    assert host is not None
    return host


def server_of(host: Host) -> Server:
    return Server(host.session.context, host.certificate.context)


def test_virtual_hosts_of_equal_settings_share_a_context(
    ca: Authority, tmp_path: Path
) -> None:
    files = make_pair(ca, ["one.test"]).write(tmp_path, "one")
    first = settings(files)
    elsewhere = replace(first, pairs=(replace(first.pairs[0], line=99),))
    made = contexts(first, elsewhere)
    assert host_of(made, 1).certificate is host_of(made, 2).certificate
    assert made.servers[0] is None


def test_virtual_hosts_that_ask_for_other_clients_share_nothing(
    ca: Authority, tmp_path: Path
) -> None:
    files = make_pair(ca, ["one.test"]).write(tmp_path, "one")
    trust = Trust(ca_file=str(ca.write(tmp_path)))
    made = contexts(
        settings(files), settings(files, verify=Verify.REQUIRE, trust=trust)
    )
    asking = server_of(host_of(made, 2))
    asking.verify = SSL.VERIFY_PEER
    session = shake(server_of(host_of(made, 1))).client.session
    assert session is not None
    plain = client_context()
    first = shake(server_of(host_of(made, 1)), plain).client
    again = shake(server_of(host_of(made, 1)), plain, session=first.session)
    assert again.client.session_reused
    other = shake(asking, plain, session=first.session)
    assert not other.client.session_reused


def test_unchanged_files_keep_their_context(ca: Authority, tmp_path: Path) -> None:
    files = make_pair(ca, ["one.test"]).write(tmp_path, "one")
    first = contexts(settings(files))
    second = contexts(settings(files), previous=first, now_s=60.0)
    assert host_of(second).certificate is host_of(first).certificate
    assert host_of(second).session is host_of(first).session


def test_a_new_certificate_is_shown_and_sessions_go_on(
    ca: Authority, tmp_path: Path
) -> None:
    files = make_pair(ca, ["one.test"]).write(tmp_path, "one")
    first = contexts(settings(files))
    client = client_context(ca.root_pem)
    before = shake(server_of(host_of(first)), client)
    renewed = make_pair(ca, ["one.test"])
    renewed.write(tmp_path, "one")
    second = contexts(settings(files), previous=first, now_s=60.0)
    third = contexts(settings(files), previous=second, now_s=120.0)
    for made in (second, third):
        assert host_of(made).session is host_of(first).session
        resumed = shake(server_of(host_of(made)), client, session=before.client.session)
        assert resumed.client.session_reused
        fresh = shake(server_of(host_of(made)), client)
        assert fresh.presented == renewed.certificate
        assert not fresh.client.session_reused


def test_a_file_that_is_replaced_by_renaming_is_seen(
    ca: Authority, tmp_path: Path
) -> None:
    files = make_pair(ca, ["one.test"]).write(tmp_path, "one")
    first = contexts(settings(files))
    stamp = os.stat(files.full)
    other = make_pair(ca, ["one.test"]).write(tmp_path, "other")
    os.utime(other.full, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    os.rename(other.full, files.full)
    os.rename(other.key, files.key)
    second = contexts(settings(files), previous=first)
    assert host_of(second).certificate is not host_of(first).certificate


def test_keys_of_tickets_do_not_live_for_ever(ca: Authority, tmp_path: Path) -> None:
    files = make_pair(ca, ["one.test"]).write(tmp_path, "one")
    first = contexts(settings(files))
    second = contexts(settings(files), previous=first, now_s=TICKET_KEYS_MAX_S)
    assert host_of(second).session is not host_of(first).session


def test_sessions_end_when_other_authorities_are_believed(
    ca: Authority, tmp_path: Path
) -> None:
    files = make_pair(ca, ["one.test"]).write(tmp_path, "one")
    trusted = settings(
        files, verify=Verify.REQUIRE, trust=Trust(ca_file=str(ca.write(tmp_path)))
    )
    first = contexts(trusted)
    make_ca().write(tmp_path)
    second = contexts(trusted, previous=first)
    assert host_of(second).session is not host_of(first).session


def test_changed_settings_make_new_sessions(ca: Authority, tmp_path: Path) -> None:
    files = make_pair(ca, ["one.test"]).write(tmp_path, "one")
    first = contexts(settings(files))
    second = contexts(settings(files, session_tickets=False), previous=first)
    assert host_of(second).session is host_of(second).certificate
    assert host_of(second).session is not host_of(first).session


def test_a_failure_leaves_what_was_there(ca: Authority, tmp_path: Path) -> None:
    files = make_pair(ca, ["one.test"]).write(tmp_path, "one")
    first = contexts(settings(files))
    files.key.write_bytes(make_pair(ca, ["x.test"]).key_pem)
    with pytest.raises(TlsError, match="AH02565"):
        contexts(settings(files), previous=first)
    shake(server_of(host_of(first)), client_context(ca.root_pem))


def test_members_of_equal_settings_share_a_context() -> None:
    made = contexts(members=(MEMBER, MEMBER))
    assert made.members[0] is not None
    assert made.members[0] is made.members[1]
    again = contexts(members=(MEMBER, MEMBER), previous=made)
    assert again.members[0] is made.members[0]


def test_handles_are_addresses_by_index(ca: Authority, tmp_path: Path) -> None:
    files = make_pair(ca, ["one.test"]).write(tmp_path, "one")
    handles = contexts(None, settings(files), members=(None, MEMBER)).handles()
    assert [server is not None for server in handles.servers] == [False, False, True]
    assert [member is not None for member in handles.members] == [False, True]
    assert handles.servers[2] is not None
    assert handles.servers[2].session_context == handles.servers[2].certificate_context
    assert all(handles.functions.values())


def test_session_resumption_needs_tickets(ca: Authority, tmp_path: Path) -> None:
    files = make_pair(ca, ["one.test"]).write(tmp_path, "one")
    made = contexts(settings(files, session_tickets=False))
    client = client_context()
    first = shake(server_of(host_of(made)), client)
    again = shake(server_of(host_of(made)), client, session=first.client.session)
    assert not again.client.session_reused
    assert isinstance(again.client, ssl.SSLObject)
