"""The picture pane: a tab for each picture, one canvas for the one in front, and its prompt."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt, QTimer, Signal
from PySide6.QtWidgets import QInputDialog, QVBoxLayout, QWidget

from studio.app.background import Background
from studio.app.context import AppContext
from studio.app.documents_pane import Front, NewFile
from studio.app.option_memory import OptionMemory
from studio.app.panes.picture.frame_size import taught_side
from studio.app.panes.picture.inspector import PictureInspector
from studio.app.panes.picture.layers_panel import LayersPanel
from studio.app.panes.picture.live import LiveMode
from studio.app.panes.picture.live_view import LiveView
from studio.app.panes.picture.picture_actions import picture_actions
from studio.app.panes.picture.picture_files import PROJECT_SUFFIX, PictureFiles
from studio.app.panes.picture.picture_models import PictureModels
from studio.app.panes.picture.picture_options import PictureOptions
from studio.app.panes.picture.picture_place import PICTURE, PicturePlace
from studio.app.panes.picture.picture_session import PictureSession, Workers
from studio.app.panes.picture.picture_view import PictureView
from studio.app.panes.picture.project_pictures import PictureProjectTabs
from studio.app.panes.picture.prompt_history import PromptHistory
from studio.app.panes.picture.recalling import Recalling
from studio.app.panes.picture.style_menu import StyleChip
from studio.app.widgets.document_tabs import DocumentTabs, Entry, NewKind, TabLook
from studio.app.widgets.notice_strip import NoticeStrip
from studio.core.errors import StorageError, StudioError
from studio.documents.picture.document import PictureDocument
from studio.documents.picture.geometry import Rect

if TYPE_CHECKING:
    from studio.documents.project import Project
    from studio.documents.spans import TextState

FLUSH_S = 5.0
#: What can be done now is looked at this long after something changed.
ACTIONS_MS = 60


class PicturePane(QWidget):
    """Holds the open pictures."""

    icon_name = "image"

    front_changed = Signal()
    """Another picture is in front, or its title or project is another."""

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = self.tr("Pictures")
        self._context = self.context = context
        state = context.folders.state
        self.workers = Workers(Background("picture-look", self), Background("picture-make", self))
        self.options = PictureOptions(context.bridge, self)
        self._memory = OptionMemory(self.options, state / "picture-options.json", {}, self)
        self.inspector = PictureInspector(self.options)
        self.layers = LayersPanel(self.workers.looking)
        self.inspector.add_section(
            "layers", self.tr("Layers"), self.layers, expanded=True, before="frame"
        )
        self.tabs = self.header = self._make_tabs()
        self.strip = NoticeStrip(self)
        self.view = PictureView(context, self.options, PromptHistory(state / "prompts.json"))
        self.live = LiveMode(self.options, self)
        self.live_view = LiveView(self.live, self.view, self)
        self.models = PictureModels(context, self.workers.making, self)
        self._open: list[PictureSession] = []
        self._current = -1
        self._started = False
        self.closed = False
        self._loading: set[tuple[Project, str]] = set()
        self._actions_timer = QTimer(self)
        self._actions_timer.setSingleShot(True)
        self._actions_timer.timeout.connect(self._refresh_actions)
        self.projects = PictureProjectTabs(self, context)
        self.files = PictureFiles(self, context)
        self.recalling = Recalling(self, context)
        self.styles = StyleChip(context, self.view.prompt)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.strip)
        layout.addWidget(self.view, 1)
        self._connect()
        for spec in picture_actions(self):
            context.actions.add(spec)
        self.new_picture()

    def _make_tabs(self) -> DocumentTabs:
        kinds = (NewKind(self.tr("New picture"), "image", self.new_picture),)
        return DocumentTabs(kinds, self.tr("New picture"), file_icon="image", parent=self)

    def _connect(self) -> None:
        self.tabs.chosen.connect(self.show_tab)
        self.tabs.close_wanted.connect(self.close_tab)
        self.tabs.moved.connect(self._move_tab)
        self.tabs.rename_wanted.connect(self.rename)
        self.tabs.set_sources(self._closed_documents, self.files.recent_entries)
        view = self.view
        view.changed.connect(self._refresh_actions_soon)
        view.dropped.connect(self.files.take)
        view.open_wanted.connect(self.files.ask_open)
        view.model_folder_wanted.connect(self.models.ask)
        view.models_shown_wanted.connect(self.models.show_folder)
        self.inspector.add_model_wanted.connect(self.models.ask)
        self.inspector.set_layers(self._layers)
        self.layers.failed.connect(self._context.notify.error)
        self.layers.region.submitted.connect(view.generate)
        view.prompt.regions_wanted.connect(self.show_region)
        self.inspector.frame_section.chosen.connect(self._set_frame)
        self.inspector.frame_section.fit_wanted.connect(self.fit_frame)
        self.options.changed.connect(self._on_options)

    # -- what the window asks -----------------------------------------------------------------

    def activated(self) -> None:
        """Bring back what was open, the first time; then let the artist work."""
        if not self._started:
            self._started = True
            QTimer.singleShot(0, self, self.projects.restore)
        if not self.options.models():
            self._context.bridge.refresh_models()  # one may have been put there meanwhile
        self.view.canvas.setFocus()

    def setFocus(self, reason: Qt.FocusReason = Qt.FocusReason.OtherFocusReason) -> None:
        """Let the artist work: keys go to the canvas. A proxy would hide the tools from Tab."""
        self.view.canvas.setFocus(reason)

    def close_requested(self) -> bool:
        """Keep everything; say whether the window may close now."""
        self.live.stop()
        self.layers.region.take()
        for session in self._open:
            session.place.set_open(True)
            try:
                session.place.flush(FLUSH_S)
            except StorageError as error:
                self._context.notify.error(error)
                return False
        if self.closed:
            return True
        self.closed = True
        self.projects.end()
        self.view.set_session(None)
        self.layers.set_document(None)
        for session in self._open:
            session.close(wait=True)
        self.workers.close()
        self._memory.keep()
        for project in {s.place.project for s in self._open if s.place.project is not None}:
            if not project.read_only:
                try:
                    project.flush(FLUSH_S)
                except StorageError as error:
                    self._context.notify.error(error)
                    return False
        return True

    def open_file(self, path: Path) -> None:
        """Open a picture, or a project with its pictures."""
        if path.suffix == PROJECT_SUFFIX:
            try:
                self.show_project(self._context.projects.open(path))
            except StudioError as error:
                self._context.notify.error(error)
            return
        for index, session in enumerate(self._open):
            if session.place.file == path:
                self.show_tab(index)
                return
        self.files.open(path)

    # -- pictures -----------------------------------------------------------------------------

    @property
    def session(self) -> PictureSession | None:
        """The picture in front, at work."""
        return self._open[self._current] if 0 <= self._current < len(self._open) else None

    @property
    def document(self) -> PicturePlace | None:
        """Where the picture in front is kept."""
        session = self.session
        return session.place if session is not None else None

    @property
    def documents(self) -> tuple[PicturePlace, ...]:
        """Every picture that has a tab."""
        return tuple(session.place for session in self._open)

    def new_document(self) -> PictureSession:
        """Open an empty picture."""
        return self.new_picture()

    def new_picture(self) -> PictureSession:
        """Open an empty picture, its frame as large as the model likes."""
        picture = PictureDocument()
        side = taught_side(self.options.info())
        picture.frame = Rect(0, 0, side, side)
        return self.add_picture(self.tr("Untitled"), picture)

    def add_picture(
        self, title: str, picture: PictureDocument, file: Path | None = None
    ) -> PictureSession:
        """Give a picture that is in no project yet a tab."""
        place = PicturePlace(title, picture, self._project, self, file=file)
        session = self._add(place)
        if file is not None:
            from studio.documents.picture.document import Action

            place.keep(Action(self.tr("Open"), "imported"))
        return session

    def open_as_new(self, new: NewFile) -> None:
        """Open a picture from elsewhere as a new one, with what made it."""
        self.files.open_as_new(new)

    def open_document(self, project: Project, document_id: str) -> None:
        """Give a picture of a project a tab, or show the one it has; it is read meanwhile."""
        index = self.projects.index_of(project, document_id)
        if index is not None:
            self.show_tab(index)
            return
        if (project, document_id) in self._loading:
            return
        self._loading.add((project, document_id))

        def load() -> tuple[PictureDocument, list[str]]:
            from studio.documents.picture.storage import load as load_picture

            problems: list[str] = []
            return load_picture(project, document_id, problems=problems), problems

        self.workers.making.run(
            load,
            lambda found: self._loaded(project, document_id, *found),
            lambda error: self._not_loaded(project, document_id, error),
        )

    def _loaded(
        self, project: Project, document_id: str, picture: PictureDocument, problems: list[str]
    ) -> None:
        self._loading.discard((project, document_id))
        if project not in self._context.projects.projects or self.closed:
            return  # it was closed meanwhile
        place = PicturePlace("", picture, self._project, self)
        info = place.adopt(project, document_id)
        session = self._add(place)
        session.take_prompt(
            str(info.meta.get("prompt") or ""), str(info.meta.get("negative_prompt") or "")
        )
        if session is self.session:
            self.view.set_session(None)
            self.view.set_session(session)
        place.set_open(True)
        first = self._open[0].place
        if first.untouched and len(self._open) > 1:
            self.close_tab(0)
        for problem in problems:
            self._context.notify.warn(problem)

    def _not_loaded(self, project: Project, document_id: str, error: StudioError) -> None:
        self._loading.discard((project, document_id))
        self._context.notify.error(error)

    def show_tab(self, index: int) -> None:
        """Bring a picture to the front."""
        if not 0 <= index < len(self._open):
            return
        self._current = index
        session = self._open[index]
        if self.live.session is not session:
            self.live.stop()
        self.tabs.set_current(index)
        self.view.set_session(session)
        self.layers.set_document(session.picture)
        self.view.canvas.setFocus()
        self._show_frame()
        self.front_changed.emit()

    def close_tab(self, index: int, *, forget: bool = True) -> None:
        """Close a tab; the picture stays in the project, and is closed there unless not told."""
        if not 0 <= index < len(self._open):
            return
        session = self._open.pop(index)
        if self.live.session is session:
            self.live.stop()
        if self.view.session is session:
            self.view.set_session(None)
            self.layers.set_document(None)
        self.view.forget(session)
        if session.place.document_id and forget:
            session.place.set_open(False)
        session.close(wait=not forget)  # who leaves a project may close it next
        self.tabs.remove(index)
        session.place.deleteLater()
        session.deleteLater()
        if not self._open:
            self.new_picture()
        self.show_tab(min(index, len(self._open) - 1))

    def rename(self, index: int = -1) -> None:
        """Ask for another title."""
        session = self._open[index] if index >= 0 else self.session
        if session is None:
            return
        title, agreed = QInputDialog.getText(
            self, self.tr("Rename"), self.tr("Title"), text=session.place.title
        )
        if agreed and title.strip():
            session.place.rename(title.strip())

    def delete_document(self) -> None:
        """Put the picture in front away, with a way back."""
        index, place = self._current, self.document
        if place is None or place.project is None or not place.document_id:
            self.close_tab(index)
            return
        project, document_id, title = place.project, place.document_id, place.title
        self.close_tab(index)
        project.delete_document(document_id)

        def bring_back() -> None:
            project.restore_document(document_id)
            self.open_document(project, document_id)

        words = self.tr("“%1” was deleted.").replace("%1", title)
        self._context.notify.info(words, actions=[(self.tr("Undo"), bring_back)])

    # -- the frame ----------------------------------------------------------------------------

    def fit_frame(self) -> None:
        """Fit the frame around the selection, or else the picture."""
        session = self.session
        if session is None:
            return
        selection = session.picture.selection
        area = selection.bounds if selection is not None else session.picture.extent()
        if not area.is_empty:
            self._set_frame(area)

    def _set_frame(self, frame: Rect) -> None:
        session = self.session
        if session is not None and not frame.is_empty:
            session.picture.frame = frame

    def _show_frame(self) -> None:
        session = self.session
        if session is None:
            return
        frame, survey = session.picture.frame, session.survey
        work = survey.area if survey is not None and survey.area != frame else None
        side = session.side if self.options.models() else 0
        self.inspector.frame_section.show_frame(frame, side, work)

    def show_region(self) -> None:
        """Go to the prompt of a region."""
        self.inspector.sections["layers"].set_expanded(True)
        self.layers.show_region()

    def add_region(self) -> None:
        """Add an area with a prompt of its own."""
        self.inspector.sections["layers"].set_expanded(True)
        self.layers.add_region()

    # -- live painting ------------------------------------------------------------------------

    def toggle_live(self) -> None:
        """Repaint the frame while one paints, or no more."""
        session = self.session
        if self.live.on or session is None:
            self.live.stop()
        else:
            self.live.start(session)

    def drop_at(self, path: Path, at: QPointF) -> None:
        """Lay a picture on the canvas."""
        self.files.add_as_layer(path, at)

    # -- projects -----------------------------------------------------------------------------

    @property
    def front(self) -> Front:
        """The picture in front."""
        return self.projects.front

    def keep_now(self) -> None:
        """Hand everything done so far to the project."""
        self.layers.region.take()
        for session in self._open:
            try:
                session.place.flush(FLUSH_S)
            except StorageError as error:
                self._context.notify.error(error)

    def show_project(self, project: Project) -> None:
        """Give every picture of a project that was open last a tab."""
        self.projects.show(project)

    def leave_project(self, project: Project) -> None:
        """Close the tabs of a project's pictures; they stay in the project."""
        self.projects.leave(project)

    def go_back(
        self, project: Project, document_id: str, state: TextState | bytes, label: str
    ) -> None:
        """Make a picture what it was, as one action of journal and undo."""
        self.projects.go_back(project, document_id, state, label)

    # -- inside -------------------------------------------------------------------------------

    def _project(self) -> Project:
        project = self._context.projects.ensure()
        QTimer.singleShot(0, self, self.front_changed.emit)  # once the document has its place
        return project

    def _closed_documents(self) -> list[Entry]:
        if "projects" not in self._context.__dict__ or self._context.projects.current is None:
            return []
        project = self._context.projects.current
        opened = {(p.project, p.document_id) for p in self.documents}
        return [
            (info.title, partial(self.open_document, project, info.id))
            for info in project.documents()
            if info.kind == PICTURE and (project, info.id) not in opened
        ]

    def _add(self, place: PicturePlace) -> PictureSession:
        session = PictureSession(self._context, self.options, place, self.workers, self)
        self._open.append(session)
        self.tabs.add(_look(place))
        place.changed.connect(lambda: self._refresh_tab(place))
        place.changed.connect(self.front_changed)
        place.refused.connect(self._context.notify.error)
        session.changed.connect(lambda: self._on_session(session))
        first = self._open[0].place
        if len(self._open) == 2 and first.untouched and place.file is not None:
            self.close_tab(0)
        self.show_tab(len(self._open) - 1)
        return session

    def _on_session(self, session: PictureSession) -> None:
        self._refresh_tab(session.place)
        if session is self.session:
            self._show_frame()

    def _on_options(self) -> None:
        """An empty picture's frame follows the model, until somebody sets it."""
        self.layers.region.set_reason(self.options.why_no_regions())
        side = taught_side(self.options.info())
        for session in self._open:
            picture = session.picture
            square = picture.frame.width == picture.frame.height and picture.frame.x == 0
            if session.place.untouched and square and self.options.models():
                picture.frame = Rect(0, 0, side, side)
        self._show_frame()

    def _layers(self) -> list[tuple[str, str]]:
        from studio.documents.picture.layers import walk

        session = self.session
        layers = list(walk(session.picture.layers)) if session is not None else []
        ordered = sorted(layers, key=lambda layer: layer.kind != "control")
        return [(layer.id, layer.name) for layer in ordered]

    def _refresh_actions_soon(self) -> None:
        if not self._actions_timer.isActive():
            self._actions_timer.start(ACTIONS_MS)

    def _refresh_actions(self) -> None:
        actions = self._context.actions
        actions.refresh(*(spec.id for spec in actions.all() if spec.id.startswith("picture.")))

    def _refresh_tab(self, place: PicturePlace) -> None:
        for index, session in enumerate(self._open):
            if session.place is place:
                self.tabs.refresh(index, _look(place))

    def _move_tab(self, source: int, target: int) -> None:
        front = self.session
        self._open.insert(target, self._open.pop(source))
        place = self._open[target].place
        if place.project is not None and place.document_id:
            place.project.move_document(place.document_id, target)
        if front is not None:
            self._current = self._open.index(front)


def _look(place: PicturePlace) -> TabLook:
    tip = str(place.file) if place.file is not None else ""
    return TabLook(place.title, "image", tip=tip, modified=place.modified)
