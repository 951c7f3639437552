from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.sentences import Sentence, sentences, split_long


def _texts(text: str) -> list[str]:
    return [sentence.text for sentence in sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("  \n\n ", []),
        ("* * *", []),
        ("One", ["One"]),
        ("One. Two! Three? Four… Five", ["One.", "Two!", "Three?", "Four…", "Five"]),
        ("Mr. Smith met Dr. Who. They left.", ["Mr. Smith met Dr. Who.", "They left."]),
        ("J. K. Rowling wrote. I did too, said I. Then", None),
        ("It was no. 5. No. Nothing.", ["It was no. 5.", "No.", "Nothing."]),
        ("See e.g. this one. In Jan. 5 came. In Jan. He left.", None),
        ("“Do you hear it?” she asked. “Yes!” No.", None),
        ("It costs 3.50. At 9:30 a.m. we left.", ["It costs 3.50.", "At 9:30 a.m. we left."]),
        ("Wait... what? So.", ["Wait... what?", "So."]),
        ("最初の文。次の文！", ["最初の文。", "次の文！"]),
        ("Hello 😀. Bye 😀", ["Hello 😀.", "Bye 😀"]),
    ],
    ids=lambda value: str(value)[:24] if isinstance(value, str) else None,
)
def test_sentences_end_where_a_reader_would_end_them(text: str, expected: list[str] | None) -> None:
    if expected is None:
        expected = {
            "J": ["J. K. Rowling wrote.", "I did too, said I.", "Then"],
            "S": ["See e.g. this one.", "In Jan. 5 came.", "In Jan.", "He left."],
            "“": ["“Do you hear it?” she asked.", "“Yes!”", "No."],
        }[text[0]]
    assert _texts(text) == expected


def test_lines_of_a_poem_and_a_list_are_their_own_and_wrapped_lines_are_not() -> None:
    poem = "Roses are red\nViolets are blue\n\n- one\n- two"
    assert _texts(poem) == ["Roses are red", "Violets are blue", "- one", "- two"]
    wrapped = (
        "This line was wrapped by an editor because it was far too\n"
        "Long to stay on one line, and it went\non twice. Then it ended."
    )
    assert len(_texts(wrapped)) == 2


def test_paragraphs_end_at_blank_lines_headings_and_the_end() -> None:
    found = list(sentences("# The lamp\nOne. Two.\n\n* * *\n\nThree. Four."))
    assert [(each.text, each.ends_paragraph) for each in found] == [
        ("# The lamp", True),
        ("One.", False),
        ("Two.", True),
        ("Three.", False),
        ("Four.", True),
    ]


def test_a_book_is_no_trouble() -> None:
    text = "The lighthouse keeper lit the lamp at dusk, and the sea answered. " * 9000
    assert next(iter(sentences(text))).start == 0
    assert sum(1 for _ in sentences(text)) == 9000


@given(st.text(alphabet=st.sampled_from('aB1 .!?\n\t"“”’。😀Mr-#*'), max_size=80))
def test_nothing_that_can_be_read_is_lost_or_said_twice(text: str) -> None:
    found = list(sentences(text))
    for each in found:
        assert text[each.start : each.end] == each.text == each.text.strip() != ""
    assert [each.start for each in found] == sorted(each.start for each in found)
    assert all(one.end <= other.start for one, other in itertools.pairwise(found))
    covered = "".join(each.text for each in found)
    assert [c for c in covered if c.isalnum()] == [c for c in text if c.isalnum()]
    assert not found or found[-1].ends_paragraph


def test_a_sentence_knows_its_place_after_an_emoji() -> None:
    assert list(sentences("😀 Hi. Ho"))[1] == Sentence(6, 8, "Ho", True)


def test_long_sentences_are_cut_at_clauses_then_words_then_anywhere() -> None:
    assert split_long("short", 40) == ["short"]
    assert split_long("one two, three four, five", 12) == ["one two,", "three four,", "five"]
    assert split_long("we went home because it was late", 16) == [
        "we went home",
        "because it was",
        "late",
    ]
    assert split_long("word " * 5, 10) == ["word word", "word word", "word"]
    assert split_long("x" * 25, 10) == ["x" * 10, "x" * 10, "x" * 5]
    assert split_long("", 10) == []


@given(st.text(alphabet="ab ,;—", max_size=200), st.integers(1, 30))
def test_no_piece_is_longer_than_allowed_and_nothing_is_lost(text: str, most: int) -> None:
    pieces = split_long(text, most)
    assert all(0 < len(piece) <= most for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())
