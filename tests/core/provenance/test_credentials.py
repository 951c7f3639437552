"""Content credentials: signed by this installation, checked, and nothing private in them."""

from __future__ import annotations

import dataclasses
import importlib
import io
import random
import socket
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.core.errors import BackendError, BadInputError, StorageError
from studio.core.provenance import Origin, embed, read_bytes
from studio.core.provenance.carriers import carrier_of, zipped
from studio.core.provenance.credentials import (
    SIGNABLE,
    Credentials,
    can_sign,
    read_credentials,
    seal,
    shared_copy,
    sign,
    sign_file,
)
from studio.core.provenance.embedding import look
from studio.core.provenance.keys import SigningKey, installation_key
from studio.core.provenance.media_types import media_type_of
from tests.core.provenance.conftest import Vault
from tests.core.provenance.samples import SECRET, SIGNED, SUFFIXES, members, record, sample

every_signed_format = pytest.mark.parametrize("suffix", SIGNED)
FLIPS_PER_FORMAT = 30
"""Twelve formats: 360 one-bit changes in all."""


def told(path: Path, data: bytes, authority: str = "") -> Credentials | None:
    path.write_bytes(data)
    return read_credentials(path, authority)


def test_every_format_of_the_promise_is_signed() -> None:
    assert {media_type_of(suffix) for suffix in SIGNED} == set(SIGNABLE)
    assert not any(can_sign(suffix) for suffix in SUFFIXES if suffix not in SIGNED)


@every_signed_format
def test_a_signed_file_is_known_again(suffix: str, key: SigningKey, tmp_path: Path) -> None:
    path = tmp_path / f"x{suffix}"
    sealed = seal(sample(suffix), suffix, record(), key)
    assert sealed.signed
    ours = told(path, sealed.data, key.authority)
    assert ours is not None and ours.state == "ours" and ours.problems == ()
    assert ours.source_types == (Origin.GENERATED.source_type,)
    assert ours.generator.startswith("Triptych ")
    found = read_bytes(sealed.data, suffix)
    assert found is not None and found.make_again()
    stranger = told(path, sealed.data)
    assert stranger is not None and stranger.state == "valid"


@every_signed_format
def test_every_one_bit_change_of_content_is_detected(
    suffix: str, key: SigningKey, tmp_path: Path
) -> None:
    signed = seal(sample(suffix), suffix, record(), key).data
    places = content_places(signed, suffix)
    chance = random.Random(suffix)
    states: Counter[str] = Counter()
    for _ in range(FLIPS_PER_FORMAT):
        changed = bytearray(signed)
        changed[chance.choice(places)] ^= 1 << chance.randrange(8)
        found = told(tmp_path / f"x{suffix}", bytes(changed), key.authority)
        states[found.state if found else "none"] += 1
    assert states["changed"] + states["unreadable"] == FLIPS_PER_FORMAT, states
    assert states["changed"] > FLIPS_PER_FORMAT * 0.9, states


def content_places(data: bytes, suffix: str) -> list[int]:
    """Return where each byte of content lies; of a PDF, everything before the manifest."""
    if suffix == ".pdf":
        return list(range(100, data.index(b"jumb") - 300))
    carrier = carrier_of(media_type_of(suffix))
    assert carrier is not None
    places: list[int] = []
    for piece in carrier.content(data):
        start = data.index(bytes(piece))
        places += range(start, start + len(piece))
    return places


@every_signed_format
def test_nothing_the_user_wrote_is_in_a_manifest(
    suffix: str, key: SigningKey, tmp_path: Path
) -> None:
    private = tmp_path / f"{SECRET} my cat.jpg"
    private.write_bytes(sample(".jpg"))
    given = record(f"{SECRET} prompt")
    data = seal(sample(suffix), suffix, given, key, with_prompt=False, inputs=[private]).data
    assert SECRET.encode() not in members(data)
    assert b"A label" not in members(data) and b"FINISHWORD" not in members(data)
    assert str(tmp_path).encode() not in members(data)
    assert b"SmolLM2 135M" in members(data) and b"Apache-2.0" in members(data)


