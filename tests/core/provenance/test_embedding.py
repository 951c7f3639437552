"""Every format: the record goes in and comes out, the content stays, the prompt can leave."""

from __future__ import annotations

import dataclasses
import io
import random
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from studio.core.errors import BadInputError, StorageError
from studio.core.provenance import (
    Origin,
    can_carry,
    content_sha256,
    embed,
    embed_pieces,
    read,
    read_bytes,
    strip_prompt,
)
from studio.core.provenance.embedding import look
from studio.core.provenance.media_types import BY_SUFFIX, media_type_of, sniff
from tests.core.provenance.samples import SECRET, SUFFIXES, members, picture, record, sample

every_format = pytest.mark.parametrize("suffix", SUFFIXES)


@every_format
@pytest.mark.parametrize("length", [1, 5_000])
def test_the_record_comes_back(suffix: str, length: int, tmp_path: Path) -> None:
    given = record(f"{SECRET} --> ü 灯台 " * length)
    path = tmp_path / f"result{suffix}"
    path.write_bytes(embed(sample(suffix), suffix, given))
    found = read(path)
    assert found is not None
    assert dataclasses.replace(found, content_sha256="") == given
    assert look(path.read_bytes(), suffix).source_type == given.origin.source_type


@every_format
def test_the_content_stays(suffix: str) -> None:
    before = sample(suffix)
    after = embed(before, suffix, record())
    assert content_sha256(after, suffix) == content_sha256(before, suffix)
    found = read_bytes(after, suffix)
    assert found is not None
    assert found.content_sha256 == content_sha256(before, suffix)
    assert bool(found.content_sha256) == (suffix != ".pdf")


@every_format
def test_another_record_replaces_the_first(suffix: str) -> None:
    first = embed(sample(suffix), suffix, record(SECRET * 40))
    other = record("another prompt", origin=Origin.COMPOSITE)
    again = embed(first, suffix, other)
    found = read_bytes(again, suffix)
    assert found is not None and found.request == other.request
    assert look(again, suffix).source_type == Origin.COMPOSITE.source_type
    assert SECRET.encode() not in members(again)


@every_format
def test_stripping_removes_every_byte_of_the_prompt_and_keeps_the_mark(suffix: str) -> None:
    marked = embed(sample(suffix), suffix, record(f"{SECRET} " * 3))
    assert SECRET.encode() in members(marked)
    stripped = strip_prompt(marked, suffix)
    for private in (SECRET, "A label of the user", "FINISHWORD"):
        assert private.encode() not in members(stripped)
    found = read_bytes(stripped, suffix)
    assert found is not None and not found.has_prompt and found.model == "smollm2-135m"
    assert look(stripped, suffix).source_type == Origin.GENERATED.source_type
    assert content_sha256(stripped, suffix) == content_sha256(sample(suffix), suffix)
    assert strip_prompt(stripped, suffix) == stripped or suffix == ".pdf"


@every_format
def test_embedding_without_prompt_never_writes_it(suffix: str) -> None:
    data = embed(sample(suffix), suffix, record(SECRET), with_prompt=False)
    assert SECRET.encode() not in members(data)
    assert look(data, suffix).source_type


@every_format
def test_a_file_without_record_says_nothing(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"plain{suffix}"
    path.write_bytes(sample(suffix))
    assert read(path) is None
    assert strip_prompt(sample(suffix), suffix) is not None


@every_format
def test_damaged_files_are_read_without_an_exception(suffix: str, tmp_path: Path) -> None:
    whole = embed(sample(suffix), suffix, record())
    chance = random.Random(suffix)
    path = tmp_path / f"damaged{suffix}"
    for number in range(60):
        damaged = bytearray(whole)
        if number % 2:
            del damaged[chance.randrange(len(damaged)) :]
        else:
            for _ in range(chance.randrange(1, 20)):
                damaged[chance.randrange(min(len(damaged), 3000))] = chance.randrange(256)
        path.write_bytes(damaged)
        read(path)
        content_sha256(bytes(damaged), suffix)
        for change in (lambda d: embed(d, suffix, record()), lambda d: strip_prompt(d, suffix)):
            try:
                change(bytes(damaged))
            except BadInputError as error:
                assert error.user_message and error.hint


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".avif", ".tiff"])
def test_the_pixels_and_other_metadata_of_a_picture_stay(suffix: str) -> None:
    exif = Image.Exif()
    exif[0x8298] = "(c) the artist"
    xmp = (
        b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description'
        b' rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:rights>mine</dc:rights>'
        b"</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end='w'?>"
    )
    saving: dict[str, object] = {"exif": exif.tobytes()}
    if suffix == ".tiff":
        saving = {"tiffinfo": {700: xmp, 0x8298: "(c) the artist"}}
    elif suffix != ".png":
        saving["xmp"] = xmp
    before = picture(suffix, **saving)
    after = strip_prompt(embed(before, suffix, record()), suffix)
    one, other = (Image.open(io.BytesIO(data)) for data in (before, after))
    assert one.convert("RGBA").tobytes() == other.convert("RGBA").tobytes()
    assert other.getexif()[0x8298] == "(c) the artist"
    if suffix != ".png":
        assert b"<dc:rights>mine</dc:rights>" in other.info["xmp"]


