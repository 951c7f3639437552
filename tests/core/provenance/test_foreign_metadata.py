"""What other programs leave in files: found, kept when it is not a prompt, gone when shared."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image, PngImagePlugin

from studio.core.errors import BadInputError
from studio.core.provenance import embed, read_bytes, strip_prompt
from studio.core.provenance.carriers import flac, id3, vorbis
from studio.core.provenance.embedding import look
from tests.core.provenance.samples import SECRET, members, picture, record, sample

A1111 = (
    f"{SECRET}, (masterpiece:1.2)\nNegative prompt: {SECRET} blurry\n"
    "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x768"
)


def png_with(**texts: str) -> bytes:
    info = PngImagePlugin.PngInfo()
    for name, text in texts.items():
        info.add_itxt(name, text, zip=len(text) > 200)
    return picture(".png", pnginfo=info)


def user_comment(text: str) -> bytes:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + text.encode("utf-16-be")
    exif[0x010E] = f"{SECRET} description"
    exif[0x010F] = f"workflow:{SECRET}"
    exif[0x8298] = "(c) kept"
    return exif.tobytes()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def with_chunks(*chunks: bytes) -> bytes:
    data = sample(".png")
    return data[:33] + b"".join(chunks) + data[33:]


def test_the_text_of_a1111_is_found_in_png_and_leaves_it() -> None:
    data = embed(png_with(parameters=A1111, Author="Ada"), ".png", record())
    assert look(data).settings == A1111
    stripped = strip_prompt(data)
    assert SECRET.encode() not in stripped
    assert Image.open(io.BytesIO(stripped)).info["Author"] == "Ada"


@pytest.mark.parametrize("name", ["prompt", "workflow", "invokeai_metadata", "Comment", "Dream"])
def test_settings_of_many_programs_leave_a_png(name: str) -> None:
    assert SECRET.encode() not in strip_prompt(png_with(**{name: f'{{"p": "{SECRET}"}}'}))


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".avif", ".png", ".tiff"])
def test_the_text_of_a1111_is_found_in_exif_and_leaves_it(suffix: str) -> None:
    data = embed(picture(suffix, exif=user_comment(A1111)), suffix, record())
    assert look(data).settings == A1111
    stripped = strip_prompt(data)
    assert SECRET.encode() not in stripped
    assert SECRET.encode("utf-16-be") not in stripped
    image = Image.open(io.BytesIO(stripped))
    assert image.getexif()[0x8298] == "(c) kept"


def test_a_jpeg_comment_leaves_when_shared() -> None:
    assert SECRET.encode() not in strip_prompt(picture(".jpg", comment=SECRET.encode()))


def test_comments_of_sound_files_leave_when_shared() -> None:
    packed = b"\3eng\0" + SECRET.encode()
    mp3 = id3._assembled(
        4, [(b"COMM", packed, b"\0\0"), (b"TIT2", b"\3My song", b"\0\0")], sample(".mp3")
    )
    named = b"\3Prompt\0" + SECRET.encode()
    mp3 = strip_prompt(
        id3._assembled(
            3, [(b"TXXX", named, b"\0\0"), *id3._frames(mp3, 4, len(mp3))], sample(".mp3")
        )
    )
    assert SECRET.encode() not in mp3 and b"My song" in mp3
    comments = vorbis._assembled(b"v", [b"COMMENT=" + SECRET.encode(), b"ARTIST=Ada"])
    start, blocks, sound = flac._split(sample(".flac"))
    told = flac._assembled(b"", [blocks[0], (4, comments)], sound)
    assert look(told).settings == SECRET
    stripped = strip_prompt(told)
    assert SECRET.encode() not in stripped and b"ARTIST=Ada" in stripped and start == 0
    info = b"INFOICMT" + struct.pack("<I", 16) + SECRET.encode()
    wav = sample(".wav") + b"LIST" + struct.pack("<I", len(info)) + info
    wav = wav[:4] + struct.pack("<I", len(wav) - 8) + wav[8:]
    assert look(wav).settings == SECRET
    assert SECRET.encode() not in strip_prompt(wav)


@pytest.mark.parametrize(
    "data",
    [
        with_chunks(chunk(b"zTXt", b"parameters\0\0" + zlib.compress(b"A" * 200_000_000))),
        with_chunks(chunk(b"zTXt", b"parameters\0\0not deflated")),
        with_chunks(chunk(b"iTXt", b"triptych")),
        with_chunks(chunk(b"iTXt", b"triptych\0\1\0\0\0broken")),
        with_chunks(chunk(b"iTXt", b"triptych\0\0\0\0\0" + b"[" * 100_000)),
        with_chunks(chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + b"<a>" * 200_000)),
        with_chunks(chunk(b"eXIf", b"II*\0\x08\0\0\0\xff\xff")),
        with_chunks(chunk(b"eXIf", b"MM\0*\0\0\0\x08\0\1\x87\x69\0\4\0\0\0\1\0\0\0\x08\0\0\0\x08")),
        sample(".png")[:40],
        b"\x89PNG\r\n\x1a\n" + b"\xff" * 5_000,
    ],
)
def test_hostile_pngs_are_read_with_what_is_there(data: bytes) -> None:
    found = look(data)
    assert len(found.settings) <= 64 * 2**20
    assert read_bytes(data) is None
    try:
        embed(data, ".png", record())
        strip_prompt(data)
    except BadInputError as error:
        assert error.hint


def test_entities_in_xmp_are_never_expanded() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]><x>&a;</x>'
    data = with_chunks(chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + bomb.encode()))
    assert look(data).source_type == ""
    marked = embed(data, ".png", record())
    assert look(marked).source_type and b"ENTITY" not in marked


def test_a_zip_that_unpacks_to_far_too_much_is_refused() -> None:
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr("big", b"\0" * 30_000_000)
    with pytest.raises(BadInputError):
        embed(out.getvalue(), ".epub", record())
    assert read_bytes(out.getvalue()) is None


def test_documents_are_stored_with_the_type_first() -> None:
    import zipfile

    for suffix in (".epub", ".odt", ".docx"):
        with zipfile.ZipFile(io.BytesIO(embed(sample(suffix), suffix, record()))) as archive:
            assert {m.compress_type for m in archive.infolist()} == {zipfile.ZIP_STORED}
            first = archive.namelist()[0]
            assert first == ("[Content_Types].xml" if suffix == ".docx" else "mimetype")


def test_a_text_that_talks_about_the_block_keeps_its_words() -> None:
    text = b"See <!-- triptych-provenance\nnot one --> here\n"
    data = embed(text, ".md", record())
    assert data.startswith(text)
    assert read_bytes(data, ".md") is not None
    assert members(strip_prompt(data, ".md")).startswith(text)


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
@pytest.mark.parametrize("end", [b"", b"\n", b"\n\n\n"])
def test_line_ends_of_a_text_are_kept(newline: bytes, end: bytes) -> None:
    text = b"one\ntwo" + end
    data = embed(text.replace(b"\n", newline), ".md", record())
    assert (b"\r\n" in data) == (newline == b"\r\n")
    assert read_bytes(data.replace(b"\n", b"\n"), ".md") is not None
    assert read_bytes(data + b"\n", ".md") is not None
