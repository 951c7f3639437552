"""A manuscript: plain text, what in it was generated, undo and redo, and what the journal owes.

Text that a model is still writing is no part of it until it is accepted, so saving, counting,
undo and the journal never see it (see packaging/docs/decisions/0040-own-undo-for-manuscripts.md).
Positions are code points; used from one thread.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from studio.documents.manuscript.counting import WordCount
from studio.documents.manuscript.fragment import Fragment
from studio.documents.manuscript.text_units import to_code_points, to_utf16, utf16_length
from studio.documents.spans import Origin, Span, TextEdit, normalised, spans_within

#: Typing goes on in one undo step until this pause, in seconds.
UNDO_PAUSE_S = 1.5
#: How many characters undo may hold before the oldest steps go, and one step's largest typing.
UNDO_BUDGET = 32_000_000
UNDO_TYPING = 400


@dataclass(frozen=True)
class Commit:
    """Edits that belong together in the journal: one burst of typing, one accepted take."""

    edits: tuple[TextEdit, ...]
    label: str
    origin: Origin
    request_id: str = ""


@dataclass(frozen=True)
class Change:
    """One change of the text, with enough to go back."""

    position: int
    removed: Fragment
    inserted: Fragment
    label: str
    origin: Origin

    def inverse(self) -> Change:
        """Return the change that takes this one back."""
        return Change(self.position, self.inserted, self.removed, f"Undo: {self.label}", "typed")

    @property
    def size(self) -> int:
        """Characters it holds."""
        return len(self.removed.text) + len(self.inserted.text)


@dataclass
class _History:
    done: list[Change] = field(default_factory=list)
    undone: list[Change] = field(default_factory=list)
    size: int = 0
    #: Time of the newest change in seconds; ``None`` when the next one must not join it.
    joinable_at_s: float | None = None


class Manuscript:
    """The text of one document and everything that happens to it."""

    def __init__(self, text: str = "", spans: Iterable[Span] = ()) -> None:
        self._text = text
        self._spans = normalised(spans, len(text))
        self._units = utf16_length(text)
        self._words = WordCount(text)
        self._history = _History()
        self._owed: list[Commit] = []
        self._revision = 0

    @property
    def text(self) -> str:
        """The accepted text."""
        return self._text

    @property
    def spans(self) -> tuple[Span, ...]:
        """The ranges that were not typed, in order; neighbours of one request are one."""
        return self._spans

    @property
    def units(self) -> int:
        """Length in UTF-16 code units, as an editor counts."""
        return self._units

    @property
    def word_count(self) -> int:
        """Words in the text; kept up to date, so asking costs nothing."""
        return self._words.words

    @property
    def revision(self) -> int:
        """A number that grows with every change."""
        return self._revision

    def to_units(self, position: int) -> int:
        """Return the editor's position of a code point position."""
        return position if self._units == len(self._text) else to_utf16(self._text, position)

    def to_position(self, units: int) -> int:
        """Return the code point position of an editor's position."""
        return units if self._units == len(self._text) else to_code_points(self._text, units)

    def fragment(self, start: int, end: int) -> Fragment:
        """Return the text from ``start`` to ``end`` with what is generated in it."""
        return Fragment(self._text[start:end], spans_within(self._spans, start, end))

    def edit(
        self,
        position: int,
        removed: int,
        inserted: str | Fragment,
        *,
        label: str = "",
        origin: Origin = "typed",
        request_id: str = "",
        at_s: float | None = None,
    ) -> Change | None:
        """Replace ``removed`` characters at ``position``.

        Args:
            position: Where, 0..length; what lies outside is cut off.
            removed: How many characters go.
            inserted: What comes; text, or text with origins of its own.
            label: What the undo menu and the history call it.
            origin: Where it comes from.
            request_id: The request that made it, for generated text.
            at_s: A monotonic time in seconds; with it, typing joins the step before.

        Returns:
            The change, or ``None`` when nothing changed.
        """
        position = max(0, min(position, len(self._text)))
        end = max(position, min(position + removed, len(self._text)))
        if isinstance(inserted, str):
            inserted = Fragment.of(inserted, origin, request_id)
        old = self.fragment(position, end)
        if old == inserted:
            return None
        change = Change(position, old, inserted, label, origin)
        self._apply(change)
        self._remember(change, at_s)
        return change

    def go_back(self, text: str, spans: Iterable[Span], *, label: str) -> Change | None:
        """Become an earlier state as one undo step, which the caller brings into the journal.

        The journal gets the state with its spans as one action; cut into edits by origin, as
        everything else here, it would be several.
        """
        now = self.fragment(0, len(self._text))
        then = Fragment(text, normalised(spans, len(text)))
        if now == then:
            return None
        change = Change(0, now, then, label, "typed")
        self.end_step()
        self._apply(change, owed=False)
        self._remember(change, None)
        return change

    @property
    def undo_label(self) -> str | None:
        """What undo would take back; ``None`` when there is nothing."""
        return self._history.done[-1].label if self._history.done else None

    @property
    def redo_label(self) -> str | None:
        """What redo would bring again; ``None`` when there is nothing."""
        return self._history.undone[-1].label if self._history.undone else None

    def undo(self) -> Change | None:
        """Take the newest step back and return the change made, or ``None``."""
        return self._step(self._history.done, self._history.undone, back=True)

    def redo(self) -> Change | None:
        """Bring the step taken back last again and return the change made, or ``None``."""
        return self._step(self._history.undone, self._history.done, back=False)

    def end_step(self) -> None:
        """Let the next typing begin an undo step of its own."""
        self._history.joinable_at_s = None

    def forget_undo(self) -> None:
        """Begin undo here: what came before, such as opening a file, is no step."""
        self._history = _History()

    def undo_depth(self) -> tuple[int, int]:
        """Return how many steps can be undone and redone."""
        return len(self._history.done), len(self._history.undone)

    def take_commits(self) -> list[Commit]:
        """Return what the journal has not got yet, oldest first, and forget it here."""
        owed, self._owed = self._owed, []
        return owed

    @property
    def has_commits(self) -> bool:
        """Whether the journal lacks something."""
        return bool(self._owed)

    def _step(self, source: list[Change], target: list[Change], *, back: bool) -> Change | None:
        if not source:
            return None
        change = source.pop()
        target.append(change)
        self._history.size += -change.size if back else change.size
        self._history.joinable_at_s = None
        applied = change.inverse() if back else change
        self._apply(applied)
        return applied

    def _apply(self, change: Change, *, owed: bool = True) -> None:
        start, end = change.position, change.position + len(change.removed.text)
        old = self._text
        self._text = old[:start] + change.inserted.text + old[end:]
        self._words.replaced(old, self._text, start, end - start, len(change.inserted.text))
        before = spans_within(self._spans, 0, start)
        after = spans_within(self._spans, end, len(old))
        offset = start + len(change.inserted.text)
        self._spans = normalised(
            (*before, *_moved(change.inserted.spans, start), *_moved(after, offset))
        )
        self._units += utf16_length(change.inserted.text) - utf16_length(change.removed.text)
        self._revision += 1
        if owed:
            self._owe(change)

    def _remember(self, change: Change, at_s: float | None) -> None:
        history = self._history
        history.undone.clear()
        before = history.joinable_at_s
        history.joinable_at_s = at_s
        if before is not None and at_s is not None and at_s - before <= UNDO_PAUSE_S:
            merged = _merged(history.done[-1], change) if history.done else None
            if merged is not None:
                history.size += merged.size - history.done[-1].size
                history.done[-1] = merged
                return
        history.done.append(change)
        history.size += change.size
        while history.size > UNDO_BUDGET and len(history.done) > 1:
            history.size -= history.done.pop(0).size

    def _owe(self, change: Change) -> None:
        """Put the change on the journal's list, cut where the origin of its text changes."""
        position, removed = change.position, change.removed.text
        for text, origin, request_id in change.inserted.pieces() or [("", "typed", "")]:
            edit = TextEdit(position, removed, text)
            self._owe_edit(edit, change.label, origin, request_id)
            position, removed = position + len(text), ""

    def _owe_edit(self, edit: TextEdit, label: str, origin: Origin, request_id: str) -> None:
        last = self._owed[-1] if self._owed else None
        same = last is not None and (last.label, last.origin, last.request_id) == (
            label,
            origin,
            request_id,
        )
        if last is None or not same or origin != "typed":
            self._owed.append(Commit((edit,), label, origin, request_id))
            return
        joined = _joined(last.edits[-1], edit)
        edits = (*last.edits[:-1], joined) if joined else (*last.edits, edit)
        self._owed[-1] = Commit(edits, label, origin, request_id)


