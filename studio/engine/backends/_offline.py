"""The promise to stay offline, kept in one place by every backend built on transformers."""

from __future__ import annotations

import os


def stay_offline() -> None:
    """Tell the libraries so before they are imported, which is when huggingface_hub reads it.

    Every load says ``local_files_only`` besides.
    """
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["TRANSFORMERS_OFFLINE"] = "1"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
