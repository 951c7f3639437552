"""The layers of a picture: order, what is shown, how they mix. Topmost first, as they lie."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QDropEvent, QIcon, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QMenu,
    QSlider,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from studio.app.background import Background
from studio.app.panes.picture.layer_thumbs import THUMB_PX, small_pictures
from studio.app.panes.picture.region_editor import RegionEditor
from studio.app.panes.picture.regions import add_region, prompt_of, region_layers
from studio.app.qt_pictures import image_of, thumbnail
from studio.app.theme.icons import current_palette, icon, pixmap
from studio.app.theme.style import set_role
from studio.app.theme.tokens import REGION_COLOURS, Size, Space
from studio.app.widgets.icon_button import IconButton
from studio.app.widgets.inspector_page import words
from studio.core.errors import StudioError
from studio.core.media import Picture

if TYPE_CHECKING:
    from studio.documents.picture.document import Change, PictureDocument
    from studio.documents.picture.layers import Layer

THUMB_DELAY_MS = 500
MOST_ROWS = 7
_SEEN, _NAME, _LOCK = range(3)
_ID = int(Qt.ItemDataRole.UserRole)
_KIND_ICONS = {
    "raster": "image",
    "mask": "eraser",
    "control": "sliders-horizontal",
    "region": "vector-square",
    "group": "folder",
}


class LayerTree(QTreeWidget):
    """The list; what is dropped in it moves in the document."""

    moved = Signal(str, object, int)
    """Id, id of the new parent or ``None``, place there from below."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setColumnCount(3)
        self.setHeaderHidden(True)
        self.setRootIsDecorated(True)
        self.setIndentation(Space.M)
        self.setIconSize(QSize(THUMB_PX, THUMB_PX))
        self.setTreePosition(_NAME)
        self.setUniformRowHeights(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setAccessibleName(self.tr("Layers"))
        header = self.header()
        header.setMinimumSectionSize(Size.CONTROL)
        header.setStretchLastSection(False)
        header.setSectionResizeMode(_NAME, header.ResizeMode.Stretch)
        for column in (_SEEN, _LOCK):
            # What is in these columns is smaller than the small pictures of layers.
            header.setSectionResizeMode(column, header.ResizeMode.Fixed)
            header.resizeSection(column, Size.CONTROL)

    def dropEvent(self, event: QDropEvent) -> None:
        """Say where the dragged layer goes; the document moves it, and the list follows."""
        item = self.currentItem()
        target = self.itemAt(event.position().toPoint())
        where = self.dropIndicatorPosition()
        event.setDropAction(Qt.DropAction.IgnoreAction)
        event.accept()
        if item is None or item is target:
            return
        on = QAbstractItemView.DropIndicatorPosition
        parent = target.parent() if target is not None else None
        if target is not None and where == on.OnItem and target.data(_NAME, _ID + 1) == "group":
            self.moved.emit(item.data(_NAME, _ID), target.data(_NAME, _ID), 1 << 30)
            return
        siblings = [each for each in _children(self, parent) if each is not item]
        row = siblings.index(target) if target in siblings else len(siblings)
        if target is not None and where == on.BelowItem:
            row += 1
        above = parent.data(_NAME, _ID) if parent is not None else None
        # Rows count from above, places in the document from below.
        self.moved.emit(item.data(_NAME, _ID), above, len(siblings) - row)


class LayersPanel(QWidget):
    """Shows and changes the layers of one picture.

    Args:
        worker: Draws small pictures of layers.
    """

    failed = Signal(object)
    """A :class:`StudioError` for the user."""
    _changed = Signal(object)

    def __init__(self, worker: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._worker = worker
        self._document: PictureDocument | None = None
        self._unsubscribe = _nothing
        self._filling = False
        self._drag = ""
        self._icons: dict[str, QIcon] = {}
        self.tree = LayerTree()
        self.tree.currentItemChanged.connect(self._chosen)
        self.tree.itemClicked.connect(self._clicked)
        self.tree.itemChanged.connect(self._renamed)
        self.tree.moved.connect(self._move)
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.setAccessibleName(self.tr("Opacity"))
        self.opacity.valueChanged.connect(self._set_opacity)
        self.opacity.sliderPressed.connect(self._begin_drag)
        self.opacity.sliderReleased.connect(self._end_drag)
        self.percent = QLabel("100 %")
        self.percent.setMinimumWidth(self.percent.fontMetrics().horizontalAdvance("100 %"))
        self.percent.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        set_role(self.percent, "quiet")
        self.blend = QComboBox()
        self.blend.setAccessibleName(self.tr("Blend mode"))
        self.blend.activated.connect(self._set_blend)
        self.region = RegionEditor()
        self.region.edited.connect(self._set_meta)
        self._thumbs = QTimer(self)
        self._thumbs.setSingleShot(True)
        self._thumbs.setInterval(THUMB_DELAY_MS)
        self._thumbs.timeout.connect(self._draw_thumbs)
        self._changed.connect(self._on_change)
        self._build()

    def set_document(self, document: PictureDocument | None) -> None:
        """Show another picture."""
        self.region.take()
        self._unsubscribe()
        self._unsubscribe = _nothing
        self._document = document
        self._icons = {}
        if document is not None:
            self._unsubscribe = document.subscribe(self._changed.emit)
        self.refresh()

    def refresh(self) -> None:
        """Show the layers as they are now."""
        self._filling = True
        self.tree.clear()
        document = self._document
        if document is not None:
            self._fill(None, document.layers)
            self.tree.expandAll()
        self._filling = False
        rows = max(2, min(MOST_ROWS, len(_walk(self.tree))))
        self.tree.setFixedHeight(rows * (THUMB_PX + Space.XS) + Space.XS)
        there = self.tree.topLevelItemCount() > 0
        self.tree.setVisible(there)
        self._mixing.setVisible(there)
        self.nothing.setVisible(not there)
        self._show_active()
        self._thumbs.start()

    # --- building ---------------------------------------------------------------------------

    def _build(self) -> None:
        mix = QHBoxLayout()
        mix.setSpacing(Space.S)
        mix.addWidget(self.blend, 1)
        strength = QHBoxLayout()
        strength.setSpacing(Space.S)
        label = QLabel(self.tr("Opacity"))
        set_role(label, "quiet")
        strength.addWidget(label)
        strength.addWidget(self.opacity, 1)
        strength.addWidget(self.percent)
        buttons = QHBoxLayout()
        buttons.setSpacing(Space.XS)
        self.buttons: dict[str, IconButton] = {}
        for name, image, tip, then in (
            ("add", "plus", self.tr("New layer"), partial(self._add, "raster")),
            ("group", "folder", self.tr("New group"), partial(self._add, "group")),
            (
                "region",
                "vector-square",
                self.tr("New region: an area with a prompt of its own"),
                self.add_region,
            ),
            ("copy", "copy", self.tr("Duplicate layer"), self._duplicate),
            ("merge", "arrow-down", self.tr("Merge down"), self._merge_down),
            ("alpha", "blend", self.tr("Lock transparency"), self._toggle_alpha),
            ("delete", "trash-2", self.tr("Delete layer"), self._delete),
        ):
            self.buttons[name] = IconButton(image, tip, then, icon_px=Size.SMALL_ICON)
            buttons.addWidget(self.buttons[name])
        self.buttons["alpha"].setCheckable(True)
        buttons.addStretch()
        more = IconButton("ellipsis", self.tr("More"), self._more, icon_px=Size.SMALL_ICON)
        buttons.addWidget(more)
        self._more_button = more
        self._mixing = QWidget()
        mixing = QVBoxLayout(self._mixing)
        mixing.setContentsMargins(0, 0, 0, 0)
        mixing.setSpacing(Space.S)
        mixing.addLayout(mix)
        mixing.addLayout(strength)
        self.nothing = words(
            "caption", self.tr("None yet. What you paint, drop or accept becomes the first.")
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addWidget(self.nothing)
        column.addWidget(self._mixing)
        column.addWidget(self.region)
        column.addWidget(self.tree)
        column.addLayout(buttons)

    def _fill(self, parent: QTreeWidgetItem | None, layers: Sequence[Layer]) -> None:
        for layer in reversed(layers):
            item = QTreeWidgetItem()
            item.setData(_NAME, _ID, layer.id)
            item.setData(_NAME, _ID + 1, layer.kind)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
            self._dress(item, layer)
            if parent is None:
                self.tree.addTopLevelItem(item)
            else:
                parent.addChild(item)
            self._fill(item, layer.children)

    def _dress(self, item: QTreeWidgetItem, layer: Layer) -> None:
        item.setIcon(_SEEN, _small_icon("eye" if layer.visible else "eye-off"))
        item.setText(_NAME, layer.name)
        item.setIcon(_NAME, self._icons.get(layer.id) or _small_icon(_KIND_ICONS[layer.kind]))
        item.setToolTip(_NAME, self._about(layer))
        item.setIcon(_LOCK, _small_icon("lock") if layer.locked else QIcon())
        item.setToolTip(_SEEN, self.tr("Shown") if layer.visible else self.tr("Hidden"))
        item.setToolTip(_LOCK, self.tr("Locked") if layer.locked else self.tr("Lock"))

    def _about(self, layer: Layer) -> str:
        if layer.kind == "region":
            return f"{layer.name}\n{prompt_of(layer)}".strip()
        prompt = layer.meta.get("prompt")
        seed = layer.meta.get("seed")
        if not prompt:
            return layer.name
        return f"{layer.name}\n{prompt}\n{self.tr('Seed %1').replace('%1', str(seed))}"

    # --- following --------------------------------------------------------------------------

    def _on_change(self, change: Change) -> None:
        if change.layers:
            self.refresh()
        elif change.rect is not None:
            self._thumbs.start()
            self._show_region(self._active())

    def _show_active(self) -> None:
        document = self._document
        layer = self._active()
        self._filling = True
        if layer is not None and document is not None:
            item = self._item(layer.id)
            if item is not None:
                self.tree.setCurrentItem(item)
            self.opacity.setValue(round(layer.opacity * 100))
            self.percent.setText(f"{round(layer.opacity * 100)} %")
            self._show_blend(layer)
            self.buttons["alpha"].setChecked(layer.alpha_locked)
        self._show_region(layer)
        for widget in (self.opacity, self.blend):
            widget.setEnabled(layer is not None)
        for name in ("copy", "merge", "alpha", "delete"):
            self.buttons[name].setEnabled(layer is not None)
        self._filling = False

    def _show_region(self, layer: Layer | None) -> None:
        document = self._document
        if layer is None or document is None or layer.kind != "region":
            self.region.show_layer(None)
        else:
            painted = bool(document.snapshot().tiles.get(layer.id))
            self.region.show_layer(layer, painted=painted)

    def _show_blend(self, layer: Layer) -> None:
        from studio.documents.picture.blending import BLEND_MODES

        modes = [(mode.title, mode.name) for mode in BLEND_MODES.values()]
        if layer.kind == "group":
            modes.insert(0, (self.tr("Pass through"), "pass-through"))
        self.blend.clear()
        for title, name in modes:
            self.blend.addItem(title, name)
        self.blend.setCurrentIndex(self.blend.findData(layer.blend_mode))

    def _active(self) -> Layer | None:
        document = self._document
        if document is None or document.active_id is None:
            return None
        return document.layer(document.active_id)

    def _item(self, layer_id: str) -> QTreeWidgetItem | None:
        return next((i for i in _walk(self.tree) if i.data(_NAME, _ID) == layer_id), None)

    # --- changing ---------------------------------------------------------------------------

    def _chosen(self, item: QTreeWidgetItem | None) -> None:
        if self._filling or item is None or self._document is None:
            return
        self._document.active_id = item.data(_NAME, _ID)

    def _clicked(self, item: QTreeWidgetItem, column: int) -> None:
        document = self._document
        if document is None or column == _NAME:
            return
        layer = document.layer(item.data(_NAME, _ID))
        if column == _SEEN:
            self._try(lambda: document.set_layer(layer.id, visible=not layer.visible))
        else:
            self._try(lambda: document.set_layer(layer.id, locked=not layer.locked))

    def _renamed(self, item: QTreeWidgetItem, column: int) -> None:
        document = self._document
        if self._filling or document is None or column != _NAME:
            return
        layer = document.layer(item.data(_NAME, _ID))
        name = item.text(_NAME).strip()
        if name and name != layer.name:
            self._try(lambda: document.set_layer(layer.id, name=name))

    def _move(self, layer_id: str, parent: str | None, index: int) -> None:
        document = self._document
        if document is not None:
            self._try(lambda: document.move_layer(layer_id, parent, index))

    def _begin_drag(self) -> None:
        self._drag = secrets.token_hex(4)

    def _end_drag(self) -> None:
        self._drag = ""
        self._set_opacity(self.opacity.value())

    def _set_opacity(self, value: int) -> None:
        self.percent.setText(f"{value} %")
        # While it is dragged only the number moves, so that a drag is one step of undo.
        if not self._filling and not self._drag:
            self._set(opacity=value / 100)

    def _set_blend(self, index: int) -> None:
        self._set(blend_mode=self.blend.itemData(index))

    def _toggle_alpha(self) -> None:
        self._set(alpha_locked=self.buttons["alpha"].isChecked())

    def _set(self, **values: object) -> None:
        document, layer = self._document, self._active()
        if document is None or layer is None:
            return
        if any(getattr(layer, name) != value for name, value in values.items()):
            self._try(lambda: document.set_layer(layer.id, **values))

    def _add(self, kind: str) -> None:
        document, layer = self._document, self._active()
        if document is not None:
            above = layer.id if layer is not None else None
            self._try(lambda: document.add_layer(kind, above=above))  # type: ignore[arg-type]

    def add_region(self) -> None:
        """Add a region, painted where something is selected, and ask what shall be there."""
        document = self._document
        if document is not None:
            title = self.tr("New region")
            self._try(lambda: add_region(document, REGION_COLOURS, title))
            self.region.prompt.setFocus()

    def show_region(self) -> None:
        """Make the topmost region that takes part the active layer, and go to its prompt."""
        document = self._document
        if document is None:
            return
        layer = self._active()
        if layer is None or layer.kind != "region":
            top = next(region_layers(document.layers), None)
            if top is None:
                return
            document.active_id = top.id
        self.region.prompt.setFocus()

    def _set_meta(self, layer_id: str, meta: object) -> None:
        document = self._document
        # What was being written for a layer that is gone by now is gone with it.
        if document is not None and self._item(layer_id) is not None:
            self._try(lambda: document.set_layer(layer_id, meta=meta))

    def _duplicate(self) -> None:
        document, layer = self._document, self._active()
        if document is not None and layer is not None:
            self._try(lambda: document.duplicate_layer(layer.id))

    def _merge_down(self) -> None:
        document, layer = self._document, self._active()
        if document is not None and layer is not None:
            self._try(lambda: document.merge_down(layer.id))

    def _delete(self) -> None:
        document, layer = self._document, self._active()
        if document is not None and layer is not None:
            self._try(lambda: document.remove_layer(layer.id))

    def _more(self) -> None:
        document = self._document
        if document is None:
            return
        menu = QMenu(self)
        for kind, title in (
            ("mask", self.tr("New mask layer")),
            ("control", self.tr("New control layer")),
        ):
            menu.addAction(icon(_KIND_ICONS[kind]), title, partial(self._add, kind))
        menu.addSeparator()
        menu.addAction(self.tr("Merge visible"), lambda: self._try(document.merge_visible))
        menu.addAction(self.tr("Flatten"), lambda: self._try(document.flatten))
        menu.exec(self._more_button.mapToGlobal(self._more_button.rect().bottomLeft()))

    def _try(self, change: object) -> None:
        assert callable(change)
        try:
            change()
        except StudioError as error:
            self.failed.emit(error)
            self.refresh()

    # --- small pictures ---------------------------------------------------------------------

    def _draw_thumbs(self) -> None:
        document = self._document
        if document is None or not self.isVisible():
            return
        snapshot = document.snapshot()
        self._worker.run_newest(
            "layer-thumbs", partial(small_pictures, snapshot), self._take_thumbs, self.failed.emit
        )

    def _take_thumbs(self, small: dict[str, Picture]) -> None:
        ratio = self.devicePixelRatioF()
        for layer_id, picture in small.items():
            found = thumbnail(image_of(picture), round(THUMB_PX * ratio))
            found.setDevicePixelRatio(ratio)
            self._icons[layer_id] = QIcon(QPixmap(found))
        self._filling = True
        for item in _walk(self.tree):
            image = self._icons.get(item.data(_NAME, _ID))
            if image is not None:
                item.setIcon(_NAME, image)
        self._filling = False


def _small_icon(name: str) -> QIcon:
    """Return an icon that stays small in a list of larger pictures."""
    return QIcon(pixmap(name, Size.SMALL_ICON, current_palette().quiet))


def _walk(tree: QTreeWidget) -> list[QTreeWidgetItem]:
    found: list[QTreeWidgetItem] = []
    waiting = [tree.topLevelItem(row) for row in range(tree.topLevelItemCount())]
    while waiting:
        item = waiting.pop(0)
        if item is not None:
            found.append(item)
            waiting = [item.child(row) for row in range(item.childCount())] + waiting
    return found


def _children(tree: QTreeWidget, parent: QTreeWidgetItem | None) -> list[QTreeWidgetItem]:
    if parent is not None:
        found = [parent.child(row) for row in range(parent.childCount())]
    else:
        found = [tree.topLevelItem(row) for row in range(tree.topLevelItemCount())]
    return [item for item in found if item is not None]


def _nothing() -> None:
    """There is nothing to end."""
