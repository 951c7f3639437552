"""Which models are here, what they are and how to get one. No Qt, no torch at import."""
