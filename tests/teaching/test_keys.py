"""Keys of providers are asked for only by those who want to, and never shown."""

from __future__ import annotations

import os
from typing import Any

import pytest

from sdkit.errors import InputError
from sdkit.teaching.keys import provider_key

NAME = "SDKIT_TEST_API_KEY"


@pytest.fixture(autouse=True)
def _unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "x")
    monkeypatch.delenv(NAME)


def test_nobody_is_asked_unless_they_want_to_be(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr("getpass.getpass", lambda prompt: pytest.fail("asked"))

    assert provider_key(NAME) is False
    assert "is not set. To type one in" in capsys.readouterr().out


def test_what_is_typed_is_kept_in_the_environment_and_not_shown(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr("getpass.getpass", lambda prompt: " sk-secret-1234 ")

    assert provider_key(NAME, ask=True) is True

    assert os.environ[NAME] == "sk-secret-1234"
    assert capsys.readouterr().out == f"{NAME} is set.\n"


def test_where_nobody_can_type_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_one(prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr("getpass.getpass", no_one)

    assert provider_key(NAME, ask=True) is False


@pytest.mark.parametrize("name", ["", "my key", None])
def test_a_name_that_is_none(name: Any) -> None:
    with pytest.raises(InputError, match="is no environment variable"):
        provider_key(name)
