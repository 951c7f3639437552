"""Everything the text pane can do, as actions for menus, palette and shortcuts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from studio.app.actions import ActionSpec, pane_action
from studio.app.panes.text.manuscript_view import ManuscriptView
from studio.documents.manuscript.rewrites import Rewrite

if TYPE_CHECKING:
    from studio.app.panes.text.pane import TextPane

_spec = partial(pane_action, "text")


def _tr(text: str) -> str:
    return QCoreApplication.translate("text_actions", text)


def text_actions(pane: TextPane) -> tuple[ActionSpec, ...]:
    """Return the pane's actions."""
    return (*_file(pane), *_edit(pane), *_generate(pane), *_listen(pane), *_rewrites(pane))


def _in_front(pane: TextPane) -> bool | str:
    if not pane.isVisible():
        return _tr("Go to the text pane first.")
    return True


def _with_manuscript(pane: TextPane) -> Callable[[], bool | str]:
    def enabled() -> bool | str:
        shown = _in_front(pane)
        if shown is not True:
            return shown
        return isinstance(pane.view, ManuscriptView) or _tr("Open a manuscript first.")

    return enabled


def _with_selection(pane: TextPane) -> Callable[[], bool | str]:
    def enabled() -> bool | str:
        manuscript = _with_manuscript(pane)()
        if manuscript is not True:
            return manuscript
        view = pane.view
        selected = isinstance(view, ManuscriptView) and view.has_selection
        return selected or _tr("Select some text first.")

    return enabled


def _on_manuscript(
    pane: TextPane, then: Callable[[ManuscriptView], object]
) -> Callable[[], object]:
    def go() -> None:
        view = pane.view
        if isinstance(view, ManuscriptView):
            then(view)

    return go


def _file(pane: TextPane) -> tuple[ActionSpec, ...]:
    has_text = _with_manuscript(pane)
    return (
        _spec("new", _tr("New manuscript"), pane.new_text, "Ctrl+N", "file-plus"),
        _spec("new_chat", _tr("New chat"), pane.new_chat, "Ctrl+Shift+C", "messages-square"),
        _spec("open", _tr("Open…"), pane.files.ask_open, "Ctrl+O", "folder-open"),
        _spec("save", _tr("Save"), pane.files.save, "Ctrl+S", "save", enabled=has_text),
        _spec("save_as", _tr("Save as…"), pane.files.save_as, "Ctrl+Shift+S", enabled=has_text),
        _spec("rename", _tr("Rename…"), pane.rename, "F2", "pencil"),
        _spec(
            "close",
            _tr("Close tab"),
            lambda: pane.close_tab(pane.tabs.current()),
            "Ctrl+W",
            "x",
        ),
        _spec("delete", _tr("Delete document"), pane.delete_document, "", "trash-2"),
    )


def _edit(pane: TextPane) -> tuple[ActionSpec, ...]:
    has_text = _with_manuscript(pane)

    def on(then: Callable[[ManuscriptView], object]) -> Callable[[], object]:
        return _on_manuscript(pane, then)

    return (
        _spec(
            "undo",
            _tr("Undo"),
            on(lambda view: view.editor.undo_step()),
            "",
            "undo-2",
            "Edit",
            has_text,
        ),
        _spec(
            "redo",
            _tr("Redo"),
            on(lambda view: view.editor.redo_step()),
            "",
            "redo-2",
            "Edit",
            has_text,
        ),
        _spec(
            "find",
            _tr("Find and replace"),
            on(lambda view: view.find_bar.open()),
            "Ctrl+F",
            "search",
            "Edit",
            has_text,
        ),
        _spec(
            "go_to",
            _tr("Go to line"),
            on(lambda view: view.find_bar.open_go_to()),
            "Ctrl+G",
            "",
            "Edit",
            has_text,
        ),
        _spec("larger", _tr("Larger text"), lambda: pane.zoom(1), "Ctrl++", "", "View"),
        _spec("smaller", _tr("Smaller text"), lambda: pane.zoom(-1), "Ctrl+-", "", "View"),
        _spec("usual_size", _tr("Usual text size"), lambda: pane.zoom(0), "Ctrl+0", "", "View"),
    )


def _generate(pane: TextPane) -> tuple[ActionSpec, ...]:
    has_text = _with_manuscript(pane)

    def front() -> bool | str:
        return _in_front(pane)

    def generate() -> None:
        if pane.view is not None:
            pane.view.generate()

    def stop() -> None:
        if pane.view is not None:
            pane.view.reject()

    return (
        _spec(
            "generate",
            _tr("Write: continue, rewrite or answer"),
            generate,
            "Ctrl+Return",
            "feather",
            "Generate",
            front,
            _tr("Do what the gold button says"),
        ),
        _spec(
            "alternatives",
            _tr("Alternatives"),
            _on_manuscript(pane, lambda view: view.ask_alternatives()),
            "Ctrl+Alt+Return",
            "columns-2",
            "Generate",
            has_text,
            _tr("Write several takes side by side and choose"),
        ),
        _spec(
            "rewrite",
            _tr("Rewrite selection…"),
            _on_manuscript(pane, lambda view: view.open_rewrite_menu()),
            "Ctrl+Shift+R",
            "wand-sparkles",
            "Generate",
            _with_selection(pane),
        ),
        _spec("stop", _tr("Stop or reject the text"), stop, "", "square", "Generate", front),
    )


def _listen(pane: TextPane) -> tuple[ActionSpec, ...]:
    transcribing = pane.transcribing

    def free() -> bool | str:
        shown = _in_front(pane)
        if shown is not True:
            return shown
        return not transcribing.busy or _tr("A sound file is being written down.")

    return (
        _spec(
            "dictate",
            _tr("Dictate, or write down what was said"),
            pane.dictation.toggle,
            "Ctrl+Shift+D",
            "mic",
            "Generate",
            _with_manuscript(pane),
            _tr("Speak, and what you say is written down at the cursor"),
        ),
        _spec(
            "read_aloud",
            _tr("Read aloud from here, or stop"),
            pane.reading.toggle,
            "Ctrl+Shift+L",
            "volume-2",
            "Generate",
            pane.reading.why_not,
            _tr("Play the narration of this text from the caret on, and follow it in the text"),
        ),
        _spec(
            "transcribe",
            _tr("Transcribe a sound file…"),
            transcribing.ask_text,
            "",
            "audio-lines",
            "Generate",
            free,
            _tr("Write down what is said in a file, as a new manuscript"),
        ),
        _spec(
            "subtitles",
            _tr("Make subtitles of a sound file…"),
            transcribing.ask_subtitles,
            "",
            "scroll-text",
            "Generate",
            free,
            _tr("Write down what is said in a file, as SRT or VTT with times"),
        ),
    )


def _rewrites(pane: TextPane) -> tuple[ActionSpec, ...]:
    enabled = _with_selection(pane)

    def spec(rewrite: Rewrite) -> ActionSpec:
        choice = pane.first_choice(rewrite)
        return _spec(
            f"rewrite.{rewrite.id}",
            rewrite.label(choice),
            _on_manuscript(
                pane, lambda view: view.rewrite_ready(rewrite, pane.first_choice(rewrite))
            ),
            "",
            rewrite.icon,
            "Generate",
            enabled,
        )

    return tuple(spec(rewrite) for rewrite in pane.catalogue.rewrites)