@pytest.mark.parametrize("saving", [{"lossless": True}, {"quality": 80}])
def test_both_kinds_of_webp_get_their_extended_header(saving: dict[str, object]) -> None:
    data = embed(picture(".webp", **saving), ".webp", record())
    image = Image.open(io.BytesIO(data))
    assert image.size == (48, 32)
    assert b"DigitalSourceType" in image.info["xmp"]


def test_odd_suffixes_and_names_find_their_format() -> None:
    assert media_type_of("PNG") == media_type_of(".png") == media_type_of("a b.PNG") == "image/png"
    assert media_type_of("audio/x-wav") == "audio/wav"
    assert media_type_of("nothing.known") == media_type_of("") == ""
    assert can_carry("poem.md") and not can_carry("poem.xyz")


@every_format
def test_the_bytes_tell_the_format_where_they_can(suffix: str) -> None:
    expected = "" if suffix in (".md", ".txt") else BY_SUFFIX[suffix]
    assert sniff(sample(suffix)) == expected


def test_the_bytes_win_over_a_wrong_name() -> None:
    data = embed(sample(".png"), ".jpg", record())
    assert sniff(data) == "image/png"
    assert read_bytes(data, ".jpg") is not None


@pytest.mark.parametrize("suffix", [".exe", "", ".gif"])
def test_a_format_that_holds_nothing_is_refused(suffix: str) -> None:
    with pytest.raises(BadInputError) as caught:
        embed(b"GIF89a....", suffix, record())
    assert caught.value.hint


def test_a_missing_file_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        read(tmp_path / "gone.png")


def test_an_empty_file_has_no_record(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    assert read(tmp_path / "empty.png") is None


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
@pytest.mark.parametrize(
    "suffix", [".png", ".jpg", ".webp", ".avif", ".tiff", ".wav", ".mp3", ".pdf"]
)
@pytest.mark.parametrize("length", [1, 5_000])
def test_another_program_reads_the_mark(suffix: str, length: int, tmp_path: Path) -> None:
    path = tmp_path / f"x{suffix}"
    path.write_bytes(embed(sample(suffix), suffix, record("word " * length)))
    tool = ["exiftool", "-s3", "-XMP-iptcExt:DigitalSourceType", "-Warning", "-Error", str(path)]
    said = subprocess.run(tool, capture_output=True, text=True, check=True).stdout
    assert said.strip() == Origin.GENERATED.source_type


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".opus", ".mp3"])
def test_sound_is_marked_piece_by_piece_as_it_is_in_one(suffix: str, tmp_path: Path) -> None:
    if suffix not in SUFFIXES:
        pytest.skip("no sample of this format")
    plain = sample(suffix)
    whole = embed(plain, suffix, record())
    with memoryview(plain) as view:
        assert b"".join(embed_pieces(view, suffix, record())) == whole
    again = b"".join(embed_pieces(whole, suffix, record("another")))
    assert again == embed(whole, suffix, record("another"))


def test_only_sound_is_marked_piece_by_piece() -> None:
    with pytest.raises(BadInputError):
        list(embed_pieces(sample(".png"), ".png", record()))
    with pytest.raises(BadInputError):
        list(embed_pieces(sample(".flac")[:60], ".flac", record()))
