from __future__ import annotations

import dataclasses
import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.errors import BadInputError
from studio.core.inputs import InputRef
from studio.core.media import MAX_SIDE_PX, SEED_MAX
from studio.core.requests import (
    REGIONS_MAX,
    AudioRequest,
    Capability,
    ControlUse,
    EmbedRequest,
    ImageRequest,
    KeptVoice,
    LoraUse,
    Message,
    ReferenceUse,
    Region,
    Request,
    Role,
    TextRequest,
    TranscribeRequest,
    from_json,
    input_refs,
    replaced,
    to_json,
)
from tests.fakes.lent_voices import kept_voice, lent_request

anything = st.text(st.characters(exclude_categories=[]), max_size=40)
option_values = (
    st.booleans() | st.integers() | st.floats(allow_nan=False) | anything | st.lists(anything)
)
shared: dict[str, Any] = {
    "seed": st.integers(0, SEED_MAX),
    "model": anything,
    "label": anything,
    "options": st.dictionaries(anything, option_values, max_size=4),
}
completions = st.builds(
    TextRequest,
    capability=st.just(Capability.TEXT_GENERATE),
    prompt=anything.map(lambda text: "x" + text),
    suffix=anything,
    instruction=anything,
    **shared,
)
chats = st.builds(
    TextRequest,
    capability=st.just(Capability.TEXT_CHAT),
    messages=st.lists(st.builds(Message, st.sampled_from(Role), anything), min_size=1, max_size=3),
    **shared,
)
embeddings = st.builds(
    EmbedRequest,
    capability=st.just(Capability.TEXT_EMBED),
    texts=st.lists(anything, min_size=1, max_size=3),
    **shared,
)


refs = st.builds(
    InputRef,
    sha256=st.text("0123456789abcdef", min_size=64, max_size=64),
    media_type=st.just("image/png"),
    size_bytes=st.integers(0, 9),
)
weights = st.floats(-2, 2)
pictures = st.builds(
    ImageRequest,
    capability=st.sampled_from([Capability.IMAGE_TXT2IMG, Capability.IMAGE_IMG2IMG]),
    prompt=anything,
    negative_prompt=anything,
    width=st.integers(0, MAX_SIDE_PX),
    num_images_per_prompt=st.integers(1, 64),
    image=refs,
    mask_image=st.none() | refs,
    strength=st.floats(0, 1),
    loras=st.lists(st.builds(LoraUse, anything, weights), max_size=2),
    controls=st.lists(st.builds(ControlUse, anything, refs, weights), max_size=2),
    references=st.lists(st.builds(ReferenceUse, anything, refs, weights), max_size=2),
    regions=st.lists(
        st.builds(
            Region,
            anything.map(lambda text: "x" + text),
            refs,
            st.floats(0, 1, exclude_min=True, allow_subnormal=False),
        ),
        max_size=2,
    ),
    transient=st.booleans(),
    **shared,
)
sounds = st.builds(
    AudioRequest,
    capability=st.sampled_from([Capability.AUDIO_SPEECH, Capability.AUDIO_MUSIC]),
    prompt=anything.map(lambda text: "x" + text),
    voice=anything,
    speed=st.floats(0.25, 4),
    audio=st.none() | refs,
    **shared,
)
lent = st.builds(
    AudioRequest,
    capability=st.just(Capability.AUDIO_SPEECH),
    prompt=anything.map(lambda text: "x" + text),
    kept_voice=st.builds(
        KeptVoice,
        id=st.just("1f3a"),
        title=anything.map(lambda text: "x" + text),
        audio=refs,
        text=anything.map(lambda text: "x" + text),
        consent=anything.map(lambda text: "x" + text),
    ),
    **shared,
)
listenings = st.builds(TranscribeRequest, audio=refs, language=anything, prompt=anything, **shared)


@given(completions | chats | embeddings | pictures | sounds | lent | listenings)
def test_a_request_crosses_disk_and_process(request: Request) -> None:
    line = to_json(request)
    line.encode("utf-8")
    assert "\n" not in line
    assert from_json(line) == request
    assert pickle.loads(pickle.dumps(request)) == request
    assert hash(from_json(line)) == hash(request)
    assert to_json(from_json(line)) == line


