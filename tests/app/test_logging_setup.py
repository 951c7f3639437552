from __future__ import annotations

import faulthandler
import logging

from studio.app.logging_setup import CRASH_FILE, LOG_FILE, Logs

log = logging.getLogger("studio.test")


def test_what_was_said_before_the_file_was_open_is_in_it(tmp_path):
    logs = Logs(tmp_path / "logs")
    log.warning("early %s", "words")
    assert logs.open() == ""
    log.info("later words")
    log.debug("a prompt")
    logs.close()
    text = (tmp_path / "logs" / LOG_FILE).read_text("utf-8")
    assert "early words" in text and "later words" in text and "a prompt" not in text
    assert (tmp_path / "logs" / CRASH_FILE).exists()
    assert not faulthandler.is_enabled()


def test_a_folder_that_cannot_be_made_is_a_sentence_and_not_a_crash(tmp_path):
    (tmp_path / "file").write_text("in the way")
    logs = Logs(tmp_path / "file" / "logs")
    assert "No log can be kept" in logs.open()
    logs.close()


def test_closing_gives_the_loggers_back(tmp_path):
    before = list(logging.getLogger().handlers), logging.getLogger().level
    logs = Logs(tmp_path)
    logs.open()
    logs.close()
    assert (list(logging.getLogger().handlers), logging.getLogger().level) == before


def test_the_log_rotates(tmp_path, monkeypatch):
    monkeypatch.setattr("studio.app.logging_setup.MOST_BYTES", 2_000)
    logs = Logs(tmp_path)
    logs.open()
    for number in range(200):
        log.warning("line %d %s", number, "x" * 50)
    logs.close()
    files = sorted(path.name for path in tmp_path.glob(f"{LOG_FILE}*"))
    assert files == [LOG_FILE, f"{LOG_FILE}.1", f"{LOG_FILE}.2", f"{LOG_FILE}.3"]
