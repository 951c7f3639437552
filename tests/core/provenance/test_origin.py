from __future__ import annotations

import dataclasses
import json
import random
from pathlib import Path

import pytest
from PIL import PngImagePlugin

from studio.core.errors import BadInputError, StorageError
from studio.core.provenance import Origin, embed
from studio.core.provenance.commands import origin
from studio.core.provenance.credentials import seal, shared_copy
from studio.core.provenance.keys import SigningKey, installation_key
from studio.core.provenance.origin import check_origin
from tests.core.provenance.conftest import EmptyVault
from tests.core.provenance.samples import SIGNED, SUFFIXES, picture, record, sample
from tests.core.provenance.test_credentials import content_places


def said(path: Path, data: bytes, key: SigningKey | None = None) -> str:
    path.write_bytes(data)
    return "\n".join(check_origin(path, authority=key.authority if key else "").sentences)


@pytest.mark.parametrize("suffix", SIGNED)
def test_a_result_of_ours_says_all_of_it(suffix: str, key: SigningKey, tmp_path: Path) -> None:
    path = tmp_path / f"x{suffix}"
    text = said(path, seal(sample(suffix), suffix, record(), key).data, key)
    assert "a model made it" in text
    assert "SmolLM2 135M, whose licence is Apache-2.0" in text
    assert "carries the request" in text
    assert "This installation of Triptych signed it, and it has not been changed since." in text
    report = check_origin(path, authority=key.authority)
    assert (report.made_by_model, report.changed) == (True, False)
    shared = said(path, shared_copy(path.read_bytes(), suffix, key).data, key)
    assert "without its prompt" in shared and "has not been changed" in shared


@pytest.mark.parametrize(
    "suffix", [".md", ".png", ".jpg", ".webp", ".avif", ".tiff", ".wav", ".mp3", ".flac", ".ogg"]
)
def test_a_change_without_a_signature_is_seen_by_the_hash(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{suffix}"
    data = embed(sample(suffix), suffix, record())
    assert "Its content is what was recorded" in said(path, data)
    assert check_origin(path).changed is False
    changed = bytearray(data)
    changed[content_places(data, suffix)[-9]] ^= 1
    assert "not what was recorded" in said(path, bytes(changed))
    assert check_origin(path).changed is True


def test_a_text_that_was_edited_afterwards_is_seen(tmp_path: Path) -> None:
    data = embed(b"The keeper wrote three lines.\n", ".md", record())
    assert "changed since" in said(tmp_path / "x.md", data.replace(b"three", b"four"))


def test_a_signed_file_that_was_changed_says_so(key: SigningKey, tmp_path: Path) -> None:
    data = bytearray(seal(sample(".wav"), ".wav", record(), key).data)
    data[100] ^= 1
    assert "has been changed since: do not rely on it" in said(tmp_path / "x.wav", bytes(data), key)
    assert check_origin(tmp_path / "x.wav").changed is True


def test_another_installation_is_not_vouched_for(key: SigningKey, tmp_path: Path) -> None:
    other = installation_key(tmp_path / "other", vault=EmptyVault())
    text = said(tmp_path / "x.png", seal(sample(".png"), ".png", record(), other).data, key)
    assert "Nobody on this computer vouches for that name" in text
    assert "This installation" not in text


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_that_says_nothing_is_no_proof(suffix: str, tmp_path: Path) -> None:
    text = said(tmp_path / f"x{suffix}", sample(suffix))
    assert "no proof that none did" in text
    assert check_origin(tmp_path / f"x{suffix}").made_by_model is None


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["a.png"], "from one other file that is marked as made by a model."),
        (["b.jpg"], "from one other file."),
        (["a.png", "b.jpg"], "from 2 other files; 1 are marked as made by a model."),
    ],
)
def test_what_it_was_made_from_is_said(
    names: list[str], words: str, key: SigningKey, tmp_path: Path
) -> None:
    (tmp_path / "a.png").write_bytes(embed(sample(".png"), ".png", record()))
    (tmp_path / "b.jpg").write_bytes(sample(".jpg"))
    inputs = [tmp_path / name for name in names]
    text = said(tmp_path / "x.wav", seal(sample(".wav"), ".wav", record(), key, inputs=inputs).data)
    assert words in text


