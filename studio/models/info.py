"""What is known about one model on this computer, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class ModelInfo:
    """One model.

    Attributes:
        id: Stable and unique in the store; what requests name.
        title: What people call it.
        path: Folder or file with the weights; ``None`` for a model that lives in its backend.
        format: "transformers", "diffusers", "gguf", "checkpoint", or a backend's own word.
        architecture: The name in its config, such as "LlamaForCausalLM" or "llama"; "" unknown.
        capabilities: What it can do, as values of ``Capability``; may be completed by backends.
        size_bytes: Size of its weight files.
        parameters: Number of weights; 0 unknown.
        context_length: Tokens it can see at once; 0 when that does not apply or is unknown.
        licence: SPDX identifier, or the licence's name, or "" when nothing says it.
        source: Where it came from, in words.
        built_in: It came with the set-up.
        backend: Id of the only backend that can run it; "" means any that supports it.
        role: What it is beside another model: "lora", "controlnet", "vae", "embedding",
            "ip-adapter", "text-encoder"; "" for a model of its own.
        family: Which models it is of or goes with, such as "sd-1", "sdxl" or "flux"; "" unknown.
        told_by: How that was found out, in words, for people.
    """

    id: str
    title: str
    path: Path | None = None
    format: str = ""
    architecture: str = ""
    capabilities: tuple[str, ...] = ()
    size_bytes: int = 0
    parameters: int = 0
    context_length: int = 0
    licence: str = ""
    source: str = ""
    built_in: bool = False
    backend: str = ""
    role: str = ""
    family: str = ""
    told_by: str = ""
