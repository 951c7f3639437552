"""Where text stands that waits for a yes: in the editor, but not in the manuscript.

The editor shows manuscript and pending text as one; this maps between the two. Positions are
the editor's (UTF-16 code units).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Splice:
    """At ``position`` of a text, ``removed`` units go and ``added`` units come."""

    position: int
    removed: int
    added: int


@dataclass(frozen=True)
class Pending:
    """A waiting range in the editor: ``length`` units from ``start``.

    Attributes:
        replaces: How many units of the manuscript just before it are replaced on a yes.
    """

    start: int = 0
    length: int = 0
    replaces: int = 0

    @property
    def end(self) -> int:
        """The editor's position just after it."""
        return self.start + self.length

    @property
    def replaced_start(self) -> int:
        """Where the text it replaces begins; the same in editor and manuscript."""
        return self.start - self.replaces

    def to_manuscript(self, position: int) -> int:
        """Return the manuscript's position of a position in the editor."""
        if position <= self.start:
            return position
        return max(self.start, position - self.length)

    def to_editor(self, position: int) -> int:
        """Return the editor's position of a position in the manuscript; before the range."""
        return position if position <= self.start else position + self.length

    def grown(self, by: int) -> Pending:
        """Return the range after ``by`` units were written at its end."""
        return Pending(self.start, self.length + by, self.replaces)

    def split(self, edit: Splice) -> tuple[Splice | None, Pending]:
        """Tell what an edit in the editor means for manuscript and pending text.

        An edit that begins inside the pending text changes the pending text; what it takes
        away outside is taken from the manuscript.

        Returns:
            The edit of the manuscript in its own positions (``None``: it stays as it is), and
            the range afterwards.
        """
        edit_end = edit.position + edit.removed
        inside = max(0, min(edit_end, self.end) - max(edit.position, self.start))
        outside = edit.removed - inside
        within = self.start < edit.position < self.end
        added_outside = 0 if within else edit.added
        added_inside = edit.added - added_outside
        length = self.length - inside + added_inside
        manuscript = None
        if outside or added_outside:
            manuscript = Splice(self.to_manuscript(edit.position), outside, added_outside)
        start, replaces = self.start, self.replaces
        if edit.position <= self.start and manuscript is not None:
            start, replaces = self._shifted(manuscript)
        return manuscript, Pending(start, length, replaces)

    def _shifted(self, edit: Splice) -> tuple[int, int]:
        """Return start and replaced units after an edit of the manuscript at or before start."""
        removed_before = min(edit.removed, self.start - edit.position)
        start = self.start - removed_before + edit.added
        first = self.replaced_start
        if edit.position < first or (edit.position == first and not edit.removed):
            in_replaced = max(0, edit.position + removed_before - first)
            return start, self.replaces - in_replaced
        if self.replaces:  # written between the old text and the new: goes with the old
            return start, self.replaces - removed_before + edit.added
        return start, self.replaces
