"""Voices that people lent, as the engine sees them: checked before a job, named in its result."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from studio.core.artifacts import Artifact, AudioArtifact
from studio.core.errors import BadInputError
from studio.core.requests import AudioRequest, KeptVoice, Request


class LentVoices(Protocol):
    """What the engine needs of the voices that people lent."""

    def sound_of(self, voice: KeptVoice) -> bytes:
        """Return the sound that may be cloned, after checking its consent.

        Raises:
            StudioError: The voice may not be used, or not any more; in words.
        """


class NoLentVoices:
    """A place where nobody lent a voice."""

    def sound_of(self, voice: KeptVoice) -> bytes:
        """Refuse.

        Raises:
            BadInputError: Always.
        """
        raise BadInputError(f"The voice of {voice.title} is not kept on this computer.")


def voice_of(request: Request) -> KeptVoice | None:
    """Return the lent voice that a request asks for."""
    return request.kept_voice if isinstance(request, AudioRequest) else None


def naming_consent(artifact: Artifact, voice: KeptVoice | None) -> Artifact:
    """Return the result with the consent it was made with, whatever the backend says of it."""
    if voice is None or not isinstance(artifact, AudioArtifact):
        return artifact
    said = {"voice": voice.title, "consent": voice.consent}
    return replace(artifact, facts={**artifact.facts, **said})
