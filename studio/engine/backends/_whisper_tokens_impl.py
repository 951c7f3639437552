"""The words of a Whisper model: its vocabulary, its signs for times, and where a word ends."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer

from studio.core.errors import ModelDamagedError, storage_errors
from studio.core.media import clean_text

#: Languages that are written without spaces between words.
_NO_SPACES = frozenset(("zh", "ja", "th", "lo", "my", "yue"))
_BEFORE_A_WORD = "\"'“¿([{-"
_AFTER_A_WORD = "\"'.。,，!！?？:：”)]}、"
_LONGEST_PROMPT = 223


class WhisperTokens:
    """A vocabulary.

    Args:
        folder: The model's folder.

    Raises:
        ModelDamagedError: Its ``tokenizer.json`` is not Whisper's.
    """

    def __init__(self, folder: Path) -> None:
        file = folder / "tokenizer.json"
        try:
            with storage_errors(file, "reading a vocabulary"):
                self._tokenizer = Tokenizer.from_buffer(file.read_bytes())
        except ValueError as error:
            raise _damaged(folder, str(error)) from error
        self.end = self._id("<|endoftext|>", folder)
        self.start = self._id("<|startoftranscript|>", folder)
        self.before = self._id("<|startofprev|>", folder)
        self.times_from = self._id("<|notimestamps|>", folder) + 1
        self._transcribe = self._id("<|transcribe|>", folder)
        self._translate = self._id("<|translate|>", folder)

    def opening(self, language: str, *, translate: bool, english_only: bool) -> list[int]:
        """Return the tokens that say what is to be done."""
        if english_only:
            return [self.start]
        spoken = self._tokenizer.token_to_id(f"<|{language}|>")
        assert spoken is not None  # the language was checked
        return [self.start, spoken, self._translate if translate else self._transcribe]

    def knows(self, language: str) -> bool:
        """Whether the model was made for a language."""
        return self._tokenizer.token_to_id(f"<|{language}|>") is not None

    def prompt(self, text: str) -> list[int]:
        """Return words to expect as tokens to begin with, "" gives none."""
        if not text.strip():
            return []
        ids = self._tokenizer.encode(f" {text.strip()}", add_special_tokens=False).ids
        return [self.before, *ids[-_LONGEST_PROMPT:]]

    def text(self, tokens: Sequence[int]) -> str:
        """Return what tokens say, signs for times and other marks left out."""
        words = [token for token in tokens if token < self.end]
        return clean_text(self._tokenizer.decode(words))

    def words(self, tokens: Sequence[int], language: str) -> list[list[int]]:
        """Return the tokens of each word; signs belong to the word they stand at."""
        whole = self._whole_signs([token for token in tokens if token < self.end])
        if language in _NO_SPACES:
            parts = whole
        else:
            parts = []
            for each in whole:
                text = self.text(each)
                alone = text.strip() in _BEFORE_A_WORD + _AFTER_A_WORD
                if not parts or text.startswith(" ") or alone:
                    parts.append(list(each))
                else:
                    parts[-1] += each
        return self._with_signs(parts)

    def _whole_signs(self, tokens: Sequence[int]) -> list[list[int]]:
        """Return tokens in the smallest groups that make whole characters."""
        groups: list[list[int]] = []
        held: list[int] = []
        for token in tokens:
            held.append(token)
            if "\ufffd" not in self._tokenizer.decode(held):
                groups.append(held)
                held = []
        return [*groups, held] if held else groups

    def _with_signs(self, parts: Sequence[list[int]]) -> list[list[int]]:
        """Return words with the signs before and after them."""
        joined: list[list[int]] = []
        waiting: list[int] = []
        for part in parts:
            text = self.text(part)
            bare = text.strip()
            if bare and bare in _AFTER_A_WORD and joined and not text.startswith(" "):
                joined[-1] += part
            elif bare and bare in _BEFORE_A_WORD:
                waiting += part
            else:
                joined.append([*waiting, *part])
                waiting = []
        if waiting:
            joined = [*joined[:-1], [*joined[-1], *waiting]] if joined else [waiting]
        return joined

    def _id(self, name: str, folder: Path) -> int:
        found = self._tokenizer.token_to_id(name)
        if found is None:
            raise _damaged(folder, f"{name} is not in it")
        return int(found)


def _damaged(folder: Path, reason: str) -> ModelDamagedError:
    return ModelDamagedError(
        f"The vocabulary of {folder.name} cannot be used.",
        hint="Fetch or copy the model again.",
        path=str(folder / "tokenizer.json"),
        reason=reason[:1000],
    )
