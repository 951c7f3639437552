"""The key with which this installation signs what it makes.

A certificate authority of its own issues one signing certificate and is forgotten: its key is
never stored, so nothing else can be issued in its name. The private key lies in the system's
keyring, or, where there is none, in a file that only the user can read. Nothing here names the
user; the certificate says "local installation" and a number.

Runs on any thread but the window's: a keyring may ask the user to unlock it.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from studio.core.atomic_write import atomic_file
from studio.core.errors import DamagedFileError, storage_errors

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

SERVICE = "Triptych content credentials"
CERTIFICATES = "certificates.pem"
PRIVATE_KEY = "private-key.pem"
ORGANISATION = "Triptych (local installation)"
VALID_DAYS = 30 * 365
"""Long, since without a time stamp a signature counts only as long as its certificate."""


class KeyVault(Protocol):
    """Where the private key is kept: the system's keyring, or a test's."""

    def get(self, name: str) -> str | None:
        """Return what is kept under this name, or ``None``."""

    def set(self, name: str, value: str) -> bool:
        """Keep the value; return whether that worked."""


class SystemKeyring:
    """The system's keyring; every way it can be absent counts as "not there"."""

    def get(self, name: str) -> str | None:
        """Return the password kept under this name, or ``None``."""
        import keyring
        import keyring.errors

        try:
            found: str | None = keyring.get_password(SERVICE, name)
        except (keyring.errors.KeyringError, RuntimeError, OSError):
            return None
        return found

    def set(self, name: str, value: str) -> bool:
        """Keep the value; return whether the keyring took it and gives it back."""
        import keyring
        import keyring.errors

        try:
            keyring.set_password(SERVICE, name, value)
        except (keyring.errors.KeyringError, RuntimeError, OSError):
            return False
        return self.get(name) == value


@dataclass(frozen=True)
class SigningKey:
    """What signing needs.

    Attributes:
        certificates: The signing certificate and its authority's, as PEM.
        private_key: The signing key, as PEM; never logged, never shown.
        notice: A sentence for the user about where the key lies; empty when in the keyring.
    """

    certificates: str
    private_key: str
    notice: str = ""

    def __repr__(self) -> str:
        return "SigningKey(…)"

    @property
    def authority(self) -> str:
        """The authority's certificate, as PEM: what this installation trusts."""
        begin = "-----BEGIN CERTIFICATE-----"
        return begin + self.certificates.split(begin)[2]


def installation_key(folder: Path, *, vault: KeyVault | None = None) -> SigningKey:
    """Return this installation's key; the first call makes it.

    Args:
        folder: Where the certificates (and, without a keyring, the key) are kept.
        vault: Where the private key is kept; the system's keyring when left out.

    Raises:
        StorageError: The folder cannot be read or written.
        DamagedFileError: Certificates are there but their key is gone or does not fit.
    """
    vault = vault or SystemKeyring()
    found = _kept(folder, vault)
    return found if found is not None else _made(folder, vault)


def authority_of(folder: Path) -> str:
    """Return the certificate this installation trusts, as PEM; "" before the first signature."""
    path = folder / CERTIFICATES
    with storage_errors(path, "reading the certificates"):
        if not path.exists():
            return ""
        text = path.read_text("ascii", "replace")
    return SigningKey(text, "").authority if text.count("BEGIN CERTIFICATE") == 2 else ""


def _kept(folder: Path, vault: KeyVault) -> SigningKey | None:
    path = folder / CERTIFICATES
    with storage_errors(path, "reading the signing key"):
        if not path.exists():
            return None
        certificates = path.read_text("ascii", "replace")
    secret, notice = _secret(folder, vault, _serial(certificates, path))
    key = SigningKey(certificates, secret, notice)
    _check_fit(key, path)
    return key


def _secret(folder: Path, vault: KeyVault, name: str) -> tuple[str, str]:
    path = folder / PRIVATE_KEY
    with storage_errors(path, "reading the signing key"):
        if path.exists():
            return path.read_text("ascii", "replace"), _made_private(path)
    secret = vault.get(name)
    if secret is None:
        raise _damaged(folder / CERTIFICATES, "the key is neither in the keyring nor beside it")
    return secret, ""


def _made_private(path: Path) -> str:
    """Make sure that only the user can read the key; return the notice about it."""
    notice = _notice(path)
    if os.name != "nt" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        path.chmod(0o600)
        notice += " Others could read it until now; that was set right."
    return notice


def _notice(path: Path) -> str:
    return f"This computer has no keyring, so the signing key lies in {path}."


def _made(folder: Path, vault: KeyVault) -> SigningKey:
    certificates, secret, name = _issued()
    notice = ""
    # The key first: certificates without a key would be a key nobody can use.
    if not vault.set(name, secret):
        path = folder / PRIVATE_KEY
        with atomic_file(path, doing="keeping the signing key", mode=0o600) as file:
            file.write(secret.encode("ascii"))
        notice = _notice(path)
    with atomic_file(folder / CERTIFICATES, doing="keeping the certificates") as file:
        file.write(certificates.encode("ascii"))
    return SigningKey(certificates, secret, notice)


def _issued() -> tuple[str, str, str]:
    """Return certificates, private key and the signing certificate's number."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    authority, leaf = (
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP256R1()),
    )
    root = _certificate(authority, authority, None)
    signing = _certificate(leaf, authority, root)
    pem = serialization.Encoding.PEM
    secret = leaf.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    chain = signing.public_bytes(pem) + root.public_bytes(pem)
    return chain.decode("ascii"), secret.decode("ascii"), f"{signing.serial_number:x}"


def _certificate(
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    issuer: x509.Certificate | None,
) -> x509.Certificate:
    """Return the authority's certificate (no issuer) or the signing one, by the C2PA profile."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    serial = x509.random_serial_number()
    what = "authority" if issuer is None else "signer"
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Triptych {what} {serial:x}"[:64]),
        ]
    )
    # A day back, so that a clock set a little wrong does not make the key useless.
    begin = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
    public = key.public_key()
    issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer.subject if issuer else name)
        .public_key(public)
        .serial_number(serial)
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=VALID_DAYS))
        .add_extension(x509.BasicConstraints(issuer is None, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(issuer_id, critical=False)
        .add_extension(_usage(authority=issuer is None), critical=True)
    )
    if issuer is not None:
        purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(purposes, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _usage(*, authority: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _serial(certificates: str, path: Path) -> str:
    from cryptography import x509

    try:
        return f"{x509.load_pem_x509_certificate(certificates.encode()).serial_number:x}"
    except ValueError as error:
        raise _damaged(path, str(error)) from error


def _check_fit(key: SigningKey, path: Path) -> None:
    """Raise ``DamagedFileError`` unless private key and certificate belong together."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    try:
        private = serialization.load_pem_private_key(key.private_key.encode(), None)
        certificate = x509.load_pem_x509_certificate(key.certificates.encode())
        fits = private.public_key() == certificate.public_key()
    except (ValueError, TypeError) as error:
        raise _damaged(path, str(error)) from error
    if not fits:
        raise _damaged(path, "key and certificate do not belong together")


def _damaged(path: Path, reason: str) -> DamagedFileError:
    return DamagedFileError(
        "The key that signs your results is damaged or gone, so they cannot be signed.",
        hint=f"Move {path.parent} away; a new key is then made. Old signatures stay valid.",
        path=str(path),
        reason=reason,
    )
