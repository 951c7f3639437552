from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.documents.export.blocks import (
    Code,
    Heading,
    ItemList,
    Paragraph,
    Quote,
    Rule,
    Run,
    tidied,
)
from studio.documents.export.links import safe_link
from studio.documents.export.markdown_reader import read_markdown
from studio.documents.export.markdown_writer import write_markdown
from tests.documents.export.grammar import DOCUMENTS, LINKS, TEXTS


def paragraph(*runs: Run | str) -> Paragraph:
    return Paragraph(tuple(Run(run) if isinstance(run, str) else run for run in runs))


@settings(max_examples=200, deadline=None)
@given(DOCUMENTS)
def test_blocks_written_as_markdown_read_back_the_same(blocks) -> None:
    tidy = tidied(blocks)
    assert read_markdown(write_markdown(blocks)) == tidy
    assert tidied(tidy) == tidy


@settings(max_examples=200, deadline=None)
@given(st.lists(TEXTS, max_size=12).map("\n".join))
def test_markdown_is_settled_after_one_round(text) -> None:
    once = write_markdown(read_markdown(text))
    assert write_markdown(read_markdown(once)) == once


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("# One *two*", (Heading(1, (Run("One "), Run("two", em=True))),)),
        ("### **All bold**", (Heading(3, (Run("All bold"),)),)),
        ("one\ntwo", (paragraph("one\ntwo"),)),
        ("one\\\ntwo  \nthree", (paragraph("one\ntwo\nthree"),)),
        ("    indented, not code", (paragraph("indented, not code"),)),
        ("```py\nx =  1\n```", (Code("x =  1"),)),
        ("a\n\n* * *\n\nb", (paragraph("a"), Rule(), paragraph("b"))),
        ("> a\n>\n> b", (Quote((paragraph("a"), paragraph("b"))),)),
        ("3. a\n4. b", (ItemList(((paragraph("a"),), (paragraph("b"),)), True, 3),)),
        (
            "- a\n  1. b\n\n  c",
            (ItemList(((paragraph("a"), ItemList(((paragraph("b"),),), True), paragraph("c")),)),),
        ),
        ("**a *b***", (paragraph(Run("a ", strong=True), Run("b", strong=True, em=True)),)),
        ("<b>html</b>", (paragraph("<b>html</b>"),)),
        ("[x](https://example.org/ 'title')", (paragraph(Run("x", link=LINKS[0])),)),
        ("<https://example.org/>", (paragraph(Run(LINKS[0], link=LINKS[0])),)),
        ("[x](javascript:alert(1)) [y](file:///etc/passwd)", (paragraph("x y"),)),
        ("![a picture](http://tracker.example/p.png)", (paragraph("a picture"),)),
        ("", ()),
    ],
)
def test_what_markdown_means_here(text, blocks) -> None:
    assert read_markdown(text) == blocks


@pytest.mark.parametrize(
    "text",
    [
        "Nothing 2 * 3 = 6, snake_case, [1], a & b, 5 < 6, #tag, 100%, C# - “so” ~ it goes.\n",
        "un*believ*able, **bold *and* more**, `code`, ~~gone~~\n",
        "# Title\n\nText with [a link](https://example.org/)\nand a line end.\n\n***\n\nEnd\n",
        "- a\n- b\n  1. c\n  2. d\n- e\n\n> q\n>\n> r\n\n```\nx\n```\n",
    ],
)
def test_plain_things_are_written_plainly(text) -> None:
    assert write_markdown(read_markdown(text)) == text


def test_emphasis_that_markdown_has_no_marks_for_survives() -> None:
    blocks = (
        paragraph("a", Run("“b”", strong=True), "c", Run("(d)", em=True), "e"),
        paragraph(Run("one", strong=True), Run("two", em=True), Run("!", strike=True), "x"),
    )
    assert read_markdown(write_markdown(blocks)) == blocks


def test_a_list_in_an_item_keeps_its_first_number() -> None:
    inner = ItemList(((paragraph("b"),),), True, 4)
    blocks = (ItemList(((paragraph("a"), inner),)),)
    assert read_markdown(write_markdown(blocks)) == blocks


def test_neighbouring_numbered_lists_stay_apart() -> None:
    one, two = (ItemList(((paragraph(word),),), True) for word in ("a", "b"))
    assert read_markdown(write_markdown((one, two, one))) == (one, two, one)


@pytest.mark.parametrize("link", LINKS)
def test_web_and_mail_links_are_kept(link) -> None:
    assert safe_link(link) == link


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("HTTPS://example.org/ü", "https://example.org/%C3%BC"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        (" https://exam\nple.org/ ", "https://example.org/"),
        ("javascript:alert(1)", ""),
        ("JaVaScRiPt:alert(1)", ""),
        ("file:///etc/passwd", ""),
        ("\\\\server\\share", ""),
        ("//example.org/", ""),
        ("data:text/html,x", ""),
        ("chapter2.html", ""),
        ("#part", ""),
        ("http://", ""),
        ("http:///x", ""),
        ("https://user:secret@example.org/", ""),
        ("https://example.org:99999/", ""),
        ("mailto:", ""),
        ("https://example.org/" + "a" * 5000, ""),
        ("", ""),
    ],
)
def test_other_links_are_not(link, expected) -> None:
    assert safe_link(link) == expected


@settings(deadline=None)
@given(st.text(max_size=40).map(lambda text: "https://" + text) | st.text(max_size=40))
def test_a_safe_link_stays_as_it_is(link) -> None:
    safe = safe_link(link)
    assert safe_link(safe) == safe
    assert safe == "" or safe.startswith(("http://", "https://", "mailto:"))


def test_long_paragraphs_are_the_same_and_quickly_written() -> None:
    runs = (Run("[ * _a_ <b@c> &amp; " * 1000), Run("“x”", strong=True), Run("y ](z) `" * 1000))
    blocks = tidied((Paragraph(runs), Heading(2, runs)))
    begun = time.process_time()
    text = write_markdown(blocks)
    assert time.process_time() - begun < 2
    assert read_markdown(text) == blocks


def test_stars_in_a_list_stay_words() -> None:
    stars = (paragraph("* * *"),)
    for item in ((Rule(),), (Heading(1, (Run("***"),)),), (paragraph("***"),)):
        (tidy,) = tidied((ItemList((item,)),))
        assert tidy == ItemList((stars,))
        assert read_markdown(write_markdown((tidy,))) == (tidy,)
