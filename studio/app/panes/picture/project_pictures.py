"""The projects behind the tabs of pictures, and going back in time."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from studio.app.context import AppContext
from studio.app.panes.picture.picture_place import PICTURE
from studio.app.project_tabs import ProjectTabs
from studio.core.errors import BadInputError
from studio.documents.spans import TextState

if TYPE_CHECKING:
    from studio.app.panes.picture.pane import PicturePane
    from studio.documents.picture.document import PictureDocument
    from studio.documents.project import Project

KEEP_S = 60.0


class PictureProjectTabs(ProjectTabs):
    """Brings pictures of projects into the tabs of a picture pane and out of them again."""

    def __init__(self, pane: PicturePane, context: AppContext) -> None:
        super().__init__(pane, context, (PICTURE,))
        self._pane = pane

    def go_back(
        self, project: Project, document_id: str, state: TextState | bytes, label: str
    ) -> None:
        """Make a picture what it was: one action of the journal, one step of undo.

        It is read and written in the background.
        """
        if not isinstance(state, bytes):
            raise BadInputError("This is no state of a picture.")
        index = self.index_of(project, document_id)
        if index is not None:
            picture = self._pane.documents[index].picture
            work = partial(_become, project, picture, state, label)
        else:
            work = partial(_rewrite, project, document_id, state, label)
        self._pane.workers.making.run(work, lambda _: None, self._context.notify.error)


def _become(project: Project, picture: PictureDocument, state: bytes, label: str) -> None:
    from studio.documents.picture.storage import read

    picture.become(read(project, state, known=picture.snapshot()), label=label)


def _rewrite(project: Project, document_id: str, state: bytes, label: str) -> None:
    from studio.documents.picture.storage import Keeper, load, read

    picture = load(project, document_id)
    keeper = Keeper(picture, project, document_id)
    try:
        picture.become(read(project, state, known=picture.snapshot()), label=label)
        keeper.flush(KEEP_S)
    finally:
        keeper.close()
