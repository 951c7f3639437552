from __future__ import annotations

import socket
from pathlib import Path
from typing import NoReturn

import pytest

from studio.core.provenance.keys import SigningKey, installation_key


class EmptyVault:
    """A computer without a keyring."""

    def get(self, name: str) -> str | None:
        return None

    def set(self, name: str, value: str) -> bool:
        return False


class Vault(EmptyVault):
    """A keyring that works."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def get(self, name: str) -> str | None:
        return self.kept.get(name)

    def set(self, name: str, value: str) -> bool:
        self.kept[name] = value
        return True


@pytest.fixture(scope="session")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    return installation_key(tmp_path_factory.mktemp("keys"), vault=EmptyVault())


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing about provenance may open a connection."""

    def refuse(self: socket.socket, address: object) -> NoReturn:
        raise AssertionError(f"a connection to {address!r} was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "credentials"