def text(**values: Any) -> TextRequest:
    return TextRequest(**{"capability": "text.generate", "seed": 1, "prompt": "a", **values})


def test_a_request_cannot_be_changed() -> None:
    request = text(options={"stop_strings": ["a"]})
    with pytest.raises(dataclasses.FrozenInstanceError):
        request.prompt = "b"  # type: ignore[misc]
    with pytest.raises(TypeError):
        request.options["x"] = 1  # type: ignore[index]
    assert request.options["stop_strings"] == ("a",)


def test_the_options_given_stay_the_callers_own() -> None:
    mine = {"a": 1}
    request = text(options=mine)
    mine["a"] = 2
    assert request.options["a"] == 1


def test_texts_are_cleaned_wherever_they_stand() -> None:
    request = text(prompt="a\r\nb\ud83d", label="\ud83d", model="m\x00", options={"s": "\ude00"})
    assert request.prompt == "a\nb\ufffd"
    assert (request.label, request.model, request.options["s"]) == ("\ufffd", "m", "\ufffd")
    to_json(request).encode("utf-8")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"prompt": " \n"}, "nothing to go on"),
        ({"prompt": "", "suffix": "x"}, "nothing to go on"),
        ({"messages": (Message(Role.USER, "x"),)}, "either a chat or a completion"),
        ({"seed": -1}, "seed"),
        ({"seed": 1.5}, "seed"),
        ({"seed": True}, "seed"),
    ],
)
def test_bad_requests_are_refused(values: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInputError, match=words):
        text(**values)


REF = InputRef(sha256="a" * 64, media_type="image/png", size_bytes=3)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"width": -1}, "Width can be"),
        ({"height": 16_385}, "Height can be from 0 to 16384 px"),
        ({"width": 8.0}, "Width can be"),
        ({"num_images_per_prompt": 0}, "number of pictures"),
        ({"strength": 1.5}, "Strength"),
        ({"strength": float("nan")}, "Strength"),
        ({"capability": "image.img2img"}, "no picture to start from"),
        ({"capability": "image.inpaint", "image": REF}, "Nothing is marked"),
    ],
)
def test_bad_picture_requests_are_refused(values: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInputError, match=words):
        ImageRequest(**{"capability": "image.txt2img", "seed": 1, "prompt": "a", **values})


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"prompt": " \n"}, "no text to speak"),
        ({"speed": 0.1}, "Speed"),
        ({"audio_end_in_s": 4000}, "3600 s"),
        ({"capability": "audio.repair"}, "no sound to mend"),
    ],
)
def test_bad_sound_requests_are_refused(values: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInputError, match=words):
        AudioRequest(**{"capability": "audio.speech", "seed": 1, "prompt": "a", **values})


def test_listening_needs_a_sound() -> None:
    with pytest.raises(BadInputError, match="no sound to listen to"):
        TranscribeRequest()


def test_every_input_of_a_request_is_found() -> None:
    others = [InputRef(sha256=c * 64, media_type="image/png") for c in "bcde"]
    request = ImageRequest(
        capability=Capability.IMAGE_INPAINT,
        seed=1,
        image=REF,
        mask_image=others[0],
        controls=(ControlUse("canny", others[1]),),
        references=(ReferenceUse("look", others[2]),),
        regions=(Region("a cat", others[3]),),
        loras=(LoraUse("ink"),),
    )
    assert input_refs(request) == (REF, *others)
    assert input_refs(text()) == ()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"prompt": " \n"}, "says nothing"),
        ({"weight": 0.0}, "above 0"),
        ({"weight": 1.01}, "at most 1"),
        ({"weight": float("nan")}, "above 0"),
    ],
)
def test_bad_regions_are_refused(values: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInputError, match=words):
        Region(**{"prompt": "a cat", "mask": REF, **values})


def test_a_request_has_so_many_regions_at_most() -> None:
    regions = (Region("a cat", REF),) * REGIONS_MAX
    ImageRequest(capability=Capability.IMAGE_TXT2IMG, seed=1, regions=regions)
    with pytest.raises(BadInputError, match="regions at most"):
        ImageRequest(capability=Capability.IMAGE_TXT2IMG, seed=1, regions=(*regions, *regions))


