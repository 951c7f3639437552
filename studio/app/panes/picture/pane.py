"""The picture pane: a tab for each picture, one canvas for the one in front, and its prompt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QWidget

from studio.app.background import Background
from studio.app.context import AppContext
from studio.app.documents_pane import NewFile
from studio.app.option_memory import OptionMemory
from studio.app.panes.picture.frame_size import taught_side
from studio.app.panes.picture.inspector import PictureInspector
from studio.app.panes.picture.layers_panel import LayersPanel
from studio.app.panes.picture.live import LiveMode
from studio.app.panes.picture.live_view import LiveView
from studio.app.panes.picture.picture_actions import picture_actions
from studio.app.panes.picture.picture_files import PictureFiles
from studio.app.panes.picture.picture_models import PictureModels
from studio.app.panes.picture.picture_options import PictureOptions
from studio.app.panes.picture.picture_place import PicturePlace
from studio.app.panes.picture.picture_session import PictureSession, Workers
from studio.app.panes.picture.picture_view import PictureView
from studio.app.panes.picture.project_pictures import PictureProjectTabs
from studio.app.panes.picture.prompt_history import PromptHistory
from studio.app.panes.picture.recalling import Recalling
from studio.app.panes.picture.style_menu import StyleChip
from studio.app.tabbed_pane import TabbedPane
from studio.app.widgets.document_tabs import DocumentTabs, NewKind, TabLook
from studio.app.widgets.notice_strip import NoticeStrip
from studio.core.errors import StudioError
from studio.documents.picture.document import PictureDocument
from studio.documents.picture.geometry import Rect

if TYPE_CHECKING:
    from studio.documents.project import Project
    from studio.documents.spans import TextState


class PicturePane(TabbedPane[PicturePlace, PictureSession]):
    """Holds the open pictures."""

    icon_name = "image"
    projects: PictureProjectTabs

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(context, "picture", parent)
        self.title = self.tr("Pictures")
        self.context = context
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
        self.closed = False
        self._loading: set[tuple[Project, str]] = set()
        self.projects = PictureProjectTabs(self, context)
        self.files = PictureFiles(self, context)
        self.recalling = Recalling(self, context)
        self.styles = StyleChip(context, self.view.prompt)
        self._lay_out(self.strip, work=self.view)
        self._connect()
        for spec in picture_actions(self):
            context.actions.add(spec)
        self.new_picture()

    def _make_tabs(self) -> DocumentTabs:
        kinds = (NewKind(self.tr("New picture"), "image", self.new_picture),)
        return DocumentTabs(kinds, self.tr("New picture"), file_icon="image", parent=self)

    def _connect(self) -> None:
        self._follow_tabs(self.files.recent_entries)
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
        super().activated()
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
        for place in self.documents:
            place.set_open(True)
            if not self._wait_for(place):
                return False
        if self.closed:
            return True
        self.closed = True
        self.projects.end()
        self.view.set_session(None)
        self.layers.set_document(None)
        for _, session in self._open:
            session.close(wait=True)
        self.workers.close()
        self._memory.keep()
        return self._wait_for_projects()

    def _open_path(self, path: Path) -> None:
        for index, place in enumerate(self.documents):
            if place.file == path:
                self.show_tab(index)
                return
        self.files.open(path)

    # -- pictures -----------------------------------------------------------------------------

    @property
    def session(self) -> PictureSession | None:
        """The picture in front, at work."""
        front = self._in_front()
        return front[1] if front is not None else None

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
        place = PicturePlace(title, picture, self.projects.ensure, self, file=file)
        session = self._begin(place)
        if file is not None:
            from studio.documents.picture.document import Action

            place.keep(Action(self.tr("Open"), "imported"))
        return session

    def open_as_new(self, new: NewFile) -> None:
        """Open a picture from elsewhere as a new one, with what made it."""
        self.files.open_as_new(new)

    def _begin(self, place: PicturePlace) -> PictureSession:
        session = PictureSession(self._context, self.options, place, self.workers, self)
        place.refused.connect(self._context.notify.error)
        session.changed.connect(lambda: self._on_session(session))
        self._add(place, session, from_file=place.file is not None)
        return session

    def _read(self, project: Project, document_id: str) -> None:
        """Give a picture of a project a tab, once it was read in the background."""
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
        place = PicturePlace("", picture, self.projects.ensure, self)
        info = place.adopt(project, document_id)
        session = self._begin(place)
        session.take_prompt(
            str(info.meta.get("prompt") or ""), str(info.meta.get("negative_prompt") or "")
        )
        if session is self.session:
            self.view.set_session(None)
            self.view.set_session(session)
        place.set_open(True)
        self._close_untouched()
        for problem in problems:
            self._context.notify.warn(problem)

    def _not_loaded(self, project: Project, document_id: str, error: StudioError) -> None:
        self._loading.discard((project, document_id))
        self._context.notify.error(error)

    def _to_front(self, session: PictureSession) -> None:
        if self.live.session is not session:
            self.live.stop()
        self.view.set_session(session)
        self.layers.set_document(session.picture)
        self.view.canvas.setFocus()
        self._show_frame()

    def _let_go(self, place: PicturePlace, session: PictureSession, *, forget: bool) -> None:
        if self.live.session is session:
            self.live.stop()
        if self.view.session is session:
            self.view.set_session(None)
            self.layers.set_document(None)
        self.view.forget(session)
        if forget:
            place.set_open(False)
        session.close(wait=not forget)  # who leaves a project may close it next
        place.deleteLater()
        session.deleteLater()

    def _look(self, place: PicturePlace) -> TabLook:
        tip = str(place.file) if place.file is not None else ""
        return TabLook(place.title, self.icon_name, tip=tip, modified=place.modified)

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

    def keep_now(self) -> None:
        """Hand everything done so far to the project."""
        self.layers.region.take()
        for place in self.documents:
            self._wait_for(place)

    def go_back(
        self, project: Project, document_id: str, state: TextState | bytes, label: str
    ) -> None:
        """Make a picture what it was, as one action of journal and undo."""
        self.projects.go_back(project, document_id, state, label)

    # -- inside -------------------------------------------------------------------------------

    def _on_session(self, session: PictureSession) -> None:
        self._refresh_tab(session.place)
        if session is self.session:
            self._show_frame()

    def _on_options(self) -> None:
        """An empty picture's frame follows the model, until somebody sets it."""
        self.layers.region.set_reason(self.options.why_no_regions())
        side = taught_side(self.options.info())
        for place, session in self._open:
            picture = session.picture
            square = picture.frame.width == picture.frame.height and picture.frame.x == 0
            if place.untouched and square and self.options.models():
                picture.frame = Rect(0, 0, side, side)
        self._show_frame()

    def _layers(self) -> list[tuple[str, str]]:
        from studio.documents.picture.layers import walk

        session = self.session
        layers = list(walk(session.picture.layers)) if session is not None else []
        ordered = sorted(layers, key=lambda layer: layer.kind != "control")
        return [(layer.id, layer.name) for layer in ordered]
