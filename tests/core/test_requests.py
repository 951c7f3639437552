from __future__ import annotations

import dataclasses
import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.errors import BadInputError
from studio.core.media import SEED_MAX
from studio.core.requests import (
    Capability,
    EmbedRequest,
    Message,
    Request,
    Role,
    TextRequest,
    from_json,
    replaced,
    to_json,
)

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


@given(completions | chats | embeddings)
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
