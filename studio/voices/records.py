"""The record of a consent: plain data, one JSON file, signed by this installation.

The signature covers every field, the sound by its SHA-256 among them. It is made with the key
that signs results (:mod:`studio.core.provenance.keys`) and checked against this installation's
own certificate, so that a record written by hand, or carried here from another computer, is told
apart from a consent that was given here.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import json
from dataclasses import dataclass
from typing import Any

from studio import __version__
from studio.core.errors import DamagedFileError
from studio.core.inputs import InputRef
from studio.core.provenance.keys import SigningKey
from studio.core.requests import KeptVoice

FORMAT = 1
_LONGEST = 4000


@dataclass(frozen=True, kw_only=True)
class VoiceRecord:
    """A consent and how it was checked.

    Attributes:
        id: Of the voice, 16 hexadecimal digits.
        name: Who speaks.
        day: When the consent was read, as ISO 8601, by the computer's calendar.
        kept_at: When the record was made, in UTC, as ISO 8601 to the second.
        text: What was shown.
        words: What was drawn for this reading.
        transcript: What the listening model heard.
        listener: Id of that model.
        word_errors: Share of the shown words that were heard otherwise, 0..1.
        sound_sha256: Of the recording's file.
        sound_bytes: Its size.
        duration_s: Its length in seconds.
        app_version: The Triptych that kept it.
        signature: Over everything else, ECDSA with SHA-256 as base64; "" before signing.
        format: Of the record.
    """

    id: str
    name: str
    day: str
    kept_at: str
    text: str
    words: tuple[str, ...]
    transcript: str
    listener: str
    word_errors: float
    sound_sha256: str
    sound_bytes: int
    duration_s: float
    app_version: str = __version__
    signature: str = ""
    format: int = FORMAT

    @property
    def consent(self) -> str:
        """The sentence that goes into every file made with the voice."""
        return (
            f"Voice of {self.name}, cloned with the consent recorded on {self.day} "
            f"(record {self.id})."
        )

    def kept_voice(self) -> KeptVoice:
        """Return what a request carries of it."""
        return KeptVoice(
            id=self.id,
            title=self.name,
            audio=InputRef(
                sha256=self.sound_sha256, media_type="audio/flac", size_bytes=self.sound_bytes
            ),
            text=self.text,
            consent=self.consent,
        )

    def signed_bytes(self) -> bytes:
        """Return what the signature is made over."""
        return _json(dataclasses.replace(self, signature="")).encode("ascii")


def signed(record: VoiceRecord, key: SigningKey) -> VoiceRecord:
    """Return the record with this installation's signature."""
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    private = serialization.load_pem_private_key(key.private_key.encode("ascii"), None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)  # what installation_key makes
    signature = private.sign(record.signed_bytes(), ec.ECDSA(hashes.SHA256()))
    return dataclasses.replace(record, signature=base64.b64encode(signature).decode("ascii"))


def signature_holds(record: VoiceRecord, certificates: str) -> bool:
    """Return whether this installation signed the record as it is.

    Args:
        record: As it was read.
        certificates: This installation's, as PEM, the signing one first; "" for none.
    """
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        public = x509.load_pem_x509_certificate(certificates.encode("ascii")).public_key()
        signature = base64.b64decode(record.signature, validate=True)
        if not isinstance(public, ec.EllipticCurvePublicKey):
            return False
        public.verify(signature, record.signed_bytes(), ec.ECDSA(hashes.SHA256()))
    except (ValueError, InvalidSignature, binascii.Error):
        return False
    return True


def record_to_json(record: VoiceRecord) -> str:
    """Return the record for its file, fit to be read by people too."""
    plain = dataclasses.asdict(record)
    return json.dumps(plain, ensure_ascii=False, indent=2) + "\n"


def record_from_json(text: str) -> VoiceRecord:
    """Read a record; what is wrong with it never gets further than here.

    Raises:
        DamagedFileError: It is none, or of a newer version.
    """
    try:
        plain = json.loads(text)
        values = {item.name: plain[item.name] for item in dataclasses.fields(VoiceRecord)}
        for item in dataclasses.fields(VoiceRecord):
            values[item.name] = _taken(str(item.type), values[item.name])
        if values["format"] != FORMAT or len(values["sound_sha256"]) != 64:
            raise ValueError("of another format")
        return VoiceRecord(**values)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DamagedFileError(
            "The record of a consent cannot be read.",
            hint="The speaker can read the consent again.",
            reason=str(error),
        ) from error


def _taken(kind: str, value: Any) -> Any:
    """Return a value of JSON as the field of this type holds it."""
    if kind == "tuple[str, ...]" and isinstance(value, list):
        return tuple(_taken("str", each) for each in value)
    if kind == "float" and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if kind == "int" and isinstance(value, int) and not isinstance(value, bool):
        return value
    if kind == "str" and isinstance(value, str) and len(value) <= _LONGEST:
        return value
    raise ValueError(f"not {kind}")


def _json(record: VoiceRecord) -> str:
    return json.dumps(
        dataclasses.asdict(record), ensure_ascii=True, sort_keys=True, separators=(",", ":")
    )
