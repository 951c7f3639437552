"""The contract of every backend, kept by the text backend with a toy and with the real model."""

from __future__ import annotations

from itertools import pairwise

import pytest

from studio.core.requests import Capability, Message, Request, Role, TextRequest, replaced
from studio.engine.api import Backend, ModelInfo
from studio.engine.backends.transformers_text import TransformersTextBackend
from tests.engine.backend_contract import BackendContract
from tests.fakes.built_in_model import built_in_text_model
from tests.fakes.listener import Listener
from tests.fakes.toy_models import toy_model


class TestToy(BackendContract):
    """A Llama of two small layers."""

    def make_backend(self) -> Backend:
        return TransformersTextBackend()

    def make_model(self) -> ModelInfo:
        return toy_model()

    def make_request(self, seed: int = 7) -> Request:
        return TextRequest(
            capability=Capability.TEXT_GENERATE,
            seed=seed,
            prompt="The lighthouse keeper",
            options={"max_new_tokens": 12},
        )

    def make_long_request(self) -> Request:
        # The penalty keeps this toy from ending by itself within the first tokens.
        return replaced(
            self.make_request(seed=3), options={"max_new_tokens": 100, "temperature": 0.5}
        )


@pytest.mark.model
class TestBuiltIn(TestToy):
    """The model that comes with the set-up."""

    def make_model(self) -> ModelInfo:
        return built_in_text_model()

    def make_long_request(self) -> Request:
        return replaced(self.make_request(), options={"max_new_tokens": 40})

    def test_it_knows_a_capital(self, listener: Listener) -> None:
        request = TextRequest(
            capability=Capability.TEXT_GENERATE,
            seed=1,
            prompt="The capital of France is",
            options={"max_new_tokens": 8, "temperature": 0.0, "repetition_penalty": 1.0},
        )
        assert "Paris" in self.ask(listener, request).text  # type: ignore[attr-defined]

    def test_it_answers_in_a_chat_and_ends_by_itself(self, listener: Listener) -> None:
        request = TextRequest(
            capability=Capability.TEXT_CHAT,
            seed=1,
            messages=(Message(Role.USER, "What is the capital of France?"),),
            options={"max_new_tokens": 40, "temperature": 0.0, "repetition_penalty": 1.0},
        )
        answer = self.ask(listener, request)
        assert answer.text == "The capital of France is Paris."  # type: ignore[attr-defined]
        assert answer.finish_reason == "stop"  # type: ignore[attr-defined]

    def test_greedy_text_is_what_the_library_writes_from_the_same_files(
        self, listener: Listener
    ) -> None:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        path = str(self.make_model().path)
        prompt = "It was past midnight when the last train pulled into the station."
        tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True)
        network = AutoModelForCausalLM.from_pretrained(
            path, dtype=torch.float32, local_files_only=True
        )
        ids = tokenizer(prompt, return_tensors="pt")
        full = network.generate(**ids, max_new_tokens=24, do_sample=False)
        expected = tokenizer.decode(full[0, ids["input_ids"].shape[1] :], skip_special_tokens=True)
        request = TextRequest(
            capability=Capability.TEXT_GENERATE,
            seed=1,
            prompt=prompt,
            options={"max_new_tokens": 24, "temperature": 0.0, "repetition_penalty": 1.0},
        )
        assert self.ask(listener, request).text == expected  # type: ignore[attr-defined]

    def test_shortening_makes_it_shorter(self, listener: Listener) -> None:
        text = (
            "The old harbour town had always lived from fishing. When the herring disappeared in "
            "the seventies, the boats were sold one by one, the cannery closed, and the young "
            "people left for the city. Today only a few retired fishermen remain."
        )
        request = TextRequest(
            capability=Capability.TEXT_GENERATE,
            seed=1,
            prompt=text,
            instruction="Shorten this text.",
            options={"max_new_tokens": 80, "temperature": 0.0, "repetition_penalty": 1.0},
        )
        answer = self.ask(listener, request).text  # type: ignore[attr-defined]
        assert len(answer) < len(text)
        assert "harbour" in answer

    def test_a_second_turn_reads_only_what_is_new(self, listener: Listener) -> None:
        said = [Message(Role.USER, "Tell me about the sea. " * 12)]
        options = {"max_new_tokens": 4}
        reused = []
        for _ in range(3):
            request = TextRequest(
                capability=Capability.TEXT_CHAT, seed=1, messages=tuple(said), options=options
            )
            answer = self.ask(listener, request)
            reused.append(answer.reused_tokens)  # type: ignore[attr-defined]
            said += [
                Message(Role.ASSISTANT, answer.text),  # type: ignore[attr-defined]
                Message(Role.USER, "Go on."),
            ]
        assert all(second > first for first, second in pairwise(reused[1:]))
        assert reused[1] > 60
