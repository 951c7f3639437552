from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image
from sd_parsers import ParserManager

from studio.core.artifacts import AudioArtifact, ImageArtifact, VectorArtifact
from studio.core.errors import BadInputError, StorageError
from studio.core.inputs import InputRef
from studio.core.media import Picture, Sound
from studio.core.provenance import Origin, read
from studio.core.provenance.credentials import read_credentials
from studio.core.provenance.keys import SigningKey, installation_key
from studio.core.provenance.origin import check_origin
from studio.core.requests import AudioRequest, Capability, EmbedRequest, ImageRequest, replaced
from studio.library.filing import files_of, worth_filing
from studio.library.library import Library, ModelLabel
from tests.fakes.lent_voices import lent_request

REF = InputRef(sha256="a" * 64, media_type="image/png", size_bytes=3)


class NoVault:
    """A key vault of a machine without a keyring."""

    def get(self, name: str) -> str | None:
        return None

    def set(self, name: str, secret: str) -> bool:
        return False


def picture(seed: int, alpha: int = 255) -> Picture:
    noise = np.random.default_rng(seed).integers(0, 256, (8, 12, 4), np.uint8)
    noise[..., 3] = alpha
    return Picture.of(noise)


def drawn(count: int = 1, **values: object) -> ImageArtifact:
    request = ImageRequest(
        **{
            "capability": Capability.IMAGE_TXT2IMG,
            "seed": 40,
            "prompt": "a red fox, 3d",
            "negative_prompt": "blurry: very, very",
            "num_images_per_prompt": count,
            **values,
        }  # type: ignore[arg-type]
    )
    return ImageArtifact(
        request=request,
        model="picture-small",
        backend="diffusers-image",
        pictures=tuple(picture(40 + n, 255 - n) for n in range(count)),
        seeds=tuple(40 + n for n in range(count)),
        facts={"num_inference_steps": "20", "scheduler": "euler_a", "guidance_scale": "5"},
    )


def spoken(samples: np.ndarray, rate: int = 24_000) -> AudioArtifact:
    request = AudioRequest(capability=Capability.AUDIO_SPEECH, seed=1, prompt="The lamp is lit.")
    return AudioArtifact(
        request=request, model="voice", backend="hibari-voice", sound=Sound.of(samples, rate)
    )


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(
        tmp_path / "library",
        tmp_path / "index.sqlite",
        model_label=lambda model: ModelLabel("Picture small", "Apache-2.0"),
    )


def test_each_picture_is_a_file_that_makes_itself_again(library: Library) -> None:
    items = library.add_results(drawn(3))
    assert [item.seed for item in items] == [40, 41, 42]
    assert len({item.path for item in items}) == 3
    for index, item in enumerate(items):
        assert (item.kind, item.width_px, item.height_px) == ("image", 12, 8)
        with Image.open(library.path(item)) as opened:
            pixels = np.asarray(opened.convert("RGBA"))
        assert np.array_equal(pixels, drawn(3).pictures[index].pixels())
        again = library.request(item.id)
        assert isinstance(again, ImageRequest)
        assert (again.seed, again.num_images_per_prompt) == (40 + index, 1)


def test_other_programs_read_the_settings(library: Library) -> None:
    item = library.add_result(drawn())
    info = ParserManager().parse(library.path(item))
    assert info is not None
    assert [prompt.value for prompt in info.prompts] == ["a red fox, 3d"]
    assert [prompt.value for prompt in info.negative_prompts] == ["blurry: very, very"]
    (sampler,) = info.samplers
    assert sampler.name == "euler_a"
    assert (sampler.parameters["steps"], sampler.parameters["seed"]) == ("20", "40")


def test_speech_in_a_lent_voice_can_be_asked_for_again(library: Library) -> None:
    artifact = spoken(np.zeros((2400, 1), np.float32))
    item = library.add_result(replace(artifact, request=lent_request()))
    assert library.request(item.id) == lent_request()


def test_a_file_in_a_lent_voice_names_the_consent_everywhere(
    library: Library, tmp_path: Path
) -> None:
    consent = "Voice of Ada Byron, cloned with the consent recorded on 2026-11-22 (record 1f3a)."
    artifact = replace(
        spoken(np.zeros((2400, 1), np.float32)),
        request=lent_request(),
        facts={"voice": "Ada Byron", "consent": consent},
    )
    path = library.path(library.add_result(artifact))
    with soundfile.SoundFile(path) as file:
        assert file.comment == consent
    record = read(path)
    assert record is not None
    assert (record.consent, record.origin) == (consent, Origin.GENERATED)
    assert [each.sha256 for each in record.ingredients] == ["a" * 64]
    shared = record.without_prompt()
    assert shared.consent == consent and "lamp" not in shared.request
    assert "Ada" not in shared.request
    assert consent in check_origin(path).sentences


def test_what_was_made_from_a_picture_is_marked_as_composite(library: Library) -> None:
    item = library.add_result(drawn(capability=Capability.IMAGE_IMG2IMG, image=REF))
    record = read(library.path(item))
    assert record is not None
    assert record.origin is Origin.COMPOSITE
    assert [each.sha256 for each in record.ingredients] == [REF.sha256]


def test_sound_is_kept_without_loss(library: Library) -> None:
    samples = np.linspace(-1, 1, 4800, dtype=np.float32)
    item = library.add_result(spoken(samples))
    heard, rate = soundfile.read(library.path(item), dtype="float32")
    assert rate == 24_000
    assert item.kind == "audio"
    assert np.abs(heard - samples).max() < 2e-7
    record = read(library.path(item))
    assert record is not None and record.kind == "audio"


def test_sound_beyond_full_scale_or_not_a_number_is_kept_as_far_as_it_goes() -> None:
    samples = np.array([np.nan, np.inf, -np.inf, 3.0, -3.0], np.float32)
    (file,) = files_of(spoken(samples))
    heard, _ = soundfile.read(io.BytesIO(file.data), dtype="float32")
    assert np.allclose(heard, [0, 1, -1, 1, -1], atol=1e-6)


def test_results_are_signed_with_the_installations_key(tmp_path: Path) -> None:
    key = installation_key(tmp_path / "keys", vault=NoVault())
    library = Library(tmp_path / "library", tmp_path / "index.sqlite", key=lambda: key)
    item = library.add_result(drawn())
    credentials = read_credentials(library.path(item), key.authority)
    assert credentials is not None and credentials.state == "ours"


def test_a_result_is_kept_when_there_is_no_key(tmp_path: Path) -> None:
    def broken() -> SigningKey | None:
        raise StorageError("The keyring is locked.")

    library = Library(tmp_path / "library", tmp_path / "index.sqlite", key=broken)
    item = library.add_result(drawn())
    assert read(library.path(item)) is not None


def test_passing_results_vectors_and_nothing_are_not_filed() -> None:
    assert worth_filing(drawn())
    shown = drawn()
    assert not worth_filing(
        ImageArtifact(
            request=replaced(shown.request, transient=True),
            model="m",
            backend="b",
            pictures=shown.pictures,
        )
    )
    assert not worth_filing(spoken(np.zeros(0, np.float32)))
    request = EmbedRequest(capability=Capability.TEXT_EMBED, seed=0, texts=("a",))
    vectors = VectorArtifact(request=request, model="m", backend="b", vectors=b"", dimensions=1)
    assert not worth_filing(vectors)
    with pytest.raises(BadInputError):
        list(files_of(vectors))
