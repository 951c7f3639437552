from __future__ import annotations

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from studio.app.voices.voice_chooser import VoiceChooser

OWN = [("Heart", "heart"), ("Sky", "sky")]
LENT = [("Ada Byron", "1f3a"), ("Bob", "2b4c")]


def chooser(qtbot: QtBot, **changes: object) -> VoiceChooser:
    made = VoiceChooser()
    qtbot.addWidget(made)
    own: dict = {"own": OWN, "lent": LENT, "voice": "", "lent_voice": "", "why_not": ""}
    values = {**own, **changes}
    made.show_voices(values.pop("own"), values.pop("lent"), **values)
    return made


def test_own_and_lent_voices_stand_apart(qtbot: QtBot) -> None:
    made = chooser(qtbot)
    assert [made.box.itemText(at) for at in range(5)] == ["Heart", "Sky", "", "Ada Byron", "Bob"]
    assert made.choice == ("heart", "")
    with qtbot.waitSignal(made.chosen) as told:
        made.box.setCurrentIndex(3)
        made.box.activated.emit(3)
    assert told.args == ["", "1f3a"]
    assert "every file names the consent" in made.box.itemData(3, Qt.ItemDataRole.ToolTipRole)


def test_what_is_chosen_is_shown(qtbot: QtBot) -> None:
    assert chooser(qtbot, voice="sky").choice == ("sky", "")
    assert chooser(qtbot, lent_voice="2b4c").choice == ("", "2b4c")
    assert chooser(qtbot, lent_voice="gone", voice="sky").choice == ("sky", "")


def test_for_a_model_that_does_not_clone_they_are_grey_with_the_reason(qtbot: QtBot) -> None:
    made = chooser(qtbot, lent_voice="1f3a", why_not="Hibari cannot.")
    assert made.choice == ("heart", "")
    model = made.box.model()
    assert [model.item(at).isEnabled() for at in (0, 1, 3, 4)] == [True, True, False, False]
    assert made.box.itemData(3, Qt.ItemDataRole.ToolTipRole) == "Hibari cannot."


def test_a_model_without_a_choice_of_voices(qtbot: QtBot) -> None:
    made = chooser(qtbot, own=[])
    assert made.box.itemText(0) == "Its own voice" and made.choice == ("", "")
    assert made.button.accessibleName() or made.button.text()
