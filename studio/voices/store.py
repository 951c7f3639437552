"""The voices that people lent, as folders in the user's data: ``voices/<id>/``.

``consent.flac`` is the reading, the only sound a model may clone; ``voice.json`` is its signed
record. A voice is there whole or not at all: its folder gets its name when both files are on
disk. Revoking deletes the folder and leaves a line in ``voices/revoked.json``.

Any thread but the window's: files are read and checked, and a keyring may be asked.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import secrets
import shutil
import threading
import time
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from studio.core.atomic_write import atomic_write, sync_folder
from studio.core.errors import BadInputError, DamagedFileError, StorageError, storage_errors
from studio.core.provenance.keys import CERTIFICATES, KeyVault, installation_key
from studio.core.requests import KeptVoice
from studio.voices.checking import CheckedReading
from studio.voices.records import (
    VoiceRecord,
    record_from_json,
    record_to_json,
    signature_holds,
    signed,
)

log = logging.getLogger(__name__)

RECORD, SOUND, REVOKED = "voice.json", "consent.flac", "revoked.json"
_UNFINISHED = ".new-"
_UNFINISHED_S = 3600.0
_ID = re.compile(r"[0-9a-f]{16}")
_MOST_BYTES = 40_000_000
_KEEPING, _READING, _REVOKING = "keeping a voice", "reading a voice", "deleting a voice"


@dataclass(frozen=True)
class LentVoice:
    """A voice in the store.

    Attributes:
        id: Of the voice.
        record: Its record; ``None`` where that cannot be read.
        problem: Why it cannot be used, in a sentence; "" when it can.
    """

    id: str
    record: VoiceRecord | None
    problem: str = ""

    @property
    def title(self) -> str:
        """Who speaks."""
        return self.record.name if self.record is not None else self.id


@dataclass(frozen=True)
class Revocation:
    """What is left of a voice that its speaker took back.

    Attributes:
        id: Of the voice.
        revoked_at: When, in UTC, as ISO 8601 to the second.
    """

    id: str
    revoked_at: str


class VoiceStore:
    """See the module; safe from any thread.

    Args:
        folder: Where voices lie.
        credentials: The folder of this installation's certificates.
        vault: Where the signing key is kept; the system's keyring when left out.
    """

    def __init__(self, folder: Path, credentials: Path, *, vault: KeyVault | None = None) -> None:
        self.folder = folder
        self._credentials = credentials
        self._vault = vault
        self._lock = threading.Lock()

    def voices(self) -> tuple[LentVoice, ...]:
        """Return what is kept, by name; each is checked, and what a crash left is cleared up.

        Raises:
            StorageError: The folder cannot be read.
        """
        with storage_errors(self.folder, _READING):
            if not self.folder.is_dir():
                return ()
            names = [path.name for path in self.folder.iterdir() if path.is_dir()]
        self._clear_up(names)
        gone = {each.id for each in self.revoked()}
        found = [self._looked_at(name) for name in names if _ID.fullmatch(name)]
        kept = [voice for voice in found if voice.id not in gone]
        return tuple(sorted(kept, key=lambda voice: (voice.title.casefold(), voice.id)))

    def keep(self, checked: CheckedReading) -> VoiceRecord:
        """Keep a voice with its consent; durable when this returns.

        Raises:
            BadInputError: The reading does not pass, or is of another day.
            StorageError: It could not be written; nothing of it is left.
        """
        if checked.problems:
            raise BadInputError(checked.problems[0], hint="Read the text once more.")
        reading = checked.reading
        if abs((date.fromisoformat(reading.day) - _today()).days) > 1:
            raise BadInputError("This text is of another day.", hint="Take a new text.")
        voice_id = secrets.token_hex(8)
        record = VoiceRecord(
            id=voice_id,
            name=reading.name,
            day=reading.day,
            kept_at=_now(),
            text=reading.text,
            words=reading.words,
            transcript=checked.transcript,
            listener=checked.listener,
            word_errors=checked.hearing.word_errors,
            sound_sha256=hashlib.sha256(checked.flac).hexdigest(),
            sound_bytes=len(checked.flac),
            duration_s=round(checked.sound.duration_s, 3),
        )
        record = signed(record, installation_key(self._credentials, vault=self._vault))
        self._write(record, checked.flac)
        return record

    def sound_of(self, voice: KeptVoice) -> bytes:
        """Return the sound that may be cloned for a request, after checking its consent.

        Raises:
            BadInputError: The voice was revoked, is not kept here, or does not check out.
            StorageError: The system does not let us read it.
        """
        if not _ID.fullmatch(voice.id):
            raise _not_here(voice)
        back = next((each for each in self.revoked() if each.id == voice.id), None)
        if back is not None:
            raise BadInputError(
                f"{voice.title} took this voice back on {back.revoked_at[:10]}, so nothing can "
                "be spoken with it any more.",
                hint="Choose another voice.",
                voice=voice.id,
            )
        found = self._looked_at(voice.id)
        if found.record is None and not (self.folder / voice.id / RECORD).exists():
            raise _not_here(voice)
        if found.problem or found.record is None or found.record.kept_voice() != voice:
            raise BadInputError(
                f"The consent for the voice of {voice.title} does not check out, so nothing is "
                "spoken with it.",
                hint="Its record or its sound was changed. The speaker can read the consent again.",
                voice=voice.id,
                reason=found.problem or "the request says something else than the record",
            )
        return self.sound(voice.id)

    def sound(self, voice_id: str) -> bytes:
        """Return the reading of a voice, as FLAC.

        Raises:
            BadInputError: There is no such voice.
            StorageError: It cannot be read.
        """
        if not _ID.fullmatch(voice_id):
            raise BadInputError("There is no such voice.", voice=voice_id[:40])
        return _read(self.folder / voice_id / SOUND)

    def revoke(self, voice_id: str) -> Revocation:
        """Delete a voice's sound and record; the line that is left holds no name.

        Raises:
            BadInputError: There is no such voice.
            StorageError: Something could not be written or deleted; the voice is refused from
                the moment its line is written.
        """
        place = self.folder / voice_id
        if not _ID.fullmatch(voice_id) or not place.is_dir():
            raise BadInputError("There is no such voice.", voice=voice_id[:40])
        line = Revocation(voice_id, _now())
        with self._lock:
            lines = [*(each for each in self._lines() if each.id != voice_id), line]
            plain = json.dumps([asdict(each) for each in lines], indent=2)
            atomic_write(self.folder / REVOKED, plain + "\n", doing=_REVOKING)
        _delete(place)
        return line

    def revoked(self) -> tuple[Revocation, ...]:
        """Return the voices that were taken back, oldest first.

        Raises:
            StorageError: The system does not let us read the list.
        """
        with self._lock:
            return tuple(self._lines())

    # --- inside -----------------------------------------------------------------------------

    def _write(self, record: VoiceRecord, flac: bytes) -> None:
        place = self.folder / f"{_UNFINISHED}{record.id}"
        try:
            atomic_write(place / SOUND, flac, doing=_KEEPING)
            atomic_write(place / RECORD, record_to_json(record), doing=_KEEPING)
            with storage_errors(place, _KEEPING):
                place.rename(self.folder / record.id)
                sync_folder(self.folder)
        except StorageError:
            shutil.rmtree(place, ignore_errors=True)
            raise

    def _looked_at(self, voice_id: str) -> LentVoice:
        place = self.folder / voice_id
        try:
            record = record_from_json(_read(place / RECORD).decode("utf-8", "replace"))
        except DamagedFileError as error:
            return LentVoice(voice_id, None, error.user_message)
        except StorageError as error:
            return LentVoice(voice_id, None, error.user_message)
        return LentVoice(voice_id, record, self._problem(place, record))

    def _problem(self, place: Path, record: VoiceRecord) -> str:
        if record.id != place.name or not signature_holds(record, self._certificates()):
            return "The record of the consent does not check out: it was not made here as it is."
        try:
            flac = _read(place / SOUND)
        except StorageError as error:
            return error.user_message
        if hashlib.sha256(flac).hexdigest() != record.sound_sha256:
            return "The sound is not the one in which the consent was given."
        return ""

    def _certificates(self) -> str:
        path = self._credentials / CERTIFICATES
        with storage_errors(path, "reading the certificates"):
            return path.read_text("ascii", "replace") if path.exists() else ""

    def _lines(self) -> list[Revocation]:
        path = self.folder / REVOKED
        with storage_errors(path, _READING):
            if not path.exists():
                return []
            text = path.read_text("utf-8", "replace")
        try:
            return [Revocation(str(each["id"]), str(each["revoked_at"])) for each in _list(text)]
        except (ValueError, KeyError, TypeError) as error:
            # What was revoked is deleted all the same; only the lines about it are lost.
            log.warning("the list of revoked voices cannot be read: %s", error)
            return []

    def _clear_up(self, names: list[str]) -> None:
        """Delete what keeping or revoking left when it was killed half-way."""
        gone = {each.id for each in self.revoked()}
        for name in names:
            place = self.folder / name
            if name in gone or (name.startswith(_UNFINISHED) and _age_s(place) > _UNFINISHED_S):
                try:
                    _delete(place)
                except StorageError as error:
                    log.warning("a voice could not be cleared up: %s", error)


def _list(text: str) -> list[dict[str, str]]:
    found = json.loads(text)
    if not isinstance(found, list):
        raise ValueError("not a list")
    return found


def _read(path: Path) -> bytes:
    with storage_errors(path, _READING):
        if path.stat().st_size > _MOST_BYTES:
            raise DamagedFileError(f"{path.name} is larger than any reading.", path=str(path))
        return path.read_bytes()


def _delete(place: Path) -> None:
    with storage_errors(place, _REVOKING):
        # The record first: without it nothing passes for a voice, whatever happens next.
        (place / RECORD).unlink(missing_ok=True)
        shutil.rmtree(place)


def _age_s(place: Path) -> float:
    try:
        return time.time() - place.stat().st_mtime
    except OSError:
        return 0.0


def _not_here(voice: KeptVoice) -> BadInputError:
    return BadInputError(
        f"The voice of {voice.title} is not kept on this computer.",
        hint="A voice can be used only where its speaker lent it, by reading the consent there.",
        voice=voice.id[:40],
    )


def _today() -> date:
    return date.today()


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