def test_the_consent_to_a_cloned_voice_is_signed_also_without_the_prompt(key: SigningKey) -> None:
    given = dataclasses.replace(record("words"), consent="Voice of Ada, cloned with her consent.")
    for with_prompt in (True, False):
        data = seal(sample(".wav"), ".wav", given, key, with_prompt=with_prompt).data
        assert b"Voice of Ada, cloned with her consent." in members(data)


@every_signed_format
def test_a_shared_copy_loses_the_prompt_and_keeps_mark_and_history(
    suffix: str, key: SigningKey, tmp_path: Path
) -> None:
    path = tmp_path / f"x{suffix}"
    sealed = seal(sample(suffix), suffix, record(SECRET), key)
    assert SECRET.encode() in members(sealed.data)
    shared = shared_copy(sealed.data, suffix, key)
    assert SECRET.encode() not in members(shared.data)
    found = told(path, shared.data, key.authority)
    assert found is not None and (found.state, found.ingredients) == ("ours", 1)
    assert found.source_types == (Origin.GENERATED.source_type,)
    assert look(shared.data, suffix).source_type == Origin.GENERATED.source_type
    again = shared_copy(shared.data, suffix, key)
    assert told(path, again.data, key.authority).state == "ours"  # type: ignore[union-attr]


@every_signed_format
def test_signing_again_replaces_the_signature(suffix: str, key: SigningKey, tmp_path: Path) -> None:
    once = seal(sample(suffix), suffix, record(), key).data
    twice = sign(once, suffix, record(), key)
    found = told(tmp_path / f"x{suffix}", twice, key.authority)
    assert found is not None and found.state == "ours"
    if suffix in (".epub", ".docx", ".odt"):
        with zipfile.ZipFile(io.BytesIO(twice)) as archive:
            assert archive.namelist().count(zipped.CREDENTIAL) == 1


@pytest.mark.parametrize("suffix", [".md", ".txt", ".ogg", ".opus"])
def test_formats_without_a_place_keep_their_record(suffix: str, key: SigningKey) -> None:
    sealed = seal(sample(suffix), suffix, record(SECRET), key)
    assert not sealed.signed and sealed.notice
    assert read_bytes(sealed.data, suffix) is not None
    shared = shared_copy(sealed.data, suffix, key)
    assert SECRET.encode() not in shared.data and look(shared.data, suffix).source_type
    with pytest.raises(BadInputError):
        sign(sealed.data, suffix, record(), key)


def test_without_a_key_the_record_still_goes_in(key: SigningKey) -> None:
    sealed = seal(sample(".png"), ".png", record(), None)
    assert not sealed.signed and sealed.notice == ""
    assert read_bytes(sealed.data) is not None
    assert shared_copy(sealed.data, ".png", None).signed is False


def test_marked_inputs_become_ingredients(key: SigningKey, tmp_path: Path) -> None:
    marked, plain, text = (tmp_path / name for name in ("a.png", "b.jpg", "c.md"))
    marked.write_bytes(seal(sample(".png"), ".png", record(), key).data)
    plain.write_bytes(sample(".jpg"))
    text.write_bytes(embed(sample(".md"), ".md", record()))
    given = record(origin=Origin.COMPOSITE)
    sealed = seal(sample(".wav"), ".wav", given, key, inputs=[marked, plain, text])
    found = read_bytes(sealed.data)
    assert found is not None
    assert [item.title for item in found.ingredients] == ["a.png", "b.jpg", "c.md"]
    generated = Origin.GENERATED.source_type
    assert [item.source_type for item in found.ingredients] == [generated, "", generated]
    path = tmp_path / "x.wav"
    credentials = told(path, sealed.data, key.authority)
    assert credentials is not None and credentials.ingredients == 2
    assert set(credentials.source_types) == {generated, Origin.COMPOSITE.source_type}
    with pytest.raises(StorageError):
        seal(sample(".wav"), ".wav", given, key, inputs=[tmp_path / "gone.png"])


