"""Everything the sound pane can do, as actions for menus, palette and shortcuts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from studio.app.actions import ActionSpec, Enabled, pane_action

if TYPE_CHECKING:
    from studio.app.panes.sound.pane import SoundPane
    from studio.app.panes.sound.sound_session import SoundSession

Mend = Callable[["SoundSession", Sequence[str]], None]

_spec = partial(pane_action, "sound")


def _tr(text: str) -> str:
    return QCoreApplication.translate("sound_actions", text)


def sound_actions(pane: SoundPane) -> tuple[ActionSpec, ...]:
    """Return the pane's actions."""
    return (*_file(pane), *_edit(pane), *_mend(pane), *_sound(pane))


def _file(pane: SoundPane) -> tuple[ActionSpec, ...]:
    def has_sound() -> bool | str:
        session = pane.session
        has = session is not None and session.soundtrack.end > 0
        return has or _tr("There is nothing to hear yet.")

    return (
        _spec("new", _tr("New sound document"), pane.new_document, "Ctrl+N", "file-plus"),
        _spec("open", _tr("Open sound files…"), pane.ask_open, "Ctrl+O", "folder-open"),
        _spec(
            "export",
            _tr("Export sound…"),
            pane.ask_export,
            "Ctrl+Shift+S",
            "save",
            "File",
            has_sound,
        ),
        _spec("rename", _tr("Rename sound document…"), pane.rename, "F2", "pencil"),
        _spec(
            "close",
            _tr("Close sound document"),
            lambda: pane.close_tab(pane.tabs.current()),
            "Ctrl+W",
            "x",
        ),
    )


def _edit(pane: SoundPane) -> tuple[ActionSpec, ...]:
    view = pane.view

    def can(name: str, words: str) -> Callable[[], bool | str]:
        def answer() -> bool | str:
            session = pane.session
            return (session is not None and getattr(session.soundtrack, name)) or words

        return answer

    def chosen() -> bool | str:
        return bool(view.timeline.selected) or _tr("No clip is selected.")

    return (
        _spec(
            "undo",
            _tr("Undo"),
            pane.undo,
            "Ctrl+Z",
            "undo-2",
            "Edit",
            can("can_undo", _tr("There is nothing to undo.")),
        ),
        _spec(
            "redo",
            _tr("Redo"),
            pane.redo,
            "Ctrl+Shift+Z",
            "redo-2",
            "Edit",
            can("can_redo", _tr("There is nothing to redo.")),
        ),
        _spec("split", _tr("Split at the play head"), pane.split, "S", "scissors", "Edit"),
        _spec("duplicate", _tr("Duplicate"), pane.duplicate, "Ctrl+D", "copy", "Edit", chosen),
        _spec("mute_clip", _tr("Mute or unmute"), pane.mute_clips, "", "volume-2", "Edit", chosen),
        _spec("delete", _tr("Delete clips"), pane.delete_clips, "Del", "trash-2", "Edit", chosen),
        _spec("save_clip", _tr("Save clip as a file…"), pane.save_clip, "", "save", "File", chosen),
        _spec(
            "transcribe_clip",
            _tr("Write down what is said"),
            pane.transcribe_clip,
            "",
            "file-text",
            "File",
            chosen,
        ),
        _spec("select_all", _tr("Select all clips"), pane.select_all, "Ctrl+A", "", "Edit"),
        _spec("marker", _tr("Marker at the play head"), pane.add_marker, "M", "bookmark", "Edit"),
        _spec("add_track", _tr("Add a track"), view.add_track, "Ctrl+T", "plus", "Edit"),
    )


def _mend(pane: SoundPane) -> tuple[ActionSpec, ...]:
    tools = pane.clip_mending

    def chosen() -> bool | str:
        return bool(pane.view.timeline.selected) or _tr("No clip is selected.")

    def can_remove_noise() -> bool | str:
        return tools.why_no_noise_removal() or chosen()

    def spec(name: str, title: str, how: Mend, icon: str, enabled: Enabled = chosen) -> ActionSpec:
        return _spec(name, title, lambda: pane.mend(how), "", icon, "Edit", enabled)

    return (
        spec("remove_noise", _tr("Remove noise…"), tools.ask_noise, "wand", can_remove_noise),
        spec("to_loudness", _tr("To loudness…"), tools.ask_loudness, "sliders-horizontal"),
        spec("normalise", _tr("Normalise peaks"), tools.normalise, "chevrons-up-down"),
        spec("trim_silence", _tr("Trim silence at the ends"), tools.trim, "shrink"),
    )


def _sound(pane: SoundPane) -> tuple[ActionSpec, ...]:
    view = pane.view
    transport = view.transport
    return (
        _spec("make", _tr("Speak or generate"), view.make, "", "sparkles", "Generate"),
        _spec("narrate", _tr("Narrate a text…"), pane.narrating.ask, "", "book-open", "Generate"),
        _spec("voices", _tr("Voices…"), pane.show_voices, "", "mic", "Generate"),
        _spec("play", _tr("Play or pause"), view.play, "Ctrl+Space", "play", "Sound"),
        _spec("record", _tr("Record or end recording"), view.record, "Ctrl+R", "mic", "Sound"),
        _spec("loop", _tr("Loop"), transport.loop.toggle, "Ctrl+L", "repeat", "Sound"),
        _spec("snap", _tr("Snap edges"), transport.snap.toggle, "", "magnet", "Sound"),
        _spec("fit", _tr("Show everything"), view.timeline.fit, "Ctrl+0", "maximize", "View"),
        _spec(
            "look",
            _tr("Waveform, spectrogram or both"),
            view.next_look,
            "Ctrl+Shift+G",
            "audio-lines",
            "View",
        ),
        *(
            _spec(f"look_{look}", title, partial(view.set_look, look), category="View")
            for look, title in (
                ("waveform", _tr("Show waveforms")),
                ("spectrogram", _tr("Show spectrograms")),
                ("both", _tr("Show waveforms and spectrograms")),
            )
        ),
    )
