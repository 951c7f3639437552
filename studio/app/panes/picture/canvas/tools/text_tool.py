"""Writing on the canvas: a field to type in, then a layer of pixels that remembers its text."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication, QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath

from studio.app.panes.picture.canvas.images import pixels_of
from studio.app.panes.picture.canvas.layer_bounds import content
from studio.app.panes.picture.canvas.pen import PenPoint
from studio.app.panes.picture.canvas.tools.base import Host, Tool, ToolAction
from studio.app.panes.picture.canvas.tools.guides import draw_guide
from studio.app.panes.picture.canvas.tools.inline_text import InlineText
from studio.app.panes.picture.canvas.tools.text_drawing import (
    META_KEY,
    TextBlock,
    TextOptions,
)
from studio.core.options import OptionValue
from studio.documents.picture.layers import walk

if TYPE_CHECKING:
    from studio.documents.picture.document import PictureDocument
    from studio.documents.picture.layers import Layer

NAME_LENGTH = 24


class TextTool(Tool):
    """Opens a field at a press; on a text layer, opens its text again.

    Attributes:
        editor: The field; ``None`` while nothing is written.
    """

    name = "text"
    icon_name = "type"
    keys = "T"
    title_text = QT_TRANSLATE_NOOP("tools", "Text")
    hint_text = QT_TRANSLATE_NOOP(
        "tools", "Click and write. Ctrl+Enter puts it into the picture, Esc gives it up."
    )

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self.options = TextOptions(family=host.font().family())
        self.editor: InlineText | None = None
        self._at = QPointF()
        self._layer_id: str | None = None

    @property
    def busy(self) -> bool:
        """Whether something is being written."""
        return self.editor is not None

    def actions(self) -> tuple[ToolAction, ...]:
        """Return what the strip offers as buttons."""
        return (
            ToolAction(
                "check", QCoreApplication.translate("tools", "Put in (Ctrl+Enter)"), self.apply
            ),
            ToolAction("x", QCoreApplication.translate("tools", "Give up (Esc)"), self.cancel),
        )

    def set_options(self, **values: OptionValue) -> None:
        """Change the letters, of what is being written too."""
        super().set_options(**values)
        self._show()

    def colour_changed(self) -> None:
        """Write on in another colour."""
        self._show()

    def view_changed(self) -> None:
        """Keep the field where it is in the picture."""
        self._show()

    def press(self, point: PenPoint) -> None:
        """End what is being written, or begin."""
        if self.editor is not None:
            self.apply()
            return
        document = self.host.document
        if document is None:
            return
        layer = self._layer_at(document, point.document)
        block = None if layer is None else TextBlock.of(layer.meta.get(META_KEY))
        if layer is None or block is None:
            self._begin(point.document, "")
            return
        now = content(document.snapshot(), layer.id)
        moved = QPointF(now.x - block.left, now.y - block.top)
        self._layer_id = layer.id
        self.options = block.options
        self.host.set_colour(QColor(block.colour))
        self.host.lift(layer.id)
        self.host.place_lifted(None)
        self._begin(QPointF(block.x, block.y) + moved, block.text)
        self.host.tell_options()

    def apply(self) -> None:
        """Put the text into the picture as a layer."""
        editor, document = self.editor, self.host.document
        if editor is None or document is None:
            return
        text, replaced = editor.toPlainText(), self._layer_id
        block = TextBlock(
            text,
            self.options,
            self.host.colour.name(QColor.NameFormat.HexArgb),
            self._at.x(),
            self._at.y(),
        )
        self._close()
        if text.strip():
            self.host.do(lambda: put_text(document, block, replaced))
        elif replaced is not None:
            self.host.do(lambda: document.remove_layer(replaced))
        self.host.drop_lifted()

    def cancel(self) -> None:
        """Give up what is being written."""
        if self.editor is not None:
            self._close()
            self.host.drop_lifted()

    def cursor(self, point: PenPoint | None) -> Qt.CursorShape:
        """Return the text cursor."""
        return Qt.CursorShape.IBeamCursor

    def paint(self, painter: QPainter) -> None:
        """Draw a line around the field."""
        if self.editor is None:
            return
        scale, box = self.host.scale, self.editor.geometry()
        path = QPainterPath()
        path.addRect(
            (box.x() - 2) * scale,
            (box.y() - 2) * scale,
            (box.width() + 4) * scale,
            (box.height() + 4) * scale,
        )
        draw_guide(painter, path, scale)

    def _begin(self, at: QPointF, text: str) -> None:
        self._at = at
        editor = self.editor = InlineText(self.host.widget())
        editor.setPlainText(text)
        editor.done.connect(self.apply)
        editor.given_up.connect(self.cancel)
        editor.textChanged.connect(self.host.refresh)
        self._show()
        editor.show()
        editor.setFocus()
        editor.selectAll()

    def _show(self) -> None:
        if self.editor is not None:
            scale = self.host.scale
            anchor = self.host.view.to_screen(self._at) / scale
            zoom = self.host.view.zoom / scale
            self.editor.show_as(self.options, self.host.colour, zoom, anchor)
            self.host.refresh()

    def _close(self) -> None:
        editor, self.editor, self._layer_id = self.editor, None, None
        if editor is not None:
            editor.hide()
            editor.deleteLater()
            self.host.widget().setFocus()
            self.host.refresh()

    def _layer_at(self, document: PictureDocument, at: QPointF) -> Layer | None:
        """Return the uppermost text layer under a point."""
        seen = document.snapshot()
        for layer in reversed(list(walk(seen.layers))):
            if META_KEY in layer.meta and layer.visible and not layer.locked:
                box = content(seen, layer.id)
                if box.contains(at.x(), at.y()):
                    return layer
        return None


def put_text(document: PictureDocument, block: TextBlock, replaced: str | None) -> str:
    """Add a text as a layer, or put it in the place of the layer it was on; returns the id."""
    image, x, y = block.drawing()
    label = QCoreApplication.translate("tools", "Text")
    with document.group(label):
        layer_id = document.add_layer(
            name=block.text.strip().split("\n")[0][:NAME_LENGTH],
            pixels=pixels_of(image),
            at=(x, y),
            above=replaced or document.active_id,
        )
        box = content(document.snapshot(), layer_id)
        kept = replace(block, left=box.x, top=box.y)
        document.set_layer(layer_id, meta={META_KEY: kept.meta()})
        if replaced is not None:
            old = document.layer(replaced)
            document.set_layer(
                layer_id,
                opacity=old.opacity,
                blend_mode=old.blend_mode,
                meta={**old.meta, META_KEY: kept.meta()},
            )
            document.remove_layer(replaced)
            document.active_id = layer_id
    return layer_id
