"""The command line on the real engine and the real built-in model."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from studio import cli
from studio.core.media import SEED_MAX
from studio.core.requests import from_json

ARGUMENTS = ("generate", "text", "--max-new-tokens", "12", "--seed", "5")


def run(*words: str) -> int:
    return cli.main(list(words))


class TestBadInput:
    """Exit 2, one sentence on stderr, no traceback, nothing on stdout."""

    @pytest.mark.parametrize(
        ("words", "says"),
        [
            (("generate", "text", "--prompt", "  "), "empty"),
            (("generate", "text", "--prompt", "x", "--temperature", "warm"), "number"),
            (("generate", "text", "--prompt", "x", "--temperature", "99"), "from 0 to"),
            (("generate", "text", "--prompt", "x", "--seed", "-1"), "seed"),
            (("generate", "text", "--prompt", "x", "--seed", str(SEED_MAX + 1)), "seed"),
            (("generate", "text", "--prompt", "x", "--model", "no-such-model"), "no-such-model"),
            (("generate", "text", "--prompt", "x", "--option", "flavour=mint"), "flavour"),
            (("generate", "text", "--prompt", "x", "--option", "flavour"), "NAME=VALUE"),
            (("generate", "text", "--prompt", "x", "--continue", "--system", "y"), "--continue"),
            (("paint",), "paint"),
        ],
    )
    def test_one_sentence(
        self, words: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(*words) == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        assert says in printed.err
        assert printed.err.count("\n") == 1
        assert "Traceback" not in printed.err

    @pytest.mark.parametrize(
        "words",
        [("generate",), ("generate", "text"), ("models",), ("generate", "text", "--seed", "x")],
    )
    def test_what_argparse_refuses(
        self, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit) as ended:
            run(*words)
        assert ended.value.code == 2
        assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.model
class TestGenerate:
    def test_streams_to_stdout_and_repeats_with_the_seed(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(*ARGUMENTS, "--prompt", "Name a colour.") == 0
        first = capsys.readouterr().out
        assert run(*ARGUMENTS, "--prompt", "Name a colour.", "--quiet") == 0
        assert capsys.readouterr().out == first
        assert len(first.strip()) > 3

    def test_json_holds_the_request_it_came_from(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        out = tmp_path / "new folder" / "text.txt"
        assert run(*ARGUMENTS, "--prompt", "Name a colour.", "--json", "--out", str(out)) == 0
        made = json.loads(capsys.readouterr().out)
        assert out.read_text("utf-8") == made["text"] + "\n"
        assert made["seed"] == 5
        assert made["new_tokens"] <= 12
        request = from_json(json.dumps(made["request"]))
        assert request.seed == 5
        assert request.model == made["model"] != ""

    def test_continues_a_text(self, capsys: pytest.CaptureFixture[str]) -> None:
        words = ("--prompt", "The capital of France is", "--continue", "--temperature", "0")
        assert run(*ARGUMENTS, *words) == 0
        assert "Paris" in capsys.readouterr().out

    def test_a_folder_that_cannot_be_written(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        file = tmp_path / "file"
        file.write_text("in the way")
        assert run(*ARGUMENTS, "--prompt", "Hi", "--out", str(file / "text.txt")) == 1
        printed = capsys.readouterr()
        assert printed.out.strip(), "what was made is still shown"
        assert "text.txt" in printed.err

    @pytest.mark.skipif(os.name == "nt", reason="sends a POSIX signal")
    def test_ctrl_c_stops_cleanly(self) -> None:
        words = ["generate", "text", "--max-new-tokens", "4000", "--prompt", "Count to a million."]
        process = subprocess.Popen(
            [sys.executable, "-m", "studio", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stdout.read(1), "the first character came"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 130
        assert err.strip().endswith("Stopped.")
        assert "Traceback" not in err


@pytest.mark.model
class TestLooking:
    def test_models_list(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run("models", "list", "--json") == 0
        models = json.loads(capsys.readouterr().out)["models"]
        built_in = [model for model in models if model["built_in"]]
        assert any("text.chat" in model["capabilities"] for model in built_in)
        assert all(model["licence"] for model in built_in)
        assert run("models", "list") == 0
        assert "SmolLM2" in capsys.readouterr().out

    def test_plugins_list(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run("plugins", "list", "--json") == 0
        plugins = json.loads(capsys.readouterr().out)["plugins"]
        found = {plugin["id"]: plugin for plugin in plugins}
        assert not found["example-echo"]["enabled"], "a plugin is off until the user turns it on"

    def test_doctor(self, capsys: pytest.CaptureFixture[str]) -> None:
        code = run("doctor", "--json")
        report = json.loads(capsys.readouterr().out)
        assert report["packages"]["torch"]
        assert report["device"]["kind"] in ("cpu", "cuda", "mps")
        assert code == (1 if report["findings"] else 0)
        run("doctor")
        assert "Python" in capsys.readouterr().out

    def test_doctor_names_what_is_missing(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TRIPTYCH_DATA_DIR", str(tmp_path))
        assert run("doctor", "--json") == 1
        findings = json.loads(capsys.readouterr().out)["findings"]
        assert any("No text model" in finding["what"] for finding in findings)
        assert all(finding["do"] for finding in findings)


@pytest.mark.model
def test_the_tour_writes_and_speaks_and_keeps_the_requests(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run("tour", "--folder", str(tmp_path)) == 0
    printed = capsys.readouterr().out
    assert str(tmp_path / "text.md") in printed
    assert len((tmp_path / "text.md").read_text("utf-8").split()) > 20
    assert from_json((tmp_path / "text.request.json").read_text("utf-8")).seed == 7
    assert str(tmp_path / "speech.flac") in printed
    assert soundfile.info(tmp_path / "speech.flac").duration > 4
    assert "lighthouse" in (tmp_path / "speech.request.json").read_text("utf-8")
    heard = tmp_path / "speech.srt"
    assert heard.exists() != ("No listening model is here" in printed)
    assert not heard.exists() or "lighthouse" in heard.read_text("utf-8")
