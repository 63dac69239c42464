"""The master reads certificates at the start and at every reload."""

from __future__ import annotations

from pathlib import Path

import pytest
from certificates import make_ca, make_pair
from tls_peers import MEMBER, model_with, settings

from fastlb.master.certificates import Certificates, renewed
from fastlb.master.errors import Exit, StartError
from fastlb.tls.pass_phrases import PassPhrases


def reader() -> Certificates:
    return Certificates(PassPhrases(), lambda: 0.0)


def test_a_model_without_tls_needs_nothing() -> None:
    assert reader().read(model_with(), None) is None
    assert Certificates.handles(None) is None


def test_a_member_alone_needs_a_context() -> None:
    contexts = reader().read(model_with(members=(MEMBER,)), None)
    handles = Certificates.handles(contexts)
    assert handles is not None
    assert [member is not None for member in handles.members] == [True, False]


def test_a_start_that_fails_ends_as_apache_s_does(tmp_path: Path) -> None:
    files = make_pair(make_ca(), ["one.test"]).write(tmp_path, "one")
    model = model_with(settings(files))
    contexts = reader().read(model, None)
    files.full.unlink()
    with pytest.raises(StartError) as caught:
        reader().read(model, None)
    lines = str(caught.value).splitlines()
    assert lines[0].startswith(
        "AH02562: Failed to configure certificate one.test:443:0"
    )
    assert lines[-1] == "AH02312: Fatal error initialising mod_ssl, exiting."
    assert caught.value.code is Exit.REFUSED
    with pytest.raises(StartError) as caught:
        reader().read(model, contexts)
    assert "AH02312" not in str(caught.value)


def test_a_reload_names_the_hosts_with_new_certificates(tmp_path: Path) -> None:
    ca = make_ca()
    files = make_pair(ca, ["one.test"]).write(tmp_path, "one")
    other = make_pair(ca, ["two.test"]).write(tmp_path, "two")
    model = model_with(settings(files), settings(other))
    first = reader().read(model, None)
    assert renewed(None, first) == []
    assert renewed(first, reader().read(model, first)) == []
    make_pair(ca, ["one.test"]).write(tmp_path, "one")
    second = reader().read(model, first)
    assert renewed(first, second) == ["one.test:443"]
    assert renewed(second, None) == []


def test_a_fault_of_ours_is_a_refusal_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("never thought of")

    monkeypatch.setattr("fastlb.tls.contexts.member_context", fail)
    with pytest.raises(StartError, match="never thought of"):
        reader().read(model_with(members=(MEMBER,)), None)