def test_parts_made_by_a_model_are_said(tmp_path: Path) -> None:
    data = embed(sample(".png"), ".png", record(origin=Origin.COMPOSITE))
    assert "made parts of it" in said(tmp_path / "x.png", data)


def test_another_kind_of_source_is_named(tmp_path: Path) -> None:
    xmp = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf='
        b'"http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:e='
        b'"http://iptc.org/std/Iptc4xmpExt/2008-02-29/" e:DigitalSourceType='
        b'"http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"/></rdf:RDF></x:xmpmeta>'
    )
    assert "“digitalCapture”" in said(tmp_path / "x.jpg", picture(".jpg", xmp=xmp))


def test_settings_of_another_program_are_said(tmp_path: Path) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", "a fox\nSteps: 20")
    assert "Another program left its settings" in said(
        tmp_path / "x.png", picture(".png", pnginfo=info)
    )


def test_what_a_file_says_about_itself_stays_one_short_line(tmp_path: Path) -> None:
    nasty = dataclasses.replace(record(), model_title="<b>x</b>\n\u202eevil" + "y" * 500)
    path = tmp_path / "x.png"
    path.write_bytes(embed(sample(".png"), ".png", nasty))
    for sentence in check_origin(path).sentences:
        assert "\n" not in sentence and "\u202e" not in sentence and len(sentence) < 400


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_hostile_files_get_sentences_never_an_exception(
    suffix: str, key: SigningKey, tmp_path: Path
) -> None:
    whole = seal(sample(suffix), suffix, record(), key).data
    chance = random.Random(suffix)
    path = tmp_path / f"x{suffix}"
    for number in range(40):
        damaged = bytearray(whole)
        if number % 2:
            del damaged[chance.randrange(len(damaged)) :]
        for _ in range(chance.randrange(1, 30) if damaged else 0):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        assert said(path, bytes(damaged), key)
        json.dumps(origin(path, keys=tmp_path / "none"))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("empty.png", b""),
        ("noise.bin", bytes(range(256)) * 40),
        ("noise.png", bytes(range(256)) * 40),
        ("noise.jpg", b"\xff\xd8\xff\xe1\xff\xff"),
        ("noise.epub", b"PK\x03\x04" + bytes(200)),
        ("noise.pdf", b"%PDF-1.7\nstartxref\n99999\n%%EOF"),
        ("noise.mp3", b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f"),
        ("noise.ogg", b"OggS" + bytes(40)),
        ("noise.avif", b"\0\0\0\x20ftypavif" + bytes(60)),
        ("no suffix at all", b"text"),
        ("ü灯台🗼.md", "ü".encode("utf-16")),
    ],
)
def test_noise_gets_sentences(name: str, data: bytes, tmp_path: Path) -> None:
    assert said(tmp_path / name, data)


def test_a_missing_file_and_a_folder_are_errors_with_words(tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        check_origin(tmp_path / "gone.png")
    with pytest.raises(BadInputError, match="is a folder"):
        check_origin(tmp_path)


def test_the_command_answers_in_json(
    key: SigningKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIPTYCH_DATA_DIR", str(tmp_path / "data"))
    path = tmp_path / "x.png"
    path.write_bytes(seal(sample(".png"), ".png", record(), key).data)
    answer = json.loads(json.dumps(origin(path)))
    assert answer["made_by_model"] is True and answer["changed"] is False
    assert answer["record"]["model"] == "smollm2-135m"
    assert answer["credentials"]["state"] == "valid"
    assert answer["sentences"]
    assert not (tmp_path / "data").exists()
