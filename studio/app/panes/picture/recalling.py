"""Take over how a picture was made: from Triptych, A1111, ComfyUI, InvokeAI or Fooocus."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from studio.app.context import AppContext
from studio.app.panes.picture.prompt_history import Prompt
from studio.app.theme.tokens import REGION_COLOURS
from studio.app.widgets.words import fill_in
from studio.core.errors import BadInputError, StudioError
from studio.core.requests import Region

if TYPE_CHECKING:
    from studio.app.panes.picture.pane import PicturePane
    from studio.documents.picture.document import PictureDocument
    from studio.library.recall import Recalled

LEAST_PX, MOST_PX = 64, 4096


class Recalling(QObject):
    """Reads pictures for their settings in the background, and sets what fits."""

    def __init__(self, pane: PicturePane, context: AppContext) -> None:
        super().__init__(pane)
        self._pane = pane
        self._context = context

    def ask(self) -> None:
        """Ask for a picture and take over how it was made."""
        kinds = self.tr("Pictures") + " (*.png *.jpg *.jpeg *.webp *.avif)"
        name, _ = QFileDialog.getOpenFileName(
            self._pane, self.tr("Recall settings from a picture"), "", kinds
        )
        if name:
            self.recall(Path(name))

    def recall(self, path: Path) -> None:
        """Take over how a picture was made, or say that it does not tell."""
        from studio.library.recall import recall

        self._pane.workers.making.run(partial(recall, path), self.take, self._context.notify.error)

    def offer(self, path: Path) -> None:
        """Offer it for a picture that came in, if it says how it was made."""

        def look() -> Recalled | None:
            from studio.library.recall import recall

            try:
                return recall(path)
            except BadInputError:
                return None  # most pictures were made by hand or by a camera

        self._pane.workers.looking.run(look, self._offer, self._say_nothing)

    def take(self, found: Recalled) -> None:
        """Set prompt, seed, options, strength and frame as far as they are known here."""
        pane = self._pane
        session = pane.session
        if session is None:
            return
        pane.view.prompt.set_text(Prompt(found.prompt, found.negative_prompt))
        session.set_prompt(found.prompt, found.negative_prompt)
        left_out = self._set_options(found)
        if found.seed is not None:
            pane.options.set_seed(found.seed, locked=True)
        if found.strength is not None:
            pane.options.set(strength=found.strength)
        if all(LEAST_PX <= side <= MOST_PX for side in (found.width, found.height)):
            frame = session.picture.frame
            from studio.documents.picture.geometry import Rect

            session.picture.frame = Rect(frame.x, frame.y, found.width, found.height)
        self._tell(found, left_out)
        if found.request is not None and found.request.regions:
            self._restore(session.picture, found.request.regions)

    def _restore(self, picture: PictureDocument, regions: Sequence[Region]) -> None:
        """Lay the regions down again, in the background: their masks have to be read."""
        from studio.app.panes.picture.regions import restore

        try:
            inputs = self._context.bridge.inputs
        except StudioError as error:
            self._context.notify.error(error)
            return
        label = self.tr("Recall regions")
        self._pane.workers.making.run(
            lambda: restore(picture, regions, inputs, REGION_COLOURS, label),
            self._tell_missing,
            self._context.notify.error,
        )

    def _tell_missing(self, missing: int) -> None:
        if missing:
            words = self.tr("The areas of %1 of its regions are not on this computer any more.")
            self._context.notify.warn(fill_in(words, missing))

    def _set_options(self, found: Recalled) -> list[str]:
        """Set the options the model has; return the names of those it refuses."""
        known = {info.name: info for info in self._pane.options.infos()}
        fitting, left_out = {}, []
        for name, value in found.options.items():
            info = known.get(name)
            try:
                if info is None or info.unused:
                    raise BadInputError(name)
                fitting[name] = info.check(value)
            except BadInputError:
                left_out.append(name)
        self._pane.options.set_values(fitting)
        return left_out

    def _tell(self, found: Recalled, left_out: list[str]) -> None:
        words = self.tr("Settings of %1 were taken over; the seed is locked.")
        words = words.replace("%1", found.program)
        if found.model:
            words += " " + self.tr("It was made with %1.").replace("%1", found.model)
        if left_out:
            names = ", ".join(left_out)
            words += " " + self.tr("This model does not use: %1.").replace("%1", names)
        self._context.notify.success(words)

    def _offer(self, found: object) -> None:
        from studio.library.recall import Recalled

        if isinstance(found, Recalled):
            self._context.notify.info(
                self.tr("This picture says how %1 made it.").replace("%1", found.program),
                actions=[(self.tr("Recall settings"), partial(self.take, found))],
            )

    def _say_nothing(self, error: StudioError) -> None:
        """The picture itself came in; that its settings could not be read was not asked for."""
