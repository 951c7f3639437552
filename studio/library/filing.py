"""What a result is as files: texts as Markdown, each picture as PNG, sound as FLAC.

Pillow and soundfile are imported when the first picture or sound is filed.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

from studio.core.artifacts import Artifact, AudioArtifact, ImageArtifact, TextArtifact
from studio.core.errors import BadInputError
from studio.core.media import Sound
from studio.core.picture_files import encode_picture
from studio.core.provenance.a1111 import settings_text
from studio.core.requests import ImageRequest


@dataclass(frozen=True)
class ResultFile:
    """One file a result becomes.

    Attributes:
        artifact: The part of the result that is in it, with the request that makes just this.
        suffix: Of the file, such as ".png".
        data: The file before record, mark and signature.
    """

    artifact: Artifact
    suffix: str
    data: bytes


def worth_filing(artifact: Artifact) -> bool:
    """Whether a result is one for people: not vectors, not nothing, not a passing one."""
    if artifact.request.transient:
        return False
    if isinstance(artifact, TextArtifact):
        return bool(artifact.text.strip())
    if isinstance(artifact, AudioArtifact):
        return bool(artifact.sound.samples)
    return isinstance(artifact, ImageArtifact) and bool(artifact.pictures)


def files_of(artifact: Artifact, model_title: str = "") -> Iterator[ResultFile]:
    """Yield the files a result becomes, one at a time: each may be large.

    Raises:
        BadInputError: The library cannot keep this kind of result.
    """
    if isinstance(artifact, TextArtifact):
        data = (artifact.text.rstrip("\n") + "\n").encode("utf-8")
        yield ResultFile(artifact, ".md", data)
    elif isinstance(artifact, ImageArtifact):
        for index in range(len(artifact.pictures)):
            one = artifact.single(index)
            yield ResultFile(one, ".png", _png(one, model_title))
    elif isinstance(artifact, AudioArtifact):
        consent = artifact.facts.get("consent", "")
        yield ResultFile(artifact, ".flac", _flac(artifact.sound, consent))
    else:
        raise BadInputError(
            "The library has no kind of file for this result.", kind=artifact.request.kind
        )


def _png(artifact: ImageArtifact, model_title: str) -> bytes:
    (picture,) = artifact.pictures
    request = artifact.request
    if not isinstance(request, ImageRequest):
        return encode_picture(picture, ".png")
    settings = settings_text(
        request,
        seed=request.seed,
        width=picture.width,
        height=picture.height,
        model_title=model_title,
        facts=artifact.facts,
    )
    return encode_picture(picture, ".png", settings=settings)


def _flac(sound: Sound, comment: str) -> bytes:
    import numpy as np
    import soundfile

    samples = np.nan_to_num(sound.array(), nan=0.0, posinf=1.0, neginf=-1.0)
    file, rate = io.BytesIO(), sound.sampling_rate
    with soundfile.SoundFile(file, "w", rate, sound.channels, "PCM_24", format="FLAC") as target:
        if comment:
            target.comment = comment
        target.write(np.clip(samples, -1.0, 1.0))
    return file.getvalue()
