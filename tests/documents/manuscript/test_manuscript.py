"""A manuscript keeps text, origins, undo and journal true to each other."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from studio.documents.manuscript.counting import count_words
from studio.documents.manuscript.fragment import Fragment
from studio.documents.manuscript.manuscript import Commit, Manuscript
from studio.documents.manuscript.text_units import utf16_length
from studio.documents.spans import Origin, Span, TextState, apply_edits

WORDS = st.text(alphabet="ab é😀\n.’", max_size=6)
ORIGINS = st.sampled_from(["typed", "generated", "pasted"])


def replayed(commits: list[Commit], start: TextState | None = None) -> TextState:
    """What a project makes of the commits."""
    state = start or TextState()
    for commit in commits:
        state = apply_edits(state, commit.edits, origin=commit.origin, request_id=commit.request_id)
    return state


class ManuscriptMachine(RuleBasedStateMachine):
    """Random edits, undo and redo against a list of (character, origin) and the journal."""

    @initialize(text=WORDS)
    def begin(self, text: str) -> None:
        self.manuscript = Manuscript(text)
        self.marked: list[tuple[str, str]] = [(c, "") for c in text]
        self.kept = TextState(text)
        self.past: list[tuple[str, tuple[Span, ...]]] = []
        self.clock = 0.0
        self.requests = 0

    @rule(data=st.data(), words=WORDS, origin=ORIGINS)
    def edit(self, data: st.DataObject, words: str, origin: Origin) -> None:
        size = len(self.marked)
        start = data.draw(st.integers(0, size))
        end = data.draw(st.integers(start, min(size, start + 4)))
        self.requests += 1
        request = f"r{self.requests}" if origin == "generated" else ""
        before = self.manuscript.text, self.manuscript.spans
        change = self.manuscript.edit(
            start, end - start, words, label="x", origin=origin, request_id=request
        )
        if change is None:
            assert self.manuscript.text == before[0]
            return
        self.past.append(before)
        name = "" if origin == "typed" else f"{origin}:{request}"
        self.marked[start:end] = [(c, name) for c in words]

    @precondition(lambda self: self.past)
    @rule()
    def undo(self) -> None:
        before = self.manuscript.text, self.manuscript.spans
        assert self.manuscript.undo() is not None
        assert (self.manuscript.text, self.manuscript.spans) == self.past[-1]
        assert self.manuscript.redo() is not None
        assert (self.manuscript.text, self.manuscript.spans) == before
        assert self.manuscript.undo() is not None
        self.past.pop()
        self.marked = self.names()

    @rule()
    def commit(self) -> None:
        self.kept = replayed(self.manuscript.take_commits(), self.kept)
        assert not self.manuscript.has_commits

    def names(self) -> list[tuple[str, str]]:
        result = [(c, "") for c in self.manuscript.text]
        for span in self.manuscript.spans:
            for place in range(span.start, span.end):
                result[place] = (result[place][0], f"{span.origin}:{span.request_id}")
        return result

    @invariant()
    def agrees(self) -> None:
        if not hasattr(self, "manuscript"):
            return
        assert self.names() == self.marked
        assert self.manuscript.units == utf16_length(self.manuscript.text)
        assert self.manuscript.word_count == count_words(self.manuscript.text)

    def teardown(self) -> None:
        if not hasattr(self, "manuscript"):
            return
        kept = replayed(self.manuscript.take_commits(), self.kept)
        assert kept.text == self.manuscript.text
        assert kept.spans == self.manuscript.spans


TestManuscriptMachine = ManuscriptMachine.TestCase
TestManuscriptMachine.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_typing_is_one_step_until_a_pause_or_a_line_end() -> None:
    manuscript = Manuscript()
    for number, letter in enumerate("one two"):
        manuscript.edit(number, 0, letter, label="Typing", at_s=number * 0.1)
    manuscript.edit(7, 0, "!", label="Typing", at_s=60.0)
    assert manuscript.undo_depth() == (2, 0)
    manuscript.undo()
    assert manuscript.text == "one two"
    manuscript.undo()
    assert manuscript.text == ""
    assert manuscript.redo_label == "Typing"


def test_backspacing_joins_but_not_with_typing() -> None:
    manuscript = Manuscript("abcdef")
    for number in range(3):
        manuscript.edit(5 - number, 1, "", label="Typing", at_s=number * 0.1)
    manuscript.edit(3, 0, "x", label="Typing", at_s=0.4)
    assert manuscript.text == "abcx"
    manuscript.undo()
    manuscript.undo()
    assert manuscript.text == "abcdef"


def test_accepting_is_one_step_and_one_commit_of_its_own() -> None:
    manuscript = Manuscript("Once.")
    manuscript.edit(5, 0, " ", label="Typing", at_s=0.0)
    manuscript.edit(6, 0, "More text.", label="Continue", origin="generated", request_id="r")
    manuscript.edit(16, 0, "!", label="Typing", at_s=0.1)
    labels = [(c.label, c.origin, c.request_id) for c in manuscript.take_commits()]
    assert labels == [
        ("Typing", "typed", ""),
        ("Continue", "generated", "r"),
        ("Typing", "typed", ""),
    ]
    assert manuscript.spans == (Span(6, 16, "generated", "r"),)
    manuscript.undo()
    manuscript.undo()
    assert manuscript.text == "Once. "
    assert manuscript.spans == ()


def test_undo_brings_back_what_was_generated_as_generated() -> None:
    manuscript = Manuscript("ab", [Span(0, 2, "generated", "r")])
    manuscript.edit(0, 2, "", label="Typing")
    manuscript.undo()
    assert manuscript.spans == (Span(0, 2, "generated", "r"),)
    kept = replayed(manuscript.take_commits(), TextState("ab", (Span(0, 2, "generated", "r"),)))
    assert kept == TextState("ab", manuscript.spans)


def test_old_steps_go_when_undo_grows_too_large(monkeypatch: object) -> None:
    import studio.documents.manuscript.manuscript as module

    before, module.UNDO_BUDGET = module.UNDO_BUDGET, 1000
    try:
        manuscript = Manuscript()
        for number in range(50):
            manuscript.edit(0, 0, f"{number:03d}" * 30, label="Paste", origin="pasted")
        assert 1 <= manuscript.undo_depth()[0] <= 12
    finally:
        module.UNDO_BUDGET = before


@given(st.text(alphabet="a😀é\n", max_size=30), st.integers(0, 60))
def test_positions_cross_to_utf16_and_back(text: str, place: int) -> None:
    manuscript = Manuscript(text)
    position = min(place, len(text))
    units = manuscript.to_units(position)
    assert units == len(text[:position].encode("utf-16-le")) // 2
    assert manuscript.to_position(units) == position


def test_a_place_inside_a_pair_is_the_place_before_it() -> None:
    assert Manuscript("a😀b").to_position(2) == 1


def test_a_fragment_is_cut_where_its_origin_changes() -> None:
    fragment = Fragment("abcd", (Span(1, 2, "pasted"), Span(2, 3, "generated", "r")))
    assert fragment.pieces() == [
        ("a", "typed", ""),
        ("b", "pasted", ""),
        ("c", "generated", "r"),
        ("d", "typed", ""),
    ]
