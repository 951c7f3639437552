"""The sound pane: a tab for each sound document, one time line for the one in front."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QDialog, QFileDialog, QInputDialog, QWidget

from studio.app.background import Background
from studio.app.context import AppContext
from studio.app.documents_pane import NewFile, ReadAloud
from studio.app.option_memory import OptionMemory
from studio.app.panes import SOUND_SUFFIXES
from studio.app.panes.sound.clip_files import ClipFiles
from studio.app.panes.sound.clip_mending import ClipMending
from studio.app.panes.sound.inspector import SoundInspector
from studio.app.panes.sound.narrating import Narrating
from studio.app.panes.sound.reading_aloud import ReadingAloud
from studio.app.panes.sound.sound_actions import sound_actions
from studio.app.panes.sound.sound_options import SoundOptions
from studio.app.panes.sound.sound_place import SoundPlace
from studio.app.panes.sound.sound_session import RECORDINGS, SoundSession, require_sound
from studio.app.panes.sound.sound_view import SoundView
from studio.app.project_tabs import ProjectTabs
from studio.app.tabbed_pane import TabbedPane
from studio.app.widgets.document_tabs import DocumentTabs, NewKind, TabLook
from studio.app.widgets.notice_strip import NoticeStrip
from studio.core.errors import BadInputError, StudioError
from studio.documents.soundtrack import Soundtrack
from studio.documents.soundtrack.storage import KIND

if TYPE_CHECKING:
    from studio.documents.project import Project
    from studio.documents.soundtrack.inputs import Input
    from studio.documents.soundtrack.outputs import Output
    from studio.documents.spans import TextState


class SoundPane(TabbedPane[SoundPlace, SoundSession]):
    """Holds the open sound documents."""

    icon_name = "audio-lines"
    words_wanted = Signal(Path)
    """A sound file whose words shall become a text."""
    sentence_heard = Signal(object)
    """A :class:`Heard` as the narration of a text plays; ``None`` when it is over."""

    #: Where to play and record; tests give devices of their own.
    output: Callable[[], Output | None] = staticmethod(lambda: None)
    source: Callable[[], Input | None] = staticmethod(lambda: None)

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(context, "sound", parent)
        self.title = self.tr("Sound")
        self._worker = Background("sound-work", self)
        self._exporting = Background("sound-export", self)
        self.clip_files = ClipFiles(context, self._exporting, self)
        self.clip_mending = ClipMending(context, self)
        self.options = SoundOptions(context.bridge, context.voices, self)
        state = context.folders.state
        self._memory = OptionMemory(self.options, state / "sound-options.json", {}, self)
        self.inspector = SoundInspector(self.options)
        kinds = (NewKind(self.tr("New sound document"), "audio-lines", self.new_document),)
        self.tabs = self.header = DocumentTabs(
            kinds, self.tr("New sound document"), file_icon="audio-lines", parent=self
        )
        self.strip = NoticeStrip(self)
        self.view = SoundView(context, self.options, self.inspector)
        self.narrating = Narrating(self, context, self._worker)
        self.reading = ReadingAloud(self, context)
        self.reading.heard.connect(self.sentence_heard)
        self._closed = False
        self.projects = ProjectTabs(self, context, (KIND,))
        self._lay_out(self.strip, work=self.view)
        self._connect()
        for spec in sound_actions(self):
            context.actions.add(spec)
        self.new_document()

    def _connect(self) -> None:
        self._follow_tabs()
        self.view.changed.connect(self._refresh_actions_soon)
        self.view.timeline.selection_changed.connect(self._refresh_actions_soon)
        self.view.open_wanted.connect(self.ask_open)
        self.view.narrate_wanted.connect(self.narrating.ask)
        self.inspector.voices_wanted.connect(self.show_voices)
        self.view.timeline.dragged_out.connect(self._drag_out)
        self.clip_files.words_wanted.connect(self.words_wanted)

    # --- what the window asks ---------------------------------------------------------------

    def activated(self) -> None:
        """Bring back what was open, the first time; then let the user work."""
        first = not self._started
        super().activated()
        if first:
            self._context.voices.look()
            QTimer.singleShot(0, self, self._offer_recordings)
        self.view.setFocus()

    def close_requested(self) -> bool:
        """Keep everything; say whether the window may close now."""
        if self._closed:
            return True
        for place, _ in self._open:
            place.set_open(True)
            if not self._wait_for(place):
                return False
        self._closed = True
        self.projects.end()
        self.view.set_session(None)
        for _, session in self._open:
            session.close()
        self._worker.close()
        self._exporting.close()
        self.clip_mending.close()
        self.clip_files.close()
        self._memory.keep()
        return True

    # --- documents --------------------------------------------------------------------------

    @property
    def session(self) -> SoundSession | None:
        """The document in front, at work."""
        front = self._in_front()
        return front[1] if front is not None else None

    def new_document(self) -> SoundSession:
        """Open an empty document."""
        place = SoundPlace(
            self.tr("Untitled"), Soundtrack(), self.projects.ensure, self._context.folders, self
        )
        return self._begin(place)

    def open_as_new(self, new: NewFile) -> None:
        """Open a sound from elsewhere as a clip of a new document, with what made it."""

        def show(_: object) -> None:
            session = self.new_document()
            session.place.rename(new.title)
            session.import_files([new.path], "", 0, made=new)
            self._close_untouched()

        self._worker.run(partial(require_sound, new.path), show, self._context.notify.error)

    def _begin(self, place: SoundPlace) -> SoundSession:
        session = SoundSession(
            self._context, place, self._worker, self, output=self.output(), source=self.source()
        )
        self._add(place, session)
        return session

    def _read(self, project: Project, document_id: str) -> None:
        from studio.documents.soundtrack.storage import load

        try:
            soundtrack = load(project, document_id)
        except StudioError as error:
            self._context.notify.error(error)
            return
        place = SoundPlace("", soundtrack, self.projects.ensure, self._context.folders, self)
        place.adopt(project, document_id)
        self._begin(place)
        place.set_open(True)
        self._close_untouched()

    def _open_path(self, path: Path) -> None:
        """Take a sound file in."""
        session = self.session or self.new_document()
        session.import_files([path], "", self.view.timeline.cursor_position)

    def _to_front(self, session: SoundSession) -> None:
        self.view.set_session(session)
        self._refresh_actions_soon()

    def _let_go(self, place: SoundPlace, session: SoundSession, *, forget: bool) -> None:
        if self.view.session is session:
            self.view.set_session(None)
        if forget:
            place.set_open(False)
        session.close()
        place.deleteLater()
        session.deleteLater()

    def _look(self, place: SoundPlace) -> TabLook:
        return TabLook(place.title, self.icon_name)

    # --- projects ---------------------------------------------------------------------------

    def keep_now(self) -> None:
        """Hand everything done so far to the project; keepers do so as it happens."""

    def go_back(
        self, project: Project, document_id: str, state: TextState | bytes, label: str
    ) -> None:
        """Make a document what it was, as one action of journal and undo."""
        from studio.documents.soundtrack.storage import loaded

        if not isinstance(state, bytes):
            raise BadInputError("This is no state of a sound document.")
        self.open_document(project, document_id)
        session = self.session
        assert session is not None
        before = loaded(project, state)
        for source in before.sources():
            session.soundtrack.add_source(source)
        if session.place.pool is not None:
            session.place.pool.know(before.sources())
        session.soundtrack.replace_arrangement(before.arrangement, label)

    # --- editing ----------------------------------------------------------------------------

    def undo(self) -> None:
        """Take the last step back."""
        if self.session is not None:
            self.session.soundtrack.undo()

    def redo(self) -> None:
        """Bring the last step again."""
        if self.session is not None:
            self.session.soundtrack.redo()

    def split(self) -> None:
        """Cut the clips at the play head."""
        if self.session is not None:
            timeline = self.view.timeline
            self.session.split_at(timeline.cursor_position, tuple(timeline.selected))

    def duplicate(self) -> None:
        """Copy the selected clips behind the last of them."""
        if self.session is not None and self.view.timeline.selected:
            copies = self.session.soundtrack.duplicate_clips(self.view.timeline.selected)
            self.view.timeline.select(copies)

    def mute_clips(self) -> None:
        """Mute the selected clips, or let them be heard again."""
        session, chosen = self.session, self.view.timeline.selected
        if session is None:
            return
        mute = not all(session.soundtrack.clip(each).mute for each in chosen)
        with session.soundtrack.group(self.tr("Mute")):
            for each in chosen:
                session.soundtrack.set_clip(each, mute=mute)

    def delete_clips(self) -> None:
        """Take the selected clips away."""
        if self.session is not None and self.view.timeline.selected:
            self.session.soundtrack.remove_clips(self.view.timeline.selected)

    def select_all(self) -> None:
        """Select every clip."""
        if self.session is not None:
            clips = self.session.soundtrack.arrangement.clips()
            self.view.timeline.select(clip.id for clip in clips)

    def add_marker(self) -> None:
        """Put a marker at the play head."""
        session = self.session
        if session is None:
            return
        name, agreed = QInputDialog.getText(
            self, self.tr("Marker"), self.tr("Name, where a chapter begins")
        )
        if agreed:
            position = self.view.timeline.cursor_position
            session.soundtrack.add_marker(position, name.strip(), chapter=bool(name.strip()))

    # --- files ------------------------------------------------------------------------------

    def ask_open(self) -> None:
        """Ask for sound files and take them in."""
        words = self.tr("Sound files")
        names, _ = QFileDialog.getOpenFileNames(
            self,
            self.tr("Open sound files"),
            "",
            f"{words} ({' '.join(f'*{each}' for each in SOUND_SUFFIXES)})",
        )
        if names and self.session is not None:
            position = self.view.timeline.cursor_position
            self.session.import_files([Path(name) for name in names], "", position)

    def ask_export(self) -> None:
        """Ask what to write where, and write it in the background."""
        from studio.app.panes.sound.export_dialog import CHAPTERS, SoundExportDialog, with_suffix

        session = self.session
        if session is None or session.place.pool is None:
            return
        span = self.view.timeline.span
        chapters = any(marker.chapter for marker in session.soundtrack.markers)
        dialog = SoundExportDialog(
            session.place.title, span=span is not None, chapters=chapters, parent=self
        )
        if dialog.exec() != QDialog.DialogCode.Accepted:
            return
        try:
            options = dialog.options()
        except BadInputError as error:
            self._context.notify.error(error)
            return
        if dialog.what == CHAPTERS:
            folder = QFileDialog.getExistingDirectory(self, self.tr("Folder for the chapters"))
            target = Path(folder) if folder else None
        else:
            suggested = session.place.title + dialog.suffix()
            name, _ = QFileDialog.getSaveFileName(self, self.tr("Export sound"), suggested)
            target = with_suffix(Path(name), dialog.suffix()) if name else None
        if target is not None:
            self.export(session, target, options, dialog.what, span)

    def export(
        self,
        session: SoundSession,
        target: Path,
        options: Any,
        what: str,
        span: tuple[int, int] | None,
    ) -> None:
        """Write a document to a file, or its chapters to a folder; in the background."""
        from studio.app.panes.sound.export_dialog import CHAPTERS, SPAN
        from studio.core.provenance.keys import installation_key
        from studio.documents.soundtrack.export import export_chapters, export_range

        pool = session.place.pool
        assert pool is not None
        arrangement, keys = session.soundtrack.arrangement, self._context.folders.credentials
        models = {each.info.id: each.info for each in self._context.bridge.models()}

        def facts(model: str) -> Any:
            info = models.get(model)
            return (info.title, info.licence) if info is not None else ("", "")

        def work() -> object:
            key = installation_key(keys)
            if what == CHAPTERS:
                return export_chapters(
                    arrangement, pool, target, options, key=key, model_facts=facts
                )
            chosen = span if what == SPAN else None
            return export_range(
                arrangement, pool, target, options, span=chosen, key=key, model_facts=facts
            )

        self._exporting.run(work, partial(self._exported, target), self._context.notify.error)
        self._context.notify.info(self.tr("Writing %1…").replace("%1", target.name))

    def save_clip(self) -> None:
        """Ask for a file and write the first selected clip to it, with its gain and fades."""
        self._with_clip(self.clip_files.ask)

    def transcribe_clip(self) -> None:
        """Ask for what is said in the first selected clip, as a text."""
        self._with_clip(self.clip_files.write_down)

    def mend(self, how: Callable[[SoundSession, Sequence[str]], None]) -> None:
        """Mend the selected clips with one of the tools of ``clip_mending``."""
        session, chosen = self.session, sorted(self.view.timeline.selected)
        if session is not None and session.place.pool is not None and chosen:
            how(session, chosen)

    def _with_clip(self, then: Callable[[SoundSession, str], None]) -> None:
        session, chosen = self.session, sorted(self.view.timeline.selected)
        if session is not None and session.place.pool is not None and chosen:
            then(session, chosen[0])

    def _drag_out(self, clip_id: str) -> None:
        session = self.session
        if session is not None and session.place.pool is not None:
            self.clip_files.drag_out(session, clip_id)

    def _exported(self, target: Path, _result: object) -> None:
        self._context.notify.success(self.tr("%1 is written.").replace("%1", target.name))

    # --- lent voices ------------------------------------------------------------------------

    def show_voices(self) -> None:
        """Show the voices that people lent."""
        from studio.app.voices.voices_dialog import VoicesDialog

        dialog = VoicesDialog(self._context, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    # --- reading a narrated text aloud --------------------------------------------------------

    def read_aloud(self, wish: ReadAloud) -> None:
        """Play the narration of a text from a place on."""
        self.reading.read(wish)

    def stop_reading(self) -> None:
        """Stop playing."""
        self.reading.stop()

    # --- recordings a crash left ------------------------------------------------------------

    def _offer_recordings(self) -> None:
        from studio.documents.soundtrack.recorder import recoverable

        def found(recordings: object) -> None:
            assert isinstance(recordings, tuple)
            for recording in recordings:
                words = self.tr("A recording of %1 s was not taken in when Triptych ended.")
                self.strip.say(
                    words.replace("%1", f"{recording.duration_s:.0f}"),
                    [(self.tr("Take it in"), partial(self._take_in, recording))],
                )

        folder = self._context.folders.state / RECORDINGS
        self._worker.run(lambda: recoverable(folder), found, self._context.notify.error)

    def _take_in(self, recording: Any) -> None:
        if self.session is not None:
            self.session.take_recording(recording)
