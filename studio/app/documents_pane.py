"""What a pane with documents offers to history, exports and project commands.

A pane has these besides what :mod:`studio.app.panes` asks for; a pane without documents of a
project (the library) has none of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from studio.documents.spans import Origin, TextState

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from PySide6.QtCore import SignalInstance

    from studio.core.requests import Request
    from studio.documents.project import Project
    from studio.documents.reading import SpokenLine


@dataclass(frozen=True)
class Front:
    """The document in front.

    Attributes:
        project: Where it is kept; ``None`` before the first keystroke.
        document_id: Its id there; "" before the first keystroke.
        title: What its tab shows.
        kind: "text", "chat", …
    """

    project: Project | None
    document_id: str
    title: str
    kind: str


@dataclass(frozen=True)
class NewText:
    """A text that shall open as a new document.

    Attributes:
        title: What its tab shows.
        text: All of it.
        origin: Where it comes from.
        request: What made it, where that is known.
        facts: What came of the request: at least the model.
    """

    title: str
    text: str
    origin: Origin = "generated"
    request: Request | None = None
    facts: Mapping[str, Any] | None = None


SOUNDTRACK = "soundtrack"
"""What projects call a sound document; the same as ``studio.documents.soundtrack.storage.KIND``,
which is not loaded before there is one."""
NARRATES = "narrates"
"""Name in a sound document's meta: ids of the texts of its project that it speaks."""


@dataclass(frozen=True)
class Heard:
    """A sentence of a text that is heard now.

    Attributes:
        project: Where the text is kept.
        document_id: Of the text.
        line: What is said.
    """

    project: Project
    document_id: str
    line: SpokenLine


@dataclass(frozen=True)
class ReadAloud:
    """A text that shall be heard as it was narrated.

    Attributes:
        project: Where it is kept, with its narration.
        document_id: Of the text.
        text: As it is now.
        offset: From where on, in code points.
    """

    project: Project
    document_id: str
    text: str
    offset: int


@runtime_checkable
class ReadsAloud(Protocol):
    """A pane that plays narrations of texts."""

    @property
    def sentence_heard(self) -> SignalInstance:
        """A :class:`Heard`, or ``None`` when no sentence of a text is heard any more."""

    def read_aloud(self, wish: ReadAloud) -> None:
        """Play the narration of a text from a place on."""

    def stop_reading(self) -> None:
        """Stop playing."""


@runtime_checkable
class FollowsReading(Protocol):
    """A pane that shows which sentence of a text is heard."""

    @property
    def reading_wanted(self) -> SignalInstance:
        """A :class:`ReadAloud`."""

    @property
    def reading_stopped(self) -> SignalInstance:
        """The reader wants no more of it."""

    def show_heard(self, heard: Heard | None) -> None:
        """Show the sentence, where its text is open; ``None`` shows none."""


@dataclass(frozen=True)
class NewFile:
    """A picture or sound that shall open as a new document; its file stays as it is.

    Attributes:
        kind: Which of the two.
        title: What its tab shows.
        path: The file.
        origin: Where it comes from.
        request: What made it, where that is known.
        facts: What came of the request: at least the model.
    """

    kind: Literal["image", "audio"]
    title: str
    path: Path
    origin: Origin = "generated"
    request: Request | None = None
    facts: Mapping[str, Any] | None = None


@runtime_checkable
class MakesDocuments(Protocol):
    """A pane whose things can be opened as documents of another."""

    @property
    def document_wanted(self) -> SignalInstance:
        """A :class:`NewText` or :class:`NewFile` that shall open as a new document."""


@runtime_checkable
class MakesSpeech(Protocol):
    """A pane with sounds in which something is said."""

    @property
    def words_wanted(self) -> SignalInstance:
        """Path of a sound file whose words shall become a text."""


@runtime_checkable
class DocumentsPane(Protocol):
    """A pane whose tabs are documents of projects; all of it on the GUI thread."""

    @property
    def front_changed(self) -> SignalInstance:
        """Another document is in front, or its title or project is another."""

    @property
    def front(self) -> Front:
        """The document in front."""

    def keep_now(self) -> None:
        """Hand everything typed so far to the project; the disk is not waited for."""

    def show_project(self, project: Project) -> None:
        """Give every document of a project that was open last a tab."""

    def leave_project(self, project: Project) -> None:
        """Close the tabs of a project's documents; they stay in the project."""

    def open_document(self, project: Project, document_id: str) -> None:
        """Give a document a tab, or show the one it has."""

    def go_back(
        self, project: Project, document_id: str, state: TextState | bytes, label: str
    ) -> None:
        """Make a document what it was, as one action of journal and undo."""


@runtime_checkable
class TakesTexts(Protocol):
    """A pane where a text from elsewhere becomes a new document."""

    def add_text(
        self,
        title: str,
        text: str,
        origin: Origin = "generated",
        request: Request | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        """Open a new document that holds a text from elsewhere, with what made it."""

    def write_down(self, sound: Path) -> None:
        """Open what is said in a sound file as a new document, when it has been listened to."""


@runtime_checkable
class TakesFiles(Protocol):
    """A pane where a file from elsewhere becomes a new document."""

    def open_as_new(self, new: NewFile) -> None:
        """Open a new document that holds the file's content, with what made it."""
