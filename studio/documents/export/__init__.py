"""Texts in the formats of other programs: read into Markdown, written from Markdown. No Qt."""
