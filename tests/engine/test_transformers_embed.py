from __future__ import annotations

import functools
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.core.artifacts import VectorArtifact
from studio.core.errors import BadInputError, ModelDamagedError, ModelNotFoundError
from studio.core.requests import Capability, EmbedRequest, TextRequest
from studio.engine.api import Backend, Device, ModelInfo
from studio.engine.backends.transformers_embed import TransformersEmbedBackend
from studio.models.identify import identify
from tests.engine.backend_contract import BackendContract, LoadRecorder

WORDS = ("the", "old", "sea", "lamp", "bread", "storm", "night", "keeper")


@functools.cache
def tiny_encoder() -> ModelInfo:
    """A real BertModel of two small layers with a vocabulary of eight words."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    folder = Path(tempfile.mkdtemp(prefix="tiny-encoder-")) / "tiny-encoder"
    vocabulary = {word: i for i, word in enumerate(("[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", model_max_length=512
    ).save_pretrained(folder)
    torch.manual_seed(1)
    network = BertModel(
        BertConfig(
            vocab_size=len(vocabulary),
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=48,
            max_position_embeddings=300,
        )
    )
    network.save_pretrained(folder)
    return identify(folder)


def _request(*texts: str, seed: int = 7) -> EmbedRequest:
    return EmbedRequest(capability=Capability.TEXT_EMBED, seed=seed, texts=texts)


class TestEmbedContract(BackendContract):
    artifact_type = VectorArtifact

    def make_backend(self) -> Backend:
        return TransformersEmbedBackend()

    def make_model(self) -> ModelInfo:
        return tiny_encoder()

    def make_request(self, seed: int = 7) -> EmbedRequest:
        return _request("the old sea", "bread", seed=seed)

    def make_long_request(self) -> EmbedRequest:
        return _request(*["the old sea lamp " * 60] * 80)


class _Context(LoadRecorder):
    def checkpoint(self) -> None:
        """Nobody waits."""

    def progress(self, step: int, total: int) -> None:
        assert 0 <= step <= total


@pytest.fixture
def loaded() -> Any:
    model = TransformersEmbedBackend().load(tiny_encoder(), Device(kind="cpu"), LoadRecorder())
    yield model
    model.unload()


def _vectors(artifact: VectorArtifact) -> np.ndarray[Any, Any]:
    return np.frombuffer(artifact.vectors, "<f4").reshape(-1, artifact.dimensions)


def test_vectors_have_length_one_and_keep_the_order(loaded: Any) -> None:
    texts = ["storm", "the old lamp " * 20, "", "bread", "the sea at night"]
    together = _vectors(loaded.generate(_request(*texts), _Context()))
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    alone = [_vectors(loaded.generate(_request(text), _Context()))[0] for text in texts]
    assert np.allclose(together, alone, atol=1e-5)  # padding changes nothing


def test_the_mean_is_that_of_a_plain_forward_pass(loaded: Any) -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    folder = str(tiny_encoder().path)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    network = AutoModel.from_pretrained(folder, local_files_only=True).eval()
    encoded = tokenizer("the old keeper", return_tensors="pt")
    with torch.inference_mode():
        states = network(**encoded).last_hidden_state[0]
    expected = torch.nn.functional.normalize(states.mean(0), dim=0).numpy()
    found = _vectors(loaded.generate(_request("the old keeper"), _Context()))[0]
    assert np.allclose(found, expected, atol=1e-6)


def test_a_long_text_is_cut_at_what_the_model_can_see(loaded: Any) -> None:
    cut, longer = loaded.generate(_request("sea " * 254, "sea " * 5000), _Context()), None
    cut, longer = _vectors(cut)
    assert np.allclose(cut, longer, atol=1e-5)


def test_it_writes_no_text(loaded: Any) -> None:
    request = TextRequest(capability=Capability.TEXT_GENERATE, seed=1, prompt="The sea")
    with pytest.raises(BadInputError):
        loaded.generate(request, _Context())


def test_it_takes_smaller_bites_when_memory_is_short(loaded: Any) -> None:
    assert loaded.economise() and loaded.economise()
    assert loaded.economise() is None
    loaded.generate(_request("storm"), _Context())


def _copy(target: Path) -> Path:
    import shutil

    source = tiny_encoder().path
    assert source is not None
    shutil.copytree(source, target)
    return target


def test_missing_weights_are_never_random_numbers(tmp_path: Path) -> None:
    folder = _copy(tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 3}))
    with pytest.raises(ModelDamagedError):
        TransformersEmbedBackend().load(identify(folder), Device(kind="cpu"), LoadRecorder())


def test_files_that_are_gone_or_no_vocabulary(tmp_path: Path) -> None:
    folder = _copy(tmp_path / "model")
    info = identify(folder)
    (folder / "tokenizer.json").write_text("{")
    with pytest.raises(ModelDamagedError):
        TransformersEmbedBackend().load(info, Device(kind="cpu"), LoadRecorder())
    gone = ModelInfo(id="gone", title="Gone", path=tmp_path / "nowhere", format="transformers")
    with pytest.raises(ModelNotFoundError):
        TransformersEmbedBackend().load(gone, Device(kind="cpu"), LoadRecorder())


def test_pooling_by_the_first_token(tmp_path: Path, loaded: Any) -> None:
    folder = _copy(tmp_path / "model")
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
    other: Any = TransformersEmbedBackend().load(
        identify(folder), Device(kind="cpu"), LoadRecorder()
    )
    request = _request("the old sea lamp")
    one, two = (_vectors(model.generate(request, _Context())) for model in (loaded, other))
    assert not np.allclose(one, two, atol=1e-3)
    other.unload()
