"""Spectrograms on the time line: they appear, are remembered, and follow what clips are."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtGui import QImage

from studio.app.panes.sound.timeline.layout import TRACK_HEIGHTS
from studio.app.panes.sound.timeline.spectra import SpectrumKey, spectrum_image
from studio.app.theme.tokens import DARK
from studio.core.settings import SettingsFile
from studio.documents.soundtrack.spectrogram import ROWS, Strip
from tests.app.panes.sound.conftest import Studio, wav

COLOURS = (DARK.raised, DARK.spectrum_quiet, DARK.spectrum_middle, DARK.spectrum_loud)


def key(**more: object) -> SpectrumKey:
    values = {"sha256": "a", "start": 0, "end": 100, "columns": 3, "rows": 60}
    return SpectrumKey(colours=COLOURS, **{**values, **more})  # type: ignore[arg-type]


def strip(level: float) -> Strip:
    return Strip(np.full((ROWS, 3), level, np.float32), 0.0, 3.0)


def colour(image: QImage) -> str:
    return image.pixelColor(1, 1).name().upper()


def test_louder_is_lighter_and_the_gain_of_a_clip_counts() -> None:
    assert colour(spectrum_image(strip(-100), key()).image) == DARK.raised.upper()
    assert colour(spectrum_image(strip(0), key()).image) == DARK.spectrum_loud.upper()
    louder = spectrum_image(strip(-60), key(gain_db=20.0)).image
    assert colour(louder) == colour(spectrum_image(strip(-40), key()).image)
    assert colour(louder) != colour(spectrum_image(strip(-60), key()).image)


def test_what_is_not_known_is_seen_through_and_the_height_is_what_was_asked_for() -> None:
    levels = strip(-20).decibels
    levels[:, 1] = np.nan
    made = spectrum_image(Strip(levels, 0.0, 3.0, (("a", 0, 0),)), key())
    assert not made.whole and made.image.height() == 60
    assert [made.image.pixelColor(x, 5).alpha() for x in range(3)] == [255, 0, 255]


def test_tracks_grow_and_what_is_caught_grows_with_them(studio: Studio) -> None:
    studio.speak("One.")
    view = studio.pane.view
    plain = view.timeline.layout_now()
    view.set_look("both")
    layout = view.timeline.layout_now()
    assert layout.track_px == TRACK_HEIGHTS["both"] > plain.track_px
    (clip,) = studio.clips
    low = QPointF(layout.clip_rect(clip, 0).center().x(), layout.track_top(0) + layout.track_px - 4)
    assert layout.hit(low).clip == clip.id and not plain.hit(low).clip
    header = view.headers._headers[studio.track.tracks[0].id]
    assert header.height() == layout.track_px
    area = layout.clip_rect(clip, 0)
    wave, spectrum = layout.wave_area(area), layout.spectrum_area(area)
    assert wave.bottom() == spectrum.top() and spectrum.height() > wave.height() > 30


def test_a_spectrogram_appears_by_itself_and_stays(studio: Studio, tmp_path: Path) -> None:
    view = studio.pane.view
    view.set_look("spectrogram")
    studio.session.import_files([wav(tmp_path / "hum.wav", 4.0)], "", 0)
    studio.until(lambda: studio.clips and not studio.session.busy)
    timeline = view.timeline
    studio.until(lambda: view.timeline.spectra._kept and not timeline.spectra.busy)
    studio.until(lambda: all(s.whole for s in timeline.spectra._kept.values()))
    (kept,) = list(timeline.spectra._kept)[-1:]
    (clip,) = studio.clips
    assert (kept.sha256, kept.start) == (clip.source, 0)
    timeline.grab()
    assert not timeline.spectra.busy, "nothing is made again"
    picture = timeline.spectra._kept[kept].image
    tone = picture.height() - round(picture.height() * np.log(300 / 40) / np.log(24_000 / 40))
    lit = [picture.pixelColor(picture.width() // 2, y).lightness() for y in range(picture.height())]
    assert abs(int(np.argmax(lit)) - tone) <= 3


def test_a_trimmed_clip_shows_what_is_heard_of_it(studio: Studio, tmp_path: Path) -> None:
    view = studio.pane.view
    view.set_look("spectrogram")
    studio.session.import_files([wav(tmp_path / "hum.wav", 4.0)], "", 0)
    studio.until(lambda: studio.clips and not studio.session.busy)
    (clip,) = studio.clips
    studio.track.trim_clip(clip.id, start=48_000)
    studio.track.set_clip(clip.id, gain_db=-12.0)
    studio.until(
        lambda: any(
            (each.start, each.gain_db) == (48_000, -12.0) for each in view.timeline.spectra._kept
        )
    )


def test_the_choice_is_in_menus_and_on_keys_and_is_kept(studio: Studio) -> None:
    view, actions = studio.pane.view, studio.context.actions
    assert view.timeline.look == "waveform"
    looks = []
    for _ in range(3):
        assert actions.run("sound.look")
        looks.append(view.timeline.look)
    assert looks == ["spectrogram", "both", "waveform"]
    assert actions.shortcut("sound.look") == "Ctrl+Shift+G"
    assert actions.run("sound.look_both") and view.timeline.look == "both"
    menu = view.transport.look.menu()
    assert [a.isChecked() for a in menu.actions()] == [False, False, True]
    menu.actions()[1].trigger()
    assert view.timeline.look == "spectrogram"
    assert view.transport.look.accessibleName() and view.transport.look.toolTip()
    assert re.search("G", view.transport.look.toolTip())
    studio.context.settings.close()
    kept, _ = SettingsFile(studio.context.folders.settings_file).load()
    assert kept.appearance.sound_look == "spectrogram"


def test_the_thread_ends_with_the_document(studio: Studio) -> None:
    studio.speak("One.")
    view = studio.pane.view
    view.set_look("both")
    studio.until(lambda: view.timeline.spectra._kept)
    view.set_session(None)
    assert view.timeline.spectra._worker._pool is None
    assert not view.timeline.spectra._kept and not view.timeline.spectra.busy
