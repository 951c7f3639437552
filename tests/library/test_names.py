from __future__ import annotations

import itertools
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.core.errors import BadInputError
from studio.library import names

RESERVED = {"con", "prn", "aux", "nul", "com1", "com9", "lpt1", "lpt9", "conin$", "conout$"}


def _is_good_everywhere(part: str) -> bool:
    return (
        0 < len(part.encode("utf-8")) <= names.PART_BYTES + 1
        and not set(part) & set('<>:"/\\|?*')
        and all(ord(character) >= 32 and ord(character) != 127 for character in part)
        and part[0] not in " ."
        and part[-1] not in " ."
        and part.split(".")[0].strip().casefold() not in RESERVED
    )


@settings(max_examples=300, deadline=None)
@given(
    template=st.one_of(
        st.text(max_size=60),
        st.lists(
            st.sampled_from([f"{{{name}}}" for name in names.FIELDS] + ["-", "/", " ", "."])
        ).map("".join),
    ),
    prompt=st.one_of(st.text(max_size=400), st.sampled_from(["CON", "nul.txt", "…", "😀" * 300])),
    model=st.text(max_size=80),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_template_gives_a_name_every_system_accepts(
    template: str, prompt: str, model: str, seed: int
) -> None:
    values = names.fields(
        made=datetime(2026, 11, 22, 4, 15), kind="text", prompt=prompt, seed=seed, model=model
    )
    path = names.file_name(template, values)
    assert all(map(_is_good_everywhere, path.split("/"))), path
    assert len(path.split("/")) <= names.MAX_DEPTH
    longest = next(itertools.islice(names.numbered(path), 5000, None)).split("/")[-1]
    assert len(f".{longest}.md.12345678.triptych-part".encode()) <= 255


@pytest.mark.parametrize(
    ("prompt", "slug"),
    [
        ("The old lighthouse “keeper”, at night.", "the-old-lighthouse-keeper-at-night"),
        ("Zürich im März", "zürich-im-märz"),
        ("灯台守の夜", "灯台守の夜"),
        ("😀😀", "untitled"),
        ("a" * 300, "a" * names.SLUG_CHARACTERS),
        ("../../etc/passwd", "etc-passwd"),
    ],
)
def test_slug(prompt: str, slug: str) -> None:
    assert names.slug(prompt) == slug


def test_default_template() -> None:
    values = names.fields(
        made=datetime(2026, 11, 22), kind="text", prompt="The old sea", seed=7, model="m"
    )
    assert names.file_name(names.DEFAULT_TEMPLATE, values) == "2026-11-22-text-the-old-sea-7"
    assert names.file_name("{year}/{month}/{title}", values) == "2026/11/The old sea"


def test_a_template_cannot_leave_the_folder() -> None:
    assert names.file_name("../../{slug}", {"slug": "x"}) == "x"
    assert names.file_name("/etc/{slug}", {"slug": "../y"}) == "etc/-y".replace("-y", "y")


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_reserved_names_get_another_form(name: str) -> None:
    assert names.safe_part(name.upper()) == f"_{name.upper()}"
    assert names.safe_part(f"{name}.txt") == f"_{name}.txt"


def test_check_template_names_what_is_wrong() -> None:
    assert names.check_template(names.DEFAULT_TEMPLATE) == names.DEFAULT_TEMPLATE
    with pytest.raises(BadInputError, match="promt"):
        names.check_template("{promt}")
    with pytest.raises(BadInputError, match="empty"):
        names.check_template(" / ")
