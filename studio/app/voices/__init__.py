"""Lent voices in the window: the list of them, lending one, and choosing one to speak with."""
