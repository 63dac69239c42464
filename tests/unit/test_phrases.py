"""A person is asked for pass phrases before the terminal is left."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from certificates import make_ca, make_pair
from tls_peers import model_with, settings

from fastlb.cli.phrases import ATTEMPTS, phrases_for
from fastlb.facts.server import Model
from fastlb.master.errors import StartError
from fastlb.tls.pass_phrases import PassPhraseError


@pytest.fixture
def model(tmp_path: Path) -> Model:
    ca = make_ca()
    first = make_pair(ca, ["one.test"]).write(tmp_path, "one", b"first")
    second = make_pair(ca, ["two.test"]).write(tmp_path, "two", b"second")
    return model_with(settings(first), settings(second))


def test_each_key_is_asked_for_until_it_opens(model: Model) -> None:
    prompts: list[str] = []
    words = iter((b"wrong", b"first", b"second"))

    def ask(prompt: str) -> bytes:
        prompts.append(prompt.splitlines()[0])
        return next(words)

    phrases = phrases_for(model, ask)
    assert phrases.known == [b"first", b"second"]
    assert phrases.ask is None
    assert [prompt.split(" (")[0] for prompt in prompts] == [
        *("Private key one.test:443:0",) * 2,
        "Private key two.test:443:0",
    ]


def test_after_some_attempts_the_start_is_given_up(model: Model) -> None:
    asked = []

    def ask(prompt: str) -> bytes:
        asked.append(prompt)
        return b"wrong"

    with pytest.raises(StartError, match="AH02580"):
        phrases_for(model, ask)
    assert len(asked) == ATTEMPTS


def test_nobody_there_ends_the_start(model: Model) -> None:
    def ask(_prompt: str) -> bytes:
        raise PassPhraseError("nothing was typed")

    with pytest.raises(StartError, match="AH02578"):
        phrases_for(model, ask)


def test_nobody_is_asked_where_a_program_is(model: Model) -> None:
    def ask(prompt: str) -> bytes:
        raise AssertionError(prompt)

    vhosts = tuple(
        replace(vhost, tls=replace(vhost.tls, pass_phrase="exec:/bin/false"))
        if vhost.tls is not None
        else vhost
        for vhost in model.vhosts
    )
    assert phrases_for(replace(model, vhosts=vhosts), ask).known == []


def test_a_key_that_is_missing_is_told_later(tmp_path: Path) -> None:
    files = make_pair(make_ca(), ["one.test"]).write(tmp_path, "one")
    files.key.unlink()
    assert phrases_for(model_with(settings(files))).known == []