def _moved(spans: Iterable[Span], by: int) -> list[Span]:
    return [Span(s.start + by, s.end + by, s.origin, s.request_id) for s in spans]


def _joined(first: TextEdit, second: TextEdit) -> TextEdit | None:
    """Return two edits as one when they follow each other without a gap."""
    if not second.removed and second.position == first.position + len(first.inserted):
        return TextEdit(first.position, first.removed, first.inserted + second.inserted)
    if not first.inserted and not second.inserted:
        if second.position + len(second.removed) == first.position:
            return TextEdit(second.position, second.removed + first.removed, "")
        if second.position == first.position:
            return TextEdit(first.position, first.removed + second.removed, "")
    return None


def _merged(first: Change, second: Change) -> Change | None:
    """Return two typing changes as one undo step, or ``None`` where people expect two."""
    if first.origin != "typed" or second.origin != "typed" or first.label != second.label:
        return None
    if first.size > UNDO_TYPING or first.inserted.text.endswith("\n"):
        return None
    if bool(first.inserted.text) != bool(second.inserted.text):
        return None
    if first.removed.spans or second.removed.spans or second.inserted.spans:
        return None
    edit = _joined(
        TextEdit(first.position, first.removed.text, first.inserted.text),
        TextEdit(second.position, second.removed.text, second.inserted.text),
    )
    if edit is None:
        return None
    return Change(
        edit.position,
        Fragment(edit.removed),
        Fragment(edit.inserted),
        first.label,
        first.origin,
    )
