"""The words that go with a training picture."""

from __future__ import annotations

SHEET_NOUNS = (
    "apple", "cat", "house", "rocket", "tree", "fish", "guitar", "car", "cup of coffee", "sun",
    "dog", "lion", "elephant", "penguin", "owl", "frog", "snake", "butterfly", "crab", "octopus",
    "rose", "sunflower", "cactus", "mushroom", "banana", "strawberry", "pizza", "hamburger",
    "ice cream cone", "birthday cake", "airplane", "bicycle", "sailboat", "umbrella", "star",
    "heart", "ghost", "crown", "key", "light bulb",
)  # fmt: skip
"""The forty common nouns of the contact sheets, fixed before any training."""

SHEET_STYLES = ("3d", "flat", "noto")


def article(words: str) -> str:
    """``words`` with "a" or "an" in front, where they are not a plural."""
    first = words.split()[0]
    head = words.split(" of ")[0].split(" with ")[0].split()[-1]
    if head.endswith("s") and not head.endswith("ss") and head not in ("bus", "octopus", "cactus"):
        return words
    return f"{'an' if first[0] in 'aeiou' and first != 'unicorn' else 'a'} {words}"


def phrase(noun: str, colour: str | None, background: str | None = None) -> str:
    """ "purple cat on a blue background"."""
    words = f"{colour} {noun}" if colour else noun
    return f"{words} on {article(background)} background" if background else words


def captions(
    noun: str,
    style: str,
    colour: str | None = None,
    background: str | None = None,
    finish: str | None = None,
) -> tuple[str, ...]:
    """Ways to ask for one picture; the last does not name the style.

    Args:
        noun: what is drawn.
        style: one of the styles, "3d" for instance.
        colour: its colour word, if the caption says one.
        background: colour word of a filled background.
        finish: "sticker" (white border) or "silhouette".
    """
    subject = phrase(noun, colour, background)
    if finish == "silhouette":
        return (
            f"{article(f'{noun}')}, silhouette",
            f"silhouette of {article(noun)}",
            f"black {noun} silhouette",
            f"{noun} silhouette",
        )
    if finish == "sticker":
        return (
            f"{article(subject)}, {style}, white border",
            f"{style} {subject} sticker with a white border",
            f"{subject}, {style} style, white border",
            f"{subject} sticker with a white border",
        )
    return (
        f"{article(subject)}, {style}",
        f"{style} {subject}",
        f"{subject}, {style} style",
        article(subject),
    )


def evaluation_caption(noun: str, style: str, colour: str | None = None) -> str:
    """The one wording that evaluation and sheets use."""
    return f"{article(phrase(noun, colour))}, {style}"
