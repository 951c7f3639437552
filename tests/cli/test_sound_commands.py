"""Speaking and listening on the command line, on the real engine and the built-in voice."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from studio import cli
from studio.core.paths import user_folders
from studio.core.provenance import read
from studio.core.requests import AudioRequest, from_json
from studio.engine.registry import Registry
from tests.fakes.cloning import CloningBackend
from tests.fakes.packaged_models import packaged_model
from tests.fakes.readings import checked, voice_store
from tests.fakes.toy_sounds import sound_folder

_HERE = user_folders().models


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the command a home of its own with the models that are here."""
    home = tmp_path_factory.mktemp("home")
    (home / "models").symlink_to(_HERE, target_is_directory=True)
    monkeypatch.setenv("TRIPTYCH_DATA_DIR", str(home))
    return home


SAY = ("generate", "audio", "--quiet", "--seed", "5")


def run(*words: str | Path) -> int:
    return cli.main([str(word) for word in words])


class TestBadInput:
    """Exit 2, one sentence on stderr, no traceback, nothing on stdout, no file."""

    @pytest.mark.parametrize(
        ("words", "says"),
        [
            (("generate", "audio"), "empty"),
            (("generate", "audio", "--prompt", " "), "empty"),
            (("generate", "audio", "--prompt", "x", "--out", "x.doc"), ".doc"),
            (("generate", "audio", "--prompt", "x", "--out", "x"), "ending"),
            (("generate", "audio", "--prompt", "x", "--voice", "nobody"), "nobody"),
            (("generate", "audio", "--prompt", "x", "--model", "no-such"), "no-such"),
            (("generate", "audio", "--prompt", "x", "--speed", "9"), "Speed"),
            (("generate", "audio", "--prompt", "x", "--language", "fr"), "English"),
            (("generate", "audio", "--prompt", "x", "--sentence-pause-s", "99"), "from 0 to"),
            (("generate", "audio", "--prompt", "x", "--option", "pitch=2"), "pitch"),
            (("generate", "audio", "--prompt", "日本語"), "no words"),
            (("generate", "audio", "--prompt", "x", "--melody", "x.wav"), "--music"),
            (("generate", "audio", "--prompt", "x", "--music", "--melody", "no.wav"), "no.wav"),
            (("generate", "audio", "--list-voices", "--model", "no-such"), "no-such"),
            (("generate", "audio", "--prompt", "x", "--lent-voice", "Ada"), "Nobody called “Ada”"),
            (("transcribe", "nowhere.wav"), "nowhere.wav"),
            (("transcribe", "nowhere.wav", "--out", "x.doc"), "x.doc"),
            (("models", "fetch", "no-such"), "no-such"),
        ],
    )
    def test_one_sentence(
        self,
        words: tuple[str, ...],
        says: str,
        capsys: pytest.CaptureFixture[str],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.chdir(tmp_path)
        if "audio" in words and "--list-voices" not in words:
            words = (*words, "--quiet")
            words += () if "--out" in words else ("--out", "x.wav")
        assert run(*words) == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        assert says in printed.err
        assert printed.err.count("\n") == 1
        assert list(tmp_path.iterdir()) == []


class TestGenerateAudio:
    def test_music_follows_a_melody(self, home: Path, tmp_path: Path) -> None:
        (home / "models").unlink()
        (home / "models").symlink_to(sound_folder("musicgen-melody").parent)
        tune = tmp_path / "tune.wav"
        times = np.arange(16_000) / 8000
        soundfile.write(tune, 0.5 * np.sin(2 * np.pi * 220 * times), 8000)
        music = ("--music", "--model", "toy-musicgen-melody", "--length", "1", "--prompt", "fox")
        free, led = tmp_path / "free.wav", tmp_path / "led.wav"
        assert run(*SAY, *music, "--out", free) == 0
        assert run(*SAY, *music, "--melody", tune, "--out", led) == 0
        assert not np.array_equal(soundfile.read(free)[0], soundfile.read(led)[0])
        record = read(led)
        assert record is not None
        request = from_json(record.request)
        assert isinstance(request, AudioRequest)
        assert request.audio is not None

    @pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "opus", "mp3"])
    def test_speaks_into_a_file_that_says_so(
        self, suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        out = tmp_path / "new folder" / f"said.{suffix}"
        assert run(*SAY, "--prompt", "Good evening, said the fish.", "--out", out) == 0
        assert capsys.readouterr().out.strip() == str(out)
        samples, rate = soundfile.read(out)
        assert 1 < len(samples) / rate < 4
        assert 0.01 < float(np.sqrt(np.mean(np.square(samples)))) < 0.3
        record = read(out)
        assert record is not None
        assert record.model == "hibari"
        request = from_json(record.request)
        assert isinstance(request, AudioRequest)
        assert (request.prompt, request.seed) == ("Good evening, said the fish.", 5)

    def test_the_same_request_gives_the_same_sound(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        one, other = tmp_path / "one.wav", tmp_path / "other.wav"
        for out in (one, other):
            assert run(*SAY, "--prompt", "Good night.", "--out", out) == 0
        assert np.array_equal(soundfile.read(one)[0], soundfile.read(other)[0])

    def test_json_says_where_each_sentence_is(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO("One moment.\n\nHere I am."))
        out = tmp_path / "said.wav"
        words = (
            "--prompt",
            "-",
            "--json",
            "--out",
            out,
            "--paragraph-pause-s",
            "1",
            "--speed",
            "1.5",
        )
        assert run(*SAY, *words) == 0
        made = json.loads(capsys.readouterr().out)
        assert [mark["text"] for mark in made["marks"]] == ["One moment.", "Here I am."]
        assert made["marks"][1]["start_s"] - made["marks"][0]["end_s"] == pytest.approx(1, abs=0.01)
        assert made["length_s"] == pytest.approx(soundfile.info(out).duration, abs=0.01)
        assert made["sampling_rate"] == 24_000
        assert from_json(json.dumps(made["request"])).seed == 5
        assert made["facts"]["speed"] == "1.5"

    def test_what_is_left_out_is_told_on_stderr(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        out = tmp_path / "said.wav"
        assert run("generate", "audio", "--prompt", "Hi 😀.", "--out", out) == 0
        assert "Note: This English voice leaves out" in capsys.readouterr().err

    def test_voices(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run("generate", "audio", "--list-voices", "--json") == 0
        voices = json.loads(capsys.readouterr().out)["voices"]
        assert voices[0]["voice"] == "heart"
        assert voices[0]["language"] == "en-US"
        assert run("generate", "audio", "--list-voices", "--model", "hibari") == 0
        assert "American, female" in capsys.readouterr().out

    @pytest.mark.parametrize("called", ["ada byron", "id"])
    def test_a_lent_voice_is_named_in_the_file(
        self,
        called: str,
        home: Path,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(
            "studio.engine.build.Registry", lambda **_: Registry.of(CloningBackend())
        )
        kept = voice_store(home).keep(checked())
        out = tmp_path / "said.wav"
        wanted = kept.id if called == "id" else called
        words = ("--prompt", "Hi.", "--model", "cloner", "--lent-voice", wanted)
        assert run(*SAY, *words, "--out", out, "--json") == 0
        made = json.loads(capsys.readouterr().out)
        assert made["facts"]["consent"] == kept.consent
        record = read(out)
        assert record is not None and record.consent == kept.consent
        with soundfile.SoundFile(out) as file:
            assert file.comment == kept.consent
        assert run("generate", "audio", "--list-voices") == 0
        assert f"{kept.id}  Ada Byron" in capsys.readouterr().out
        assert run("generate", "audio", "--list-voices", "--json") == 0
        told = json.loads(capsys.readouterr().out)
        assert told["lent_voices"] == [{"id": kept.id, "name": "Ada Byron", "problem": ""}]
        assert run("generate", "audio", "--list-voices", "--model", "reader", "--json") == 0
        assert json.loads(capsys.readouterr().out)["lent_voices"] == []
        (home / "voices" / kept.id / "voice.json").write_text("{}")
        assert run(*SAY, *words, "--out", tmp_path / "never.wav") == 2
        assert not (tmp_path / "never.wav").exists()

    def test_a_voice_that_does_not_clone_refuses_a_lent_one(
        self, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        voice_store(home).keep(checked())
        out = tmp_path / "said.wav"
        assert run(*SAY, "--prompt", "Hi.", "--lent-voice", "Ada Byron", "--out", out) == 2
        assert "cannot speak in a voice that was lent" in capsys.readouterr().err
        assert not out.exists()

    def test_a_folder_that_cannot_be_written(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = tmp_path / "file"
        file.write_text("in the way")
        assert run(*SAY, "--prompt", "Hi.", "--out", file / "said.wav") == 1
        assert "said.wav" in capsys.readouterr().err
        assert file.read_text() == "in the way"

    @pytest.mark.skipif(os.name == "nt", reason="sends a POSIX signal")
    def test_ctrl_c_stops_cleanly(self, tmp_path: Path) -> None:
        words = ["generate", "audio", "--prompt", "-", "--out", str(tmp_path / "long.wav")]
        process = subprocess.Popen(
            [sys.executable, "-m", "studio", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdin is not None and process.stderr is not None
        process.stdin.write("😀 " + "The lamp was lit at dusk, and the sea answered. " * 9000)
        process.stdin.close()
        process.stdin = None
        assert process.stderr.read(5) == "Note:", "it has begun to speak"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 130
        assert err.strip().endswith("Stopped.")
        assert list(tmp_path.iterdir()) == []


def test_without_a_listening_model_it_says_how_to_get_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIPTYCH_DATA_DIR", str(tmp_path / "data"))
    sound = tmp_path / "sound.wav"
    soundfile.write(sound, np.zeros(100), 16_000)
    assert run("transcribe", sound) == 2
    printed = capsys.readouterr()
    assert "triptych models fetch whisper-tiny.en" in printed.err
    assert printed.out == ""


def test_what_can_be_fetched_is_shown_without_the_network(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("models", "fetch", "--json") == 0
    found = {each["id"]: each for each in json.loads(capsys.readouterr().out)["models"]}
    assert found["kokoro-82m"]["download_bytes"] > 50_000_000
    assert found["whisper-base"]["licence"] == "MIT"
    assert run("models", "fetch") == 0
    assert "whisper-tiny.en" in capsys.readouterr().out


@pytest.mark.model
class TestTranscribe:
    @pytest.fixture(autouse=True)
    def _needs_a_model(self) -> None:
        packaged_model("whisper-tiny.en")

    @pytest.fixture
    def sound(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
        out = tmp_path / "said.flac"
        text = "The keeper lit the lamp at dusk. Tomorrow we will paint the old boat blue."
        assert run(*SAY, "--prompt", text, "--out", out) == 0
        capsys.readouterr()
        return out

    def test_text_goes_to_stdout(self, sound: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert run("transcribe", sound, "--model", "whisper-tiny.en") == 0
        heard = capsys.readouterr().out
        assert "keeper lit the lamp" in heard
        assert "paint the old boat blue" in heard

    def test_subtitles_into_a_file(
        self, sound: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        out = tmp_path / "said.vtt"
        words = ("--out", out, "--json", "--language", "en")
        assert run("transcribe", sound, "--model", "whisper-tiny.en", *words) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["format"] == "vtt"
        assert told["language"] == "en"
        assert out.read_text("utf-8").startswith("WEBVTT\n\n00:00:0")
        assert run("transcribe", sound, "--model", "whisper-tiny.en", "--format", "json") == 0
        plain = json.loads(capsys.readouterr().out)
        assert plain["segments"][0]["words"][0]["text"] == "The"

    def test_what_it_cannot_do_is_told(
        self, sound: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        text = tmp_path / "text.wav"
        text.write_text("This is a text in a file called .wav")
        model = ("--model", "whisper-tiny.en")
        for words, says in (
            ((text,), "no sound that can be read"),
            ((sound, "--translate"), "English only"),
            ((sound, "--language", "de"), "English only"),
        ):
            assert run("transcribe", *words, *model) == 2
            assert says in capsys.readouterr().err
