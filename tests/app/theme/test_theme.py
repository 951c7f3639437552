from __future__ import annotations

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QIcon, QImage, QPalette
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

from studio.app.theme import Theme
from studio.app.theme.fonts import ui_font
from studio.app.theme.icons import icon
from studio.app.theme.style import set_role, style_sheet
from studio.app.theme.tokens import DARK, LIGHT
from studio.core.paths import assets


@pytest.fixture
def theme(qapp, qtbot):
    theme = Theme(qapp, "dark")
    yield theme
    theme.deleteLater()


def colours_in(image: QImage) -> set[str]:
    found = set()
    for x in range(image.width()):
        for y in range(image.height()):
            colour = image.pixelColor(x, y)
            if colour.alpha() == 255:
                found.add(colour.name().upper())
    return found


def test_the_application_follows_the_choice_at_once(qtbot, theme):
    assert theme.is_dark and theme.palette is DARK
    with qtbot.waitSignal(theme.changed):
        theme.set_choice("light")
    assert theme.palette is LIGHT and not theme.is_dark
    assert QApplication.palette().color(QPalette.ColorRole.Window) == QColor(LIGHT.ground)
    with qtbot.assertNotEmitted(theme.changed):
        theme.set_choice("light")


def test_motion_is_short_and_none_when_asked_for(theme):
    assert 0 <= theme.motion_ms <= 120
    theme.set_reduce_motion(True)
    assert theme.motion_ms == 0


def test_icons_follow_the_theme_without_being_made_again(theme):
    drawn = icon("x")
    assert colours_in(drawn.pixmap(QSize(24, 24)).toImage()) == {DARK.quiet.upper()}
    theme.set_choice("light")
    assert colours_in(drawn.pixmap(QSize(24, 24)).toImage()) == {LIGHT.quiet.upper()}


def test_icons_fade_when_they_are_off_and_take_a_role(theme):
    off = icon("x").pixmap(QSize(24, 24), QIcon.Mode.Disabled)
    assert colours_in(off.toImage()) == {DARK.off.upper()}
    bad = icon("x", "bad").pixmap(QSize(24, 24))
    assert colours_in(bad.toImage()) == {DARK.bad.upper()}


def test_icons_are_drawn_anew_for_dense_screens(theme):
    dense = icon("x").pixmap(QSize(18, 18), 2.0)
    assert dense.size() == QSize(36, 36) and dense.devicePixelRatio() == 2.0


def test_an_icon_that_does_not_exist_is_told_at_once(theme):
    with pytest.raises(FileNotFoundError):
        icon("no-such-icon")


def test_every_bundled_icon_is_one_colour_and_comes_with_its_licence():
    folder = assets() / "icons" / "lucide"
    assert "ISC" in (folder / "LICENSE").read_text("utf-8")
    for path in folder.glob("*.svg"):
        text = path.read_text("utf-8")
        assert 'stroke="currentColor"' in text and "<script" not in text, path.name


def test_a_role_changes_the_look(qtbot, theme):
    plain, primary = QPushButton("Go"), QPushButton("Go")
    set_role(primary, "primary")
    for button in (plain, primary):
        qtbot.addWidget(button)
        button.resize(120, 28)
    assert DARK.gold.upper() in colours_in(primary.grab().toImage())
    assert DARK.gold.upper() not in colours_in(plain.grab().toImage())


def test_a_live_widget_changes_with_the_theme(qtbot, theme):
    label = QLabel("Words")
    qtbot.addWidget(label)
    label.resize(80, 20)
    dark = label.grab().toImage()
    theme.set_choice("light")
    assert label.grab().toImage() != dark


def test_the_style_sheet_has_no_hole_and_its_pictures_exist():
    for palette in (DARK, LIGHT):
        sheet = style_sheet(palette)
        assert "$" not in sheet
        for part in sheet.split('url("')[1:]:
            assert QImage(part.partition('"')[0]).isNull() is False


def test_the_window_has_a_typeface_of_its_size(qapp):
    assert ui_font(qapp.font()).pixelSize() == 13


def test_the_bundled_typefaces_come_with_their_licences():
    fonts = assets() / "fonts"
    for family in ("Literata", "Inter"):
        assert list(fonts.glob(f"{family}-*.ttf"))
        assert "Open Font License" in (fonts / f"{family}-LICENSE.txt").read_text("utf-8")
