"""What can be done in the library, for menus, palette and shortcuts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from studio.app.actions import ActionSpec
from studio.app.panes.library.wording import translate

if TYPE_CHECKING:
    from studio.app.panes.library.pane import LibraryPane


def library_actions(pane: LibraryPane) -> list[ActionSpec]:
    """Return the pane's actions. They have no keys of their own: the grid's own keys do the same
    and mean nothing in other panes."""

    def needs(number: int, words: str) -> Callable[[], bool | str]:
        def answer() -> bool | str:
            if not pane.isVisible():
                return translate("library", "Open the library first.")
            chosen = len(pane.chosen_ids())
            good = chosen == number if number == 2 else chosen >= number
            return good or words

        return answer

    one = needs(1, translate("library", "Choose something in the library first."))
    two = needs(2, translate("library", "Choose two items to compare them."))
    visible = needs(0, "")

    def sound() -> bool | str:
        chosen = one()
        if chosen is not True:
            return chosen
        item = pane.preview.item
        good = item is not None and item.kind == "audio"
        return good or translate("library", "Choose a sound in the library first.")

    def action(
        name: str, title: str, icon: str, enabled: Callable[[], bool | str], category: str = ""
    ) -> ActionSpec:
        return ActionSpec(
            id=f"library.{name}",
            title=title,
            callback=lambda: pane.do(name),
            icon=icon,
            enabled=enabled,
            category=category,
        )

    return [
        action("again", translate("library", "Make again"), "rotate-cw", one),
        action(
            "again_new_seed", translate("library", "Make again with another seed"), "dices", one
        ),
        action("open", translate("library", "Open as new document"), "file-plus", one),
        action("listen", translate("library", "Play or stop the sound"), "play", sound),
        action("compare", translate("library", "Compare requests"), "columns-2", two),
        action("copy", translate("library", "Copy prompt"), "copy", one),
        action("reveal", translate("library", "Show file"), "folder-open", one),
        action("trash", translate("library", "Move to trash"), "trash-2", one),
        action("restore", translate("library", "Bring back from trash"), "undo-2", one),
        ActionSpec(
            id="library.add_files",
            title=translate("library", "Add files to the library…"),
            callback=pane.choose_files,
            icon="upload",
        ),
        ActionSpec(
            id="library.rebuild",
            title=translate("library", "Read all library files again"),
            callback=pane.rebuild,
            icon="refresh-cw",
            enabled=visible,
            tooltip=translate("library", "Makes the index anew; files, stars and tags stay."),
        ),
    ]
