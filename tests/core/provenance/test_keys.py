from __future__ import annotations

import os
import platform
import stat
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from studio.core.atomic_write import TEMPORARY_SUFFIX
from studio.core.errors import DamagedFileError, StorageError
from studio.core.provenance.keys import (
    CERTIFICATES,
    PRIVATE_KEY,
    SystemKeyring,
    authority_of,
    installation_key,
)
from tests.core.faults import ERRORS, failing
from tests.core.provenance.conftest import EmptyVault, Vault

posix = pytest.mark.skipif(sys.platform == "win32", reason="permissions are POSIX's")


def test_the_key_is_made_once_and_kept_in_the_keyring(folder: Path) -> None:
    vault = Vault()
    key = installation_key(folder, vault=vault)
    again = installation_key(folder, vault=vault)
    assert (again.certificates, again.private_key) == (key.certificates, key.private_key)
    assert key.notice == again.notice == ""
    assert [path.name for path in folder.iterdir()] == [CERTIFICATES]
    assert authority_of(folder) == key.authority != ""


@posix
def test_without_a_keyring_the_key_is_a_file_only_the_user_can_read(folder: Path) -> None:
    old = os.umask(0)
    try:
        key = installation_key(folder, vault=EmptyVault())
    finally:
        os.umask(old)
    path = folder / PRIVATE_KEY
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert str(path) in key.notice
    again = installation_key(folder, vault=EmptyVault())
    assert again.private_key == key.private_key and again.notice == key.notice


@posix
def test_the_secret_is_private_from_its_first_byte(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    real = os.fsync

    def look(descriptor: int) -> None:
        seen.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", look)
    installation_key(folder, vault=EmptyVault())
    assert seen[0] == 0o600


@posix
def test_a_key_that_others_could_read_is_made_private_and_said(folder: Path) -> None:
    installation_key(folder, vault=EmptyVault())
    (folder / PRIVATE_KEY).chmod(0o644)
    notice = installation_key(folder, vault=EmptyVault()).notice
    assert "Others could read it" in notice
    assert stat.S_IMODE((folder / PRIVATE_KEY).stat().st_mode) == 0o600


def test_the_certificate_fits_the_profile_and_names_nobody(folder: Path) -> None:
    key = installation_key(folder, vault=Vault())
    leaf, root = x509.load_pem_x509_certificates(key.certificates.encode())
    leaf.verify_directly_issued_by(root)
    root.verify_directly_issued_by(root)
    usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.EMAIL_PROTECTION]
    basic = leaf.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert not basic.ca
    name = leaf.subject.rfc4514_string()
    assert "local installation" in name
    assert Path.home().name not in name and platform.node() not in name
    assert (leaf.not_valid_after_utc - leaf.not_valid_before_utc).days == 30 * 365


def test_two_installations_have_two_keys(tmp_path: Path) -> None:
    one, other = (installation_key(tmp_path / name, vault=Vault()) for name in "ab")
    assert one.private_key != other.private_key and one.authority != other.authority


def test_the_key_is_never_shown(folder: Path) -> None:
    key = installation_key(folder, vault=Vault())
    assert "PRIVATE" not in repr(key) and "PRIVATE" not in str(key)


@pytest.mark.parametrize("damage", ["gone", "foreign", "garbage", "certificates"])
def test_a_damaged_key_is_said_in_a_sentence(folder: Path, tmp_path: Path, damage: str) -> None:
    installation_key(folder, vault=EmptyVault())
    path = folder / (CERTIFICATES if damage == "certificates" else PRIVATE_KEY)
    if damage == "gone":
        path.unlink()
    elif damage == "foreign":
        path.write_text(installation_key(tmp_path / "other", vault=EmptyVault()).private_key)
    else:
        path.write_text("-----BEGIN nothing\n")
    with pytest.raises(DamagedFileError) as caught:
        installation_key(folder, vault=EmptyVault())
    assert str(folder) in caught.value.hint


def test_before_the_first_signature_nobody_is_trusted(folder: Path) -> None:
    assert authority_of(folder) == ""
    folder.mkdir()
    (folder / CERTIFICATES).write_text("nothing")
    assert authority_of(folder) == ""


def test_a_keyring_that_fails_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    import keyring
    from keyring.backends.fail import Keyring

    monkeypatch.setattr(keyring.core, "_keyring_backend", Keyring())
    assert SystemKeyring().get("x") is None
    assert SystemKeyring().set("x", "y") is False


def test_a_keyring_is_used_under_our_name(monkeypatch: pytest.MonkeyPatch) -> None:
    import keyring
    from keyring.backend import KeyringBackend

    class Memory(KeyringBackend):
        priority = 1  # type: ignore[assignment]

        def __init__(self) -> None:
            self.kept: dict[tuple[str, str], str] = {}

        def get_password(self, service: str, username: str) -> str | None:
            return self.kept.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            self.kept[service, username] = password

    memory = Memory()
    monkeypatch.setattr(keyring.core, "_keyring_backend", memory)
    assert SystemKeyring().set("x", "y") is True
    assert memory.kept == {("Triptych content credentials", "x"): "y"}


@pytest.mark.parametrize("code", ERRORS)
def test_any_failing_call_leaves_no_key_or_a_whole_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    struck = []
    for nth in range(1, 100):
        folder = tmp_path / str(nth)
        with failing(monkeypatch, nth, code) as faults:
            try:
                installation_key(folder, vault=EmptyVault())
            except StorageError as error:
                assert error.user_message
        if not faults.struck:
            break
        struck.append(faults.struck)
        left = [path.name for path in folder.iterdir()] if folder.exists() else []
        assert not [name for name in left if name.endswith(TEMPORARY_SUFFIX)]
        # Trying again always works: certificates never stand without their key.
        assert installation_key(folder, vault=EmptyVault()).private_key
    assert {"open", "fsync", "mkdir"} <= set(struck) and {"rename", "replace"} & set(struck)