def test_a_mark_only_in_the_signature_is_found_in_an_input(key: SigningKey, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(sign(sample(".png"), ".png", record(), key))
    found = read_bytes(seal(sample(".jpg"), ".jpg", record(), key, inputs=[path]).data)
    assert found is not None and found.ingredients[0].source_type == Origin.GENERATED.source_type


def test_a_foreign_file_without_any_mark_is_not_claimed(key: SigningKey) -> None:
    shared = shared_copy(sample(".png"), ".png", key)
    assert not shared.signed and look(shared.data).source_type == ""


def test_what_another_installation_signed_stays_in_the_chain(
    key: SigningKey, tmp_path: Path
) -> None:
    other = installation_key(tmp_path / "other", vault=Vault())
    theirs = seal(sample(".png"), ".png", record(SECRET), other).data
    path = tmp_path / "x.png"
    first = told(path, theirs, key.authority)
    assert first is not None and first.state == "valid"
    shared = told(path, shared_copy(theirs, ".png", key).data, key.authority)
    assert shared is not None and (shared.state, shared.ingredients) == ("ours", 1)


def test_a_broken_key_is_a_sentence(key: SigningKey) -> None:
    broken = dataclasses.replace(key, private_key="-----BEGIN PRIVATE KEY-----\nAA\n")
    with pytest.raises(BackendError) as caught:
        seal(sample(".png"), ".png", record(), broken)
    assert caught.value.hint and "PRIVATE" not in caught.value.sentence()


@every_signed_format
def test_a_truncated_file_is_refused_or_signed_but_never_crashes(
    suffix: str, key: SigningKey
) -> None:
    whole = sample(suffix)
    for part in range(1, 12):
        try:
            sign(whole[: len(whole) * part // 12], suffix, record(), key)
        except (BadInputError, BackendError) as error:
            assert error.user_message and error.hint


def test_without_the_library_there_is_a_sentence(
    key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> None:
        raise ImportError(f"no {name}")

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(BackendError, match="c2pa-python"):
        seal(sample(".png"), ".png", record(), key)


@pytest.fixture
def decoy() -> Iterator[socket.socket]:
    """A server that would notice a visitor, also one from native code."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def test_a_remote_manifest_is_not_fetched(
    key: SigningKey, tmp_path: Path, decoy: socket.socket
) -> None:
    import c2pa

    info = c2pa.C2paSignerInfo(
        c2pa.C2paSigningAlg.ES256, key.certificates.encode(), key.private_key.encode(), None
    )
    manifest = {
        "claim_generator_info": [{"name": "elsewhere"}],
        "assertions": [
            {
                "label": "c2pa.actions.v2",
                "data": {
                    "actions": [
                        {
                            "action": "c2pa.created",
                            "digitalSourceType": Origin.GENERATED.source_type,
                        }
                    ]
                },
            }
        ],
    }
    out = io.BytesIO()
    with c2pa.Signer.from_info(info) as signer, c2pa.Builder(manifest) as builder:
        builder.set_no_embed()
        builder.set_remote_url(f"http://127.0.0.1:{decoy.getsockname()[1]}/track.c2pa")
        builder.sign(signer, "image/png", io.BytesIO(sample(".png")), out)
    found = told(tmp_path / "x.png", out.getvalue(), key.authority)
    assert found is not None and found.state == "remote"
    assert "127.0.0.1" in found.place
    with pytest.raises(BlockingIOError):
        decoy.accept()


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3"])
def test_a_long_sound_is_signed_from_file_to_file(
    suffix: str, tmp_path: Path, key: SigningKey
) -> None:
    marked = tmp_path / f"marked{suffix}"
    marked.write_bytes(embed(sample(suffix), suffix, record()))
    signed = tmp_path / f"signed{suffix}"
    with marked.open("rb") as source, signed.open("w+b") as target:
        sign_file(source, target, suffix, record(), key)
    found = read_credentials(signed, key.authority)
    assert found is not None and found.state == "ours"
    with pytest.raises(BadInputError):
        sign_file(io.BytesIO(), io.BytesIO(), ".ogg", record(), key)