def test_a_request_from_before_there_were_regions_has_none() -> None:
    plain = json.loads(to_json(ImageRequest(capability=Capability.IMAGE_TXT2IMG, seed=1)))
    del plain["regions"]
    found = from_json(json.dumps(plain))
    assert isinstance(found, ImageRequest)
    assert found.regions == ()


def test_an_embedding_needs_a_text() -> None:
    with pytest.raises(BadInputError):
        EmbedRequest(capability=Capability.TEXT_EMBED, seed=0)


def test_names_of_a_newer_version_are_left_out() -> None:
    plain = json.loads(to_json(text())) | {"mood": {"deep": []}, "format": 9}
    assert from_json(json.dumps(plain)) == text()


@pytest.mark.parametrize(
    "line",
    [
        "",
        "[]",
        "3",
        "{}",
        '{"kind": "smell"}',
        '{"kind": ["text"]}',
        '{"kind": "text"}',
        '{"kind": "text", "capability": "fly", "seed": 1, "prompt": "x"}',
        '{"kind": "text", "capability": "text.chat", "seed": "1", "prompt": "x"}',
        '{"kind": "text", "capability": "text.chat", "seed": 1, "prompt": 3}',
        '{"kind": "text", "capability": "text.chat", "seed": 1, "prompt": "x", "options": 3}',
        '{"kind": "text", "capability": "text.chat", "seed": 1, "prompt": "x", "model": 3}',
        '{"kind": "text", "capability": "text.chat", "seed": 1, "messages": ["x"]}',
        '{"kind": "text", "capability": "text.chat", "seed": 1, "messages": [{"role": "x"}]}',
        '{"kind": "embed", "capability": "text.embed", "seed": 1, "texts": [1]}',
        '{"kind": "image", "capability": "image.txt2img", "seed": 1, "image": 3}',
        '{"kind": "image", "capability": "image.txt2img", "seed": 1, "image": {"sha256": "x"}}',
        '{"kind": "image", "capability": "image.txt2img", "seed": 1, "controls": [{"model": "m"}]}',
        '{"kind": "image", "capability": "image.txt2img", "seed": 1, "loras": "x"}',
        '{"kind": "audio", "capability": "audio.speech", "seed": 1, "prompt": "x", "speed": "1"}',
        "[" * 100_000,
    ],
)
def test_what_is_no_request_is_refused(line: str) -> None:
    with pytest.raises(BadInputError) as caught:
        from_json(line)
    assert caught.value.user_message


def test_replaced_changes_a_copy() -> None:
    request = text()
    assert replaced(request, seed=2).seed == 2 and request.seed == 1


def test_the_reading_of_the_consent_is_an_input_of_the_request() -> None:
    request = lent_request()
    assert [ref.sha256 for ref in input_refs(request)] == ["a" * 64]
    assert input_refs(from_json(to_json(request))) == input_refs(request)


def test_a_request_from_before_lent_voices_is_read() -> None:
    plain = json.loads(to_json(lent_request()))
    del plain["kept_voice"]
    read = from_json(json.dumps(plain))
    assert isinstance(read, AudioRequest)
    assert read.kept_voice is None


@pytest.mark.parametrize(
    "values",
    [
        {"voice": "heart"},
        {"audio": InputRef(sha256="b" * 64, media_type="audio/wav")},
        {"capability": "audio.music"},
    ],
)
def test_a_lent_voice_only_speaks_and_alone(values: dict[str, Any]) -> None:
    with pytest.raises(BadInputError, match="lent voice"):
        lent_request(**values)


@pytest.mark.parametrize("name", ["id", "title", "text", "consent"])
def test_a_lent_voice_comes_with_all_of_its_consent(name: str) -> None:
    with pytest.raises(BadInputError, match="only with its consent"):
        kept_voice(**{name: " "})
    plain = json.loads(to_json(lent_request()))
    del plain["kept_voice"][name]
    with pytest.raises(BadInputError, match="incomplete"):
        from_json(json.dumps(plain))
