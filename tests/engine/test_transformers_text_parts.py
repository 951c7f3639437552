"""Sampling, decoding, kept caches and prompts of the text backend, each on its own."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch  # noqa: TID253 - this tests the torch code itself
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import DynamicCache, LlamaConfig, MistralConfig  # noqa: TID253
from transformers.generation import logits_process as library  # noqa: TID253
from transformers.integrations.sdpa_attention import sdpa_attention_forward  # noqa: TID253

from studio.core.errors import ModelDamagedError
from studio.core.requests import Capability, Message, Role, TextRequest
from studio.engine.backends._cpu_attention import cpu_attention
from studio.engine.backends._kv import GROWTH_TOKENS, GrowingLayer, Slot, SlotPool, common_length
from studio.engine.backends._prompting import FillInMiddle, PromptBuilder
from studio.engine.backends._sampling import Sampler
from studio.engine.backends._text_stream import TextStream
from tests.fakes.toy_models import toy_tokenizer

OFF = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0, "repetition_penalty": 1.0}


def options(**changes: float) -> Any:
    return SimpleNamespace(**(OFF | changes))


def library_shares(scores: torch.Tensor, seen: list[int], chosen: Any) -> torch.Tensor:
    """Return the shares that transformers' own processors, in generate()'s order, leave."""
    processors: list[Any] = []
    if chosen.repetition_penalty != 1.0:
        processors.append(library.RepetitionPenaltyLogitsProcessor(chosen.repetition_penalty))
    if chosen.temperature != 1.0:
        processors.append(library.TemperatureLogitsWarper(chosen.temperature))
    if chosen.top_k:
        processors.append(library.TopKLogitsWarper(chosen.top_k))
    if chosen.top_p < 1.0:
        processors.append(library.TopPLogitsWarper(chosen.top_p))
    if chosen.min_p:
        processors.append(library.MinPLogitsWarper(chosen.min_p))
    ids, values = torch.tensor([seen]), scores[None].clone()
    for processor in processors:
        values = processor(ids, values)
    return values[0].softmax(-1)


def our_shares(scores: torch.Tensor, seen: list[int], chosen: Any) -> torch.Tensor:
    sampler = Sampler(chosen, 1, scores.numel(), seen)
    if sampler._seen is not None:
        scores = sampler._penalise(scores)
    values, tokens = sampler._candidates(scores / chosen.temperature)
    return torch.zeros(scores.numel()).scatter(0, tokens, values.softmax(-1))


@pytest.mark.parametrize("vocabulary", [40, 5000])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"temperature": 0.6},
        {"top_k": 7},
        {"top_p": 0.8},
        {"top_p": 0.999},
        {"min_p": 0.1},
        {"repetition_penalty": 1.3},
        {"temperature": 0.7, "top_k": 30, "top_p": 0.9, "min_p": 0.05, "repetition_penalty": 1.1},
        {"temperature": 1.5, "top_p": 0.5, "min_p": 0.2, "repetition_penalty": 0.8},
    ],
)
def test_shares_are_those_of_the_library(vocabulary: int, changes: dict[str, float]) -> None:
    generator = torch.Generator().manual_seed(3)
    seen = [1, 5, 5, 9]
    for _ in range(5):
        scores = torch.randn(vocabulary, generator=generator) * 3
        ours, theirs = (f(scores, seen, options(**changes)) for f in (our_shares, library_shares))
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)


def test_equal_scores_at_the_edge_of_top_k_all_stay() -> None:
    scores = torch.tensor([3.0, 1.0, 1.0, 1.0, 0.0])
    shares = our_shares(scores, [], options(top_k=2))
    torch.testing.assert_close(shares, library_shares(scores, [], options(top_k=2)))
    assert int((shares > 0).sum()) == 4


def test_draws_follow_the_shares_and_the_seed() -> None:
    scores = torch.tensor([2.0, 1.0, 0.0, -1.0])
    first = [Sampler(options(), 11, 4, []) for _ in range(2)]
    rows = [[sampler.pick(scores) for _ in range(4000)] for sampler in first]
    assert rows[0] == rows[1]
    share = torch.tensor(rows[0]).bincount(minlength=4) / 4000
    torch.testing.assert_close(share, scores.softmax(-1), atol=0.03, rtol=0)


def test_temperature_zero_takes_the_likeliest_after_the_penalty() -> None:
    scores = torch.tensor([2.0, 1.9, 0.0])
    assert Sampler(options(temperature=0.0), 1, 3, [0]).pick(scores) == 0
    assert Sampler(options(temperature=0.0, repetition_penalty=1.2), 1, 3, [0]).pick(scores) == 1


def test_tokens_that_were_drawn_count_as_seen() -> None:
    sampler = Sampler(options(temperature=0.0, repetition_penalty=1.5), 1, 3, [])
    scores = torch.tensor([2.0, 1.9, 1.8])
    assert [sampler.pick(scores) for _ in range(3)] == [0, 1, 2]


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_scores_that_are_no_numbers_are_an_error_with_words(bad: float) -> None:
    with pytest.raises(ModelDamagedError, match="not numbers"):
        Sampler(options(), 1, 3, []).pick(torch.tensor([1.0, bad, 0.0]))


# Text as it comes


def stream(stops: tuple[str, ...] = (), **more: Any) -> tuple[TextStream, Any]:
    tokenizer = toy_tokenizer().backend_tokenizer
    return TextStream(lambda ids: tokenizer.decode(ids, skip_special_tokens=True), stops, **more), (
        lambda text: tokenizer.encode(text, add_special_tokens=False).ids
    )


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00\r")))
def test_every_text_comes_out_as_it_is_in_whole_characters(text: str) -> None:
    growing, encode = stream()
    pieces = [growing.add(token) for token in encode(text)] + [growing.finish()]
    assert "".join(pieces) == text == growing.text
    if "\ufffd" not in text:
        assert not any("\ufffd" in piece for piece in pieces)


def test_an_emoji_of_several_tokens_comes_in_one_piece() -> None:
    growing, encode = stream()
    tokens = encode("a🦜")
    assert len(tokens) == 5
    assert [growing.add(token) for token in tokens] == ["a", "", "", "", "🦜"]


def test_what_never_becomes_a_character_is_shown_in_the_end() -> None:
    growing, encode = stream()
    half = encode("🦜")[:2]
    assert [growing.add(token) for token in half] == ["", ""]
    assert "\ufffd" in growing.finish()


@settings(max_examples=150, deadline=None)
@given(st.text("ab", max_size=30), st.lists(st.text("ab", min_size=1, max_size=4), max_size=3))
def test_nothing_of_a_stop_string_is_ever_handed_out(text: str, stops: list[str]) -> None:
    growing, encode = stream(tuple(stops))
    pieces = []
    for token in encode(text):
        pieces.append(growing.add(token))
        if growing.stopped:
            break
    pieces.append(growing.finish())
    found = [(text.index(stop) + len(stop), -len(stop)) for stop in stops if stop in text]
    end = sum(min(found)) if found else len(text)
    assert "".join(pieces) == text[:end]
    assert growing.stopped is bool(found)


def test_line_ends_become_one_kind() -> None:
    growing, encode = stream()
    pieces = [growing.add(token) for token in encode("a\r\nb\rc\x00d\r")] + [growing.finish()]
    assert "".join(pieces) == "a\nb\ncd\n"


def test_a_space_the_user_typed_is_not_written_twice() -> None:
    growing, encode = stream(skip_spaces=1)
    assert "".join(growing.add(token) for token in encode(" the sea")) == "the sea"


def test_text_that_carries_on_keeps_its_first_space() -> None:
    def decode(ids: list[int]) -> str:  # as sentencepiece does: no space before the first word
        return "".join(f" w{i}" for i in ids).lstrip()

    carried = TextStream(decode, (), before=[1, 2])
    assert carried.add(3) == " w3"
    assert TextStream(decode, ()).add(3) == "w3"


# What is kept between turns


def test_a_growing_layer_holds_what_the_librarys_own_holds() -> None:
    config = LlamaConfig(num_hidden_layers=1)
    ours, theirs = Slot(config).cache, DynamicCache(config=config)
    assert isinstance(ours.layers[0], GrowingLayer)
    generator = torch.Generator().manual_seed(1)
    for length in (5, 1, 1, GROWTH_TOKENS, 3):
        keys, values = torch.randn(2, 1, 2, length, 4, generator=generator)
        for got, wanted in zip(
            ours.update(keys, values, 0), theirs.update(keys, values, 0), strict=True
        ):
            assert torch.equal(got, wanted)
        ours.crop(-1)
        theirs.crop(-1)
        assert ours.get_seq_length() == theirs.get_seq_length()
        assert ours.get_mask_sizes(1, 0) == theirs.get_mask_sizes(1, 0)


def filled(pool: SlotPool, config: Any, tokens: list[int]) -> Slot:
    slot = pool.take([*tokens, 0])
    for token in tokens[len(slot.tokens) :]:
        for layer in range(config.num_hidden_layers):
            state = torch.full((1, 2, 1, 4), float(token))
            slot.cache.update(state, state, layer)
        slot.tokens.append(token)
    return slot


def test_the_longest_common_beginning_is_reused() -> None:
    config = LlamaConfig(num_hidden_layers=1)
    pool = SlotPool(config, 10**9)
    pool.put_back(filled(pool, config, list(range(10, 30))))
    pool.put_back(filled(pool, config, [*range(100, 120)]))
    again = pool.take([*range(10, 27), 99, 98])
    assert again.tokens == list(range(10, 27))
    assert again.cache.get_seq_length() == 17
    assert again.cache.layers[0].keys[0, 0, :, 0].tolist() == [float(n) for n in range(10, 27)]


def test_the_last_token_is_always_read_anew() -> None:
    config = LlamaConfig(num_hidden_layers=1)
    pool = SlotPool(config, 10**9)
    pool.put_back(filled(pool, config, list(range(20))))
    assert pool.take(list(range(20))).tokens == list(range(19))


def test_whole_pieces_are_all_that_is_reused_when_asked_for() -> None:
    config = LlamaConfig(num_hidden_layers=1)
    pool = SlotPool(config, 10**9)
    slot = Slot(config)
    for length in (16, 16, 5, 1, 16):
        state = torch.zeros(1, 2, length, 4)
        slot.cache.update(state, state, 0)
        slot.add(range(len(slot.tokens), len(slot.tokens) + length), 16)
    assert slot.in_pieces == 32
    pool.put_back(slot)
    again = pool.take([*range(54), 99], 16)
    assert again.tokens == list(range(32))
    pool.put_back(again)
    assert pool.take([*range(31), 99, 98], 16).tokens == list(range(16))


def test_another_conversation_is_copied_from_and_not_cut() -> None:
    config = LlamaConfig(num_hidden_layers=1)
    pool = SlotPool(config, 10**9)
    pool.put_back(filled(pool, config, list(range(40))))
    forked = pool.take([*range(12), 77, 78])
    assert forked.tokens == list(range(12))
    forked.cache.update(torch.zeros(1, 2, 1, 4), torch.zeros(1, 2, 1, 4), 0)
    kept = pool.take([*range(40), 1])
    assert kept.tokens == list(range(40))
    assert kept.cache.layers[0].keys[0, 0, 12, 0] == 12.0


def test_a_sliding_window_that_has_moved_on_is_not_turned_back() -> None:
    config = MistralConfig(num_hidden_layers=1, sliding_window=16)
    pool = SlotPool(config, 10**9)
    pool.put_back(filled(pool, config, list(range(40))))
    assert pool.take([*range(30), 7]).tokens == []
    pool.put_back(filled(pool, config, list(range(12))))
    assert pool.take([*range(10), 7]).tokens == list(range(10))


def test_least_recently_used_turns_leave_first() -> None:
    config = LlamaConfig(num_hidden_layers=1)
    pool = SlotPool(config, 10**9, count=2)
    for start in (100, 200, 300):
        pool.put_back(filled(pool, config, list(range(start, start + 10))))
    assert pool.take([*range(100, 110), 1]).tokens == []
    assert pool.take([*range(300, 310), 1]).tokens
    small = SlotPool(config, 1)
    for start in (100, 200):
        small.put_back(filled(small, config, list(range(start, start + 10))))
    assert len(small._slots) == 1
    assert small.clear() > 0
    assert small.nbytes == 0


@given(st.lists(st.integers(0, 2)), st.lists(st.integers(0, 2)))
def test_common_length(first: list[int], second: list[int]) -> None:
    common = common_length(first, second)
    assert first[:common] == second[:common]
    assert first[common : common + 1] != second[common : common + 1] or not first[common:]


# Attention


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("heads", [2, 6])
@pytest.mark.parametrize(("tokens", "masked"), [(1, False), (1, True), (5, True), (9, False)])
def test_attention_is_that_of_the_library(
    dtype: torch.dtype, heads: int, tokens: int, masked: bool
) -> None:
    generator = torch.Generator().manual_seed(1)
    layer = torch.nn.Module()
    layer.num_key_value_groups = heads // 2  # type: ignore[assignment]
    query = torch.randn(1, heads, tokens, 8, generator=generator, dtype=dtype)
    key, value = torch.randn(2, 1, 2, 9, 8, generator=generator, dtype=dtype)
    mask = torch.ones(tokens, 9, dtype=torch.bool).tril(9 - tokens)[None, None] if masked else None
    got, _ = cpu_attention(layer, query, key, value, mask, scaling=0.3)
    wanted, _ = sdpa_attention_forward(layer, query, key, value, mask, scaling=0.3)
    assert got.shape == wanted.shape
    torch.testing.assert_close(got, wanted)


# Prompts


class Letters:
    """A vocabulary of single letters, so that tokens can be counted by eye."""

    fill_in_middle: FillInMiddle | None = None
    has_chat_template = True

    def encode(self, text: str) -> list[int]:
        return [ord(letter) for letter in text]

    def encode_from_start(self, text: str) -> list[int]:
        return [0, *self.encode(text)]

    def offsets(self, text: str) -> list[int]:
        return list(range(len(text)))

    def render(self, messages: Any, *, answering: bool = True) -> str:
        return "".join(f"[{m.role[0]}:{m.content}]" for m in messages) + "[a:"


def build(room: int = 1000, vocabulary: Any = None, **fields: Any) -> tuple[str, Any]:
    request = TextRequest(capability=Capability.TEXT_GENERATE, seed=1, **fields)
    prompt = PromptBuilder(vocabulary or Letters()).build(request, room)
    return "".join(chr(token) for token in prompt.tokens), prompt


def test_a_continuation_is_the_text_itself() -> None:
    text, prompt = build(prompt="Once upon  ")
    assert text == "\0Once upon"
    assert prompt.typed_spaces == 2
    assert prompt.continues


def test_a_continuation_keeps_the_newest_text_and_tells_what_is_lost() -> None:
    text, prompt = build(room=50, prompt="one two three four five six seven eight nine ten eleven")
    assert text.startswith("\0")
    assert text.endswith("ten eleven")
    assert len(text) <= 50
    words = len(text.removeprefix("\0").split())
    assert f"first {11 - words} words were left out" in prompt.left_out


def test_an_insertion_keeps_both_sides_of_the_cursor() -> None:
    before = "".join(f"word{n} " for n in range(200))
    after = "".join(f"next{n} " for n in range(200))
    text, prompt = build(room=400, prompt=before, suffix=after)
    assert len(text) <= 400
    assert "next0" in text
    assert text.endswith("word199")
    assert "left out" in prompt.left_out


@settings(deadline=None)
@given(
    st.integers(60, 400),
    st.lists(st.text("xy ", max_size=120), min_size=1, max_size=8),
    st.booleans(),
)
def test_a_chat_never_exceeds_its_room(room: int, contents: list[str], system: bool) -> None:
    messages = [Message(Role.USER if i % 2 == 0 else Role.ASSISTANT, c + "z") for i, c in
                enumerate(contents)]  # fmt: skip
    if system:
        messages.insert(0, Message(Role.SYSTEM, "s" * 40))
    text, prompt = build(room=room, messages=messages)
    assert 0 < len(text) <= room
    assert text.endswith("z][a:")
    whole = Letters().render(messages)
    assert (prompt.left_out == "") == (len(whole) <= room)


def test_an_instruction_asks_for_the_text_alone() -> None:
    text, prompt = build(prompt="Hello.", instruction="Shorten this.")
    system = "[s:You are an editor. Answer with the changed text only.]"
    assert text == f"{system}[u:Shorten this.\n\nHello.][a:"
    assert prompt.repeats
    assert build(instruction="Write a poem.")[0] == "[u:Write a poem.][a:"
