"""Generated documents: blocks as any reader could give them, and the words to put into them."""

from __future__ import annotations

from hypothesis import strategies as st

from studio.documents.export.blocks import (
    Block,
    Code,
    Heading,
    ItemList,
    Paragraph,
    Quote,
    Rule,
    Run,
)

LINKS = (
    "https://example.org/",
    "https://example.org/a_(b)?c=d&e=*f*#g",
    "http://xn--bcher-kva.example/%C3%BC",
    "mailto:writer@example.org",
)
# What Markdown, XML, HTML and the file formats treat in ways of their own.
_MARKS = r"""
\ ` * _ [ ] ( ) < > & ~ ! # + - = | . : 1. 1) 1234567890. ** __ ~~ ``` --- === *** ### &amp; &#42;
<b> <!-- --> </p> <http://x.y> [a]: [a](b) ]( a_b_c a*b*c 2*3 ]]> {{ }} %s http://x.y/z_a_ ~/x $x$
“ ” — … é 日本語 🗼
"""
_WHITE = (" ", "  ", "\t", "\n", " \n ", "\n\n", "\u00a0", "\u2028", "\u0085")
_ODD = (
    "\x00",
    "\x0b",
    "\x1f",
    "\x7f",
    "\ufeff",
    "\ufffe",
    "\ufdd0",
    "\U0001fffe",
    "e\u0301",
    "\u0338",
)
SPECIAL = (*_MARKS.split(), *_WHITE, *_ODD)
WORDS = st.one_of(
    st.sampled_from(SPECIAL),
    st.text("abc XYZ.,", min_size=1, max_size=8),
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=4),
)
TEXTS = st.lists(WORDS, min_size=1, max_size=5).map("".join)
RUNS = st.lists(
    st.builds(
        Run,
        TEXTS,
        strong=st.booleans(),
        em=st.booleans(),
        strike=st.sampled_from((False, False, True)),
        code=st.sampled_from((False, False, False, True)),
        link=st.sampled_from(("", "", "", *LINKS)),
    ),
    min_size=1,
    max_size=4,
).map(tuple)
LEAVES = st.one_of(
    st.builds(Heading, st.integers(1, 6), RUNS),
    st.builds(Paragraph, RUNS),
    st.builds(Paragraph, RUNS),
    st.builds(Code, st.lists(TEXTS, min_size=1, max_size=3).map("\n  ".join)),
    st.just(Rule()),
)


def _around(inner: st.SearchStrategy[Block]) -> st.SearchStrategy[Block]:
    blocks = st.lists(inner, min_size=1, max_size=3).map(tuple)
    items = st.lists(blocks, min_size=1, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Quote, blocks),
        st.builds(ItemList, items),
        st.builds(ItemList, items, st.just(True), st.sampled_from((0, 1, 7, 999_999_998))),
    )


DOCUMENTS = st.lists(st.recursive(LEAVES, _around, max_leaves=6), max_size=5).map(tuple)
