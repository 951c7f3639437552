"""The text backend with real transformers classes at toy size."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest

from studio.core.errors import (
    BadInputError,
    ModelDamagedError,
    ModelNotFoundError,
    StudioError,
    UnsafeFileError,
    UnsupportedModelError,
)
from studio.core.requests import Capability, Message, Role, TextRequest
from studio.engine.api import Device, JobCancelled
from studio.engine.backends.transformers_text import TransformersTextBackend
from studio.models.identify import identify
from studio.models.info import ModelInfo
from tests.fakes.job_context import RecordingContext
from tests.fakes.toy_models import toy_folder, toy_gguf, toy_model

CPU = Device(kind="cpu", threads=1)
PROMPT = "The lighthouse keeper climbed the stairs"


def load(model: ModelInfo | None = None) -> Any:
    return TransformersTextBackend().load(model or toy_model(), CPU, RecordingContext())


def ask(model: Any, ctx: RecordingContext | None = None, **fields: Any) -> Any:
    options = fields.pop("options", {})
    seed = fields.pop("seed", 1)
    chat = "messages" in fields
    request = TextRequest(
        capability=Capability.TEXT_CHAT if chat else Capability.TEXT_GENERATE,
        seed=seed,
        options={"max_new_tokens": 24} | options,
        **fields,
    )
    return model.generate(request, ctx or RecordingContext())


GREEDY = {"temperature": 0.0, "repetition_penalty": 1.0}


@pytest.fixture(scope="module")
def llama() -> Any:
    return load()


@pytest.mark.parametrize("architecture", ["llama", "qwen2", "mistral", "gpt2", "mamba"])
def test_greedy_text_is_what_the_library_itself_writes(architecture: str) -> None:
    import torch

    model = load(toy_model(architecture))
    answer = ask(model, prompt=PROMPT, options=GREEDY | {"max_new_tokens": 40})
    ids = torch.tensor([model._vocabulary.encode_from_start(PROMPT)])
    with torch.inference_mode():
        full = model._network.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=40,
            do_sample=False,
            eos_token_id=sorted(model._ends),
            pad_token_id=0,
        )
    expected = [t for t in full[0, ids.shape[1] :].tolist() if t not in model._ends]
    assert answer.new_tokens == len(expected)
    assert answer.text == model._vocabulary.decode(expected)


def test_the_same_seed_gives_the_same_text_and_another_one_another(llama: Any) -> None:
    first = ask(llama, prompt=PROMPT, seed=5, options={"temperature": 1.2})
    again = ask(load(), prompt=PROMPT, seed=5, options={"temperature": 1.2})
    other = ask(llama, prompt=PROMPT, seed=6, options={"temperature": 1.2})
    assert first.text == again.text
    assert first.text != other.text


def test_text_comes_in_pieces_that_make_up_the_whole(llama: Any) -> None:
    ctx = RecordingContext()
    answer = ask(llama, ctx, prompt=PROMPT)
    assert ctx.written == answer.text
    assert len(ctx.deltas) > 5
    assert ctx.steps[0] == (0, 24)
    assert ctx.steps[-1] == (answer.new_tokens, 24)


@pytest.mark.parametrize("architecture", ["llama", "mistral", "gpt2", "mamba"])
def test_a_kept_turn_changes_the_speed_and_not_the_text(architecture: str) -> None:
    said = [Message(Role.USER, "Who lit the lamp, and why was the boat gone by morning?")]
    fresh, kept = load(toy_model(architecture)), load(toy_model(architecture))
    first = ask(kept, messages=said, options=GREEDY)
    said += [Message(Role.ASSISTANT, first.text), Message(Role.USER, "And then?")]
    again = ask(kept, messages=said, options=GREEDY)
    alone = ask(fresh, messages=said, options=GREEDY)
    assert again.text == alone.text
    assert alone.reused_tokens == 0
    if architecture in ("llama", "gpt2"):
        assert again.reused_tokens > first.prompt_tokens // 2


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_same_seed_gives_the_same_text_whatever_was_kept(dtype: str) -> None:
    device = Device(kind="cpu", threads=1, dtype=dtype)
    model = TransformersTextBackend().load(toy_model(context=2048), device, RecordingContext())
    model._chunk = 32  # a toy's own piece is longer than its texts
    prompt = " ".join(f"The sea went {number} times round." for number in range(12))
    for seed in range(5):
        model._slots.clear()
        first = ask(model, prompt=prompt, seed=seed)
        again = ask(model, prompt=prompt, seed=seed)
        assert again.reused_tokens > first.prompt_tokens // 2
        assert again.text == first.text
        if dtype == "bfloat16":
            assert again.reused_tokens % 32 == 0


def test_alternatives_read_their_common_prompt_once(llama: Any) -> None:
    ask(llama, prompt=PROMPT, seed=1)
    second = ask(llama, prompt=PROMPT, seed=2)
    assert second.reused_tokens == second.prompt_tokens - 1


def test_a_stop_string_ends_the_text_before_it_even_across_tokens(llama: Any) -> None:
    whole = ask(llama, prompt=PROMPT, options=GREEDY | {"max_new_tokens": 40}).text
    middle = len(whole) // 2
    stop = whole[middle - 2 : middle + 2]
    ctx = RecordingContext()
    cut = ask(llama, ctx, prompt=PROMPT, options=GREEDY | {"stop_strings": (stop,)})
    assert cut.text == whole[: whole.index(stop)]
    assert ctx.written == cut.text
    assert cut.finish_reason == "stop_string"


@pytest.mark.parametrize("checkpoints", [0, 1, 7])
def test_cancelling_takes_effect_within_one_token(llama: Any, checkpoints: int) -> None:
    ctx = RecordingContext(cancel_after=checkpoints)
    with pytest.raises(JobCancelled):
        ask(llama, ctx, prompt=PROMPT)
    assert ctx.checkpoints == checkpoints
    assert len(ctx.deltas) <= checkpoints
    assert (
        ask(llama, prompt=PROMPT, options=GREEDY).text
        == ask(load(), prompt=PROMPT, options=GREEDY).text
    )


def test_a_job_may_use_the_model_while_another_one_pauses(llama: Any) -> None:
    alone = ask(load(), prompt=PROMPT, options=GREEDY).text
    between: list[str] = []

    def other(count: int) -> None:
        if count == 5:
            between.append(ask(llama, prompt="By morning the boat", options=GREEDY).text)

    paused = ask(llama, RecordingContext(on_checkpoint=other), prompt=PROMPT, options=GREEDY)
    assert paused.text == alone
    assert between == [ask(load(), prompt="By morning the boat", options=GREEDY).text]


@pytest.mark.parametrize(
    "prompt",
    ["👩🏽‍🚀 war hier", "\ud83d halb", "e\u0301 zwei", "日本語の文章", "a\x00b", "   "[:1] + "x"],
)
def test_any_characters_are_fine(llama: Any, prompt: str) -> None:
    answer = ask(llama, prompt=prompt)
    assert answer.prompt_tokens > 0


def test_a_megabyte_is_cut_and_says_so(llama: Any) -> None:
    ctx = RecordingContext()
    answer = ask(llama, ctx, prompt="The sea and the wind. " * 48_000)
    assert answer.prompt_tokens <= llama.context_length - 24
    (code, message), *_ = ctx.notices
    assert code == "context_cut"
    assert "words were left out" in message
    assert "512 tokens" in message


def test_a_cut_text_stays_read_while_it_grows(llama: Any) -> None:
    text = "The sea and the wind went on. " * 200
    kept = 0
    for number in range(20):
        answer = ask(llama, prompt=text, options={"max_new_tokens": 4})
        kept += answer.reused_tokens > answer.prompt_tokens * 0.8
        text += f"Then it was {number}. "
    assert kept >= 15


def test_a_long_chat_loses_its_oldest_messages_and_keeps_the_system(llama: Any) -> None:
    said = [Message(Role.SYSTEM, "You are an editor.")]
    for number in range(60):
        role = Role.USER if number % 2 == 0 else Role.ASSISTANT
        said.append(Message(role, f"The boat number {number} was gone."))
    said.append(Message(Role.USER, "Which one is left?"))
    ctx = RecordingContext()
    answer = ask(llama, ctx, messages=said)
    assert answer.prompt_tokens <= llama.context_length - 24
    assert ctx.notices[0][0] == "context_cut"
    assert "messages were" in ctx.notices[0][1]
    shown = llama._vocabulary.decode(llama._slots._slots[-1].tokens)
    assert "You are an editor." in shown
    assert "Which one is left?" in shown
    assert "boat number 0 " not in shown


def test_more_than_fits_is_never_written(llama: Any) -> None:
    ctx = RecordingContext()
    answer = ask(llama, ctx, prompt=PROMPT, options=GREEDY | {"max_new_tokens": 5000})
    assert answer.prompt_tokens + answer.new_tokens <= llama.context_length
    assert ("length_cut" in [code for code, _ in ctx.notices]) is True


def test_bad_options_are_refused_with_a_sentence(llama: Any) -> None:
    with pytest.raises(BadInputError, match="Temperature"):
        ask(llama, prompt=PROMPT, options={"temperature": 9.0})
    with pytest.raises(BadInputError):
        ask(llama, prompt="  ")
    with pytest.raises(BadInputError, match="seed"):
        ask(llama, prompt=PROMPT, seed=-1)


def test_insertion_shows_the_model_what_follows() -> None:
    for info in (toy_model(), toy_model(chat=False)):
        model = load(info)
        ask(model, prompt="The keeper ", suffix="By morning the boat was gone.")
        shown = model._vocabulary.decode(model._slots._slots[-1].tokens)
        assert "By morning the boat was gone." in shown
        assert shown.index("By morning") < shown.index("The keeper")


def test_marks_for_filling_in_are_used_where_the_vocabulary_has_them() -> None:
    marks = ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>")
    model = load(toy_model(marks=marks))
    ask(model, prompt="The keeper ", suffix=" the lamp.", options={"max_new_tokens": 1})
    ids = model._slots._slots[-1].tokens
    first, second, third = (model._vocabulary.encode(mark)[0] for mark in marks)
    assert [t for t in ids if t in (first, second, third)] == [first, second, third]
    assert ids[0] == first
    assert ids[-1] == third


def test_a_model_without_a_chat_template_chats_in_the_plain_form() -> None:
    model = load(toy_model(chat=False))
    ask(model, messages=[Message(Role.USER, "What is that?")], options={"max_new_tokens": 1})
    shown = model._vocabulary.decode(model._slots._slots[-1].tokens)
    assert shown == "User: What is that?\n\nAssistant:"


def test_an_instruction_is_asked_about_the_text_and_may_repeat_it(llama: Any) -> None:
    prompt = llama._builder.build(
        TextRequest(
            capability=Capability.TEXT_GENERATE, seed=1, prompt="Old text.", instruction="Shorten."
        ),
        400,
    )
    shown = llama._vocabulary.decode(prompt.tokens)
    assert "Shorten.\n\nOld text." in shown
    assert prompt.repeats


def test_memory_is_counted_and_given_back_step_by_step(llama: Any) -> None:
    model = load()
    weights = model.memory_bytes
    ask(model, prompt=PROMPT)
    assert model.memory_bytes > weights
    said = []
    while (step := model.economise()) is not None:
        said.append(step)
        assert len(said) < 20
    assert model.memory_bytes == weights
    assert "earlier turns" in said[0]
    assert model.context_length == 256
    assert ask(model, prompt=PROMPT).new_tokens > 0
    model.unload()
    assert model.memory_bytes == 0


def test_tokens_are_counted_without_a_job(llama: Any) -> None:
    assert llama.count_tokens("") == 0
    assert llama.count_tokens(PROMPT) == ask(llama, prompt=PROMPT).prompt_tokens


# What can be wrong with files


def copied(name: str) -> Path:
    target = toy_folder() / f"copy-{name}"
    source = toy_model().path
    assert source is not None
    shutil.copytree(source, target, dirs_exist_ok=True)
    return target


def info_before_damage(folder: Path) -> ModelInfo:
    return identify(folder)


def test_files_that_are_gone() -> None:
    folder = copied("gone")
    info = info_before_damage(folder)
    shutil.rmtree(folder)
    with pytest.raises(ModelNotFoundError, match="gone"):
        load(info)


def test_a_truncated_weight_file() -> None:
    folder = copied("short")
    info = info_before_damage(folder)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    with pytest.raises(ModelDamagedError, match="1,000 bytes are missing"):
        load(info)


def test_a_weight_that_is_missing_is_not_made_up() -> None:
    from safetensors.torch import load_file, save_file

    folder = copied("lacking")
    weights = load_file(folder / "model.safetensors")
    weights.pop("model.layers.1.mlp.up_proj.weight")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelDamagedError):
        load(identify(folder))


def test_weights_of_another_shape() -> None:
    folder = copied("other-shape")
    config = json.loads((folder / "config.json").read_text())
    config["hidden_size"] = 64
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelDamagedError):
        load(identify(folder))


@pytest.mark.parametrize("content", ["{", "[1, 2]", '{"version": "1.0"}', ""])
def test_a_vocabulary_that_cannot_be_read(content: str) -> None:
    folder = copied("vocabulary")
    (folder / "tokenizer.json").write_text(content)
    with pytest.raises(ModelDamagedError):
        load(identify(folder))


def test_a_missing_vocabulary() -> None:
    folder = copied("no-vocabulary")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(StudioError):
        load(identify(folder))


def test_a_model_type_nobody_knows() -> None:
    folder = copied("unknown")
    config = json.loads((folder / "config.json").read_text())
    config["model_type"] = "frobnicator"
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(UnsupportedModelError):
        load(identify(folder))


def test_a_model_that_brings_a_program_is_not_run() -> None:
    folder = copied("program")
    marker = folder / "was-run"
    (folder / "modeling_evil.py").write_text(f"open({str(marker)!r}, 'w').close()\n")
    config = json.loads((folder / "config.json").read_text())
    config["model_type"] = "evil"
    config["auto_map"] = {
        "AutoConfig": "modeling_evil.EvilConfig",
        "AutoModelForCausalLM": "modeling_evil.EvilModel",
    }
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(UnsafeFileError, match="program"):
        load(identify(folder))
    assert not marker.exists()


class _Touch:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_a_pickle_is_refused_and_never_opened(tmp_path: Path) -> None:
    folder = copied("pickled")
    marker = tmp_path / "was-run"
    info = identify(folder)
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(_Touch(marker)))
    with pytest.raises(UnsafeFileError, match="pickle"):
        load(info)
    assert not marker.exists()


def test_a_chat_template_that_never_ends_is_stopped() -> None:
    folder = copied("endless")
    (folder / "chat_template.jinja").write_text(
        "{% for a in range(99999) %}{% for b in range(99999) %}xxxxxxxxxx{% endfor %}{% endfor %}"
    )
    with pytest.raises(UnsupportedModelError, match="template"):
        ask(load(identify(folder)), messages=[Message(Role.USER, "Hello")])


def test_a_chat_template_that_reaches_out_is_refused() -> None:
    folder = copied("reaching")
    (folder / "chat_template.jinja").write_text(
        "{{ messages.__class__.__mro__[1].__subclasses__() }}"
    )
    with pytest.raises(UnsupportedModelError, match="template"):
        ask(load(identify(folder)), messages=[Message(Role.USER, "Hello")])


def test_a_template_without_a_system_role_gets_it_in_the_first_message() -> None:
    folder = copied("no-system")
    (folder / "chat_template.jinja").write_text(
        "{% for m in messages %}{% if m['role'] == 'system' %}{{ raise_exception('no system') }}"
        "{% endif %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    model = load(identify(folder))
    asked = [Message(Role.SYSTEM, "Be brief."), Message(Role.USER, "What is that?")]
    ask(model, messages=asked, options={"max_new_tokens": 1})
    shown = model._vocabulary.decode(model._slots._slots[-1].tokens)
    assert "Be brief.\n\nWhat is that?" in shown


def test_the_mark_that_ends_a_turn_is_found_in_the_template(llama: Any) -> None:
    assert llama._vocabulary.encode("<|im_end|>")[0] in llama._ends


# GGUF


@pytest.fixture
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIPTYCH_DATA_DIR", str(tmp_path))


@pytest.mark.usefixtures("_own_cache")
@pytest.mark.slow
def test_a_gguf_is_unpacked_once_and_writes_what_the_folder_writes() -> None:
    ctx = RecordingContext()
    info = identify(toy_gguf())
    backend = TransformersTextBackend()
    assert Capability.TEXT_CHAT in backend.supports(info)
    model = backend.load(info, CPU, ctx)
    assert any("Unpacking" in message for _, message in ctx.loads)
    assert all(fraction is None or 0 <= fraction <= 1 for fraction, _ in ctx.loads)
    expected = ask(load(), prompt=PROMPT, options=GREEDY).text
    assert ask(model, prompt=PROMPT, options=GREEDY).text == expected
    again = RecordingContext()
    backend.load(info, CPU, again)
    assert not any("Unpacking" in message for _, message in again.loads)


@pytest.mark.usefixtures("_own_cache")
def test_unpacking_can_be_stopped_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(JobCancelled):
        TransformersTextBackend().load(identify(toy_gguf()), CPU, RecordingContext(cancel_after=0))
    left = list((tmp_path / "cache").rglob("*.safetensors"))
    assert left == []


def test_a_gguf_of_an_unknown_architecture_is_named() -> None:
    info = identify(toy_gguf("frobnicator"))
    assert TransformersTextBackend().supports(info) == ()
    with pytest.raises(UnsupportedModelError, match="frobnicator"):
        load(info)
