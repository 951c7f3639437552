"""Backends that come with Triptych; each registers through the entry points like any plugin."""
