from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtNetwork import QLocalSocket

from studio.app.single_instance import SingleInstance

LATER = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from studio.app.single_instance import SingleInstance
app = QCoreApplication([])
instance = SingleInstance(Path(sys.argv[1]))
if instance.is_first():
    print("first")
else:
    print("handed over" if instance.hand_over([Path(p) for p in sys.argv[2:]]) else "nobody")
"""


@pytest.fixture
def first(qtbot, tmp_path):
    instance = SingleInstance(tmp_path / "state")
    yield instance
    instance.close()


def later(tmp_path: Path, *files: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", LATER, str(tmp_path / "state"), *files],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
        cwd=Path(__file__).parents[2],
    )


def test_the_first_is_first_and_stays_it(first):
    assert first.is_first() and first.is_first()


def test_a_later_start_hands_its_files_over_and_ends(qtbot, first, tmp_path):
    assert first.is_first()
    first.listen()
    with qtbot.waitSignal(first.files_arrived, timeout=20_000) as arrived:
        process = later(tmp_path, "/tmp/a story – ünïcode.txt", "/tmp/b.md")
    assert process.communicate(timeout=20)[0].strip() == "handed over"
    assert arrived.args[0] == [Path("/tmp/a story – ünïcode.txt"), Path("/tmp/b.md")]


def test_after_the_first_is_closed_the_next_is_first(first, tmp_path):
    assert first.is_first()
    first.close()
    assert later(tmp_path).communicate(timeout=20)[0].strip() == "first"


def test_a_lock_left_by_a_crash_is_taken_over(qtbot, tmp_path):
    state = tmp_path / "state"
    program = (
        "import os,sys; from pathlib import Path;"
        "from studio.app.single_instance import SingleInstance as S;"
        "s = S(Path(sys.argv[1])); assert s.is_first(); os.kill(os.getpid(), 9)"
    )
    process = subprocess.run(
        [sys.executable, "-c", program, str(state)], cwd=Path(__file__).parents[2], check=False
    )
    assert process.returncode != 0 and (state / "window.lock").exists()
    instance = SingleInstance(state)
    assert instance.is_first()
    instance.close()


@pytest.mark.parametrize("line", [b"not json\n", b"[1, 2]\n", b'{"a": 1}\n', b"\xff\xfe\n"])
def test_nonsense_on_the_socket_is_ignored(qtbot, first, line):
    first.is_first()
    first.listen()
    socket = QLocalSocket()
    with qtbot.assertNotEmitted(first.files_arrived, wait=50):
        socket.connectToServer(first.name)
        assert socket.waitForConnected(2000)
        socket.write(line)
        socket.flush()
    socket.disconnectFromServer()


def test_names_differ_by_data_folder(qtbot, tmp_path):
    one, two = SingleInstance(tmp_path / "one"), SingleInstance(tmp_path / "two")
    assert one.name != two.name and one.is_first() and two.is_first()
    one.close()
    two.close()
