"""Real language models of toy size, made from configurations when a test first asks for them.

Nothing is fetched: the weights are random from a fixed seed, the vocabulary is trained on a few
sentences. They write nonsense, in exactly the way a large model writes sense.
"""

from __future__ import annotations

import functools
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from studio.models.identify import identify
from studio.models.info import ModelInfo

_FOLDER = tempfile.TemporaryDirectory(prefix="triptych-toys-")

CHAT_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
MARKS = ["<|end|>", "<|im_start|>", "<|im_end|>"]
_SENTENCES = [
    "The lighthouse keeper climbed the stairs and lit the lamp.",
    "User: What is that?\n\nAssistant: It is the sea, and the wind.",
    "By morning the boat was gone, and nobody asked why.",
    "system user assistant\nYou are an editor. Answer with the changed text only.",
]


def toy_folder() -> Path:
    """Return the folder where toys are made; gone when the tests end."""
    return Path(_FOLDER.name)


@functools.cache
def toy_tokenizer(chat: bool = True, extra_marks: tuple[str, ...] = ()) -> Any:
    """Return a byte-level BPE tokenizer of some 350 tokens."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=350,
        special_tokens=[*MARKS, *extra_marks],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_SENTENCES, trainer)
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|end|>", additional_special_tokens=MARKS[1:]
    )
    if chat:
        wrapped.chat_template = CHAT_TEMPLATE
    return wrapped


def toy_network(architecture: str, vocabulary: int, **changes: Any) -> Any:
    """Return a small network with weights from a fixed seed."""
    import torch
    import transformers

    common = {
        "vocab_size": vocabulary,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 512,
        "eos_token_id": 0,
        "bos_token_id": None,
        "pad_token_id": None,
        "initializer_range": 0.3,
    }
    makers: dict[str, Callable[[], Any]] = {
        "llama": lambda: transformers.LlamaConfig(**(common | changes)),
        "qwen2": lambda: transformers.Qwen2Config(**(common | changes)),
        "mistral": lambda: transformers.MistralConfig(
            **(common | {"sliding_window": 16} | changes)
        ),
        "gpt2": lambda: transformers.GPT2Config(
            vocab_size=vocabulary, n_embd=32, n_layer=2, n_head=4, n_positions=512,
            eos_token_id=0, bos_token_id=0, initializer_range=0.3, **changes,
        ),
        "mamba": lambda: transformers.MambaConfig(
            vocab_size=vocabulary, hidden_size=32, state_size=8, num_hidden_layers=2,
            eos_token_id=0, bos_token_id=0, pad_token_id=0, initializer_range=0.3,
            use_mambapy=False, **changes,
        ),
    }  # fmt: skip
    torch.manual_seed(7)
    return transformers.AutoModelForCausalLM.from_config(makers[architecture]()).eval()


@functools.cache
def toy_model(
    architecture: str = "llama",
    *,
    chat: bool = True,
    context: int = 512,
    marks: tuple[str, ...] = (),
) -> ModelInfo:
    """Return a toy as a folder of safetensors."""
    folder = toy_folder() / f"{architecture}-{'chat' if chat else 'base'}-{context}-{len(marks)}"
    tokenizer = toy_tokenizer(chat, marks)
    changes = {} if architecture in ("gpt2", "mamba") else {"max_position_embeddings": context}
    network = toy_network(architecture, len(tokenizer), **changes)
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return identify(folder)


@functools.cache
def toy_gguf(architecture: str = "llama") -> Path:
    """Return a toy Llama as a GGUF file; other names give a file nobody can run."""
    import gguf

    path = toy_folder() / f"toy-{architecture}.gguf"
    tokenizer = toy_tokenizer()
    network = toy_network("llama", len(tokenizer))
    config = network.config
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_name("Toy")
    writer.add_license("apache-2.0")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_dimension_count(config.hidden_size // config.num_attention_heads)
    writer.add_vocab_size(config.vocab_size)
    _add_vocabulary(writer, tokenizer)
    for name, values in _gguf_tensors(network).items():
        writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add_vocabulary(writer: Any, tokenizer: Any) -> None:
    model = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    tokens = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list([token for token, _ in tokens])
    writer.add_token_types([3 if token in MARKS else 1 for token, _ in tokens])
    merges = model["merges"]
    writer.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in merges])
    writer.add_eos_token_id(0)
    writer.add_chat_template(CHAT_TEMPLATE)


def _gguf_tensors(network: Any) -> dict[str, Any]:
    names = {
        "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
        "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
        "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm",
        "post_attention_layernorm": "ffn_norm",
    }  # fmt: skip
    config = network.config
    tensors = {}
    for name, value in network.state_dict().items():
        new = name.replace("model.layers.", "blk.").replace("model.embed_tokens", "token_embd")
        new = new.replace("model.norm", "output_norm").replace("lm_head", "output")
        for old, short in names.items():
            new = new.replace(old, short)
        if ".attn_q." in new:
            value = _interleaved(value, config.num_attention_heads)
        if ".attn_k." in new:
            value = _interleaved(value, config.num_key_value_heads)
        tensors[new] = value.detach().float().numpy().copy()
    return tensors


def _interleaved(weights: Any, heads: int) -> Any:
    """Return query or key weights in the order llama.cpp keeps them for rotary positions."""
    rows, columns = weights.shape
    return weights.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, -1)
