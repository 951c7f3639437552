"""Colours, sizes and icons: the one place that knows any of them."""

from studio.app.theme.theme import Theme

__all__ = ["Theme"]
