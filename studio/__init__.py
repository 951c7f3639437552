"""Triptych: make text, pictures and sound with models that run on your own computer."""

__version__ = "0.1.0"
