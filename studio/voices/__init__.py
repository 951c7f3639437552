"""Voices that people lent: what is read aloud, how it is checked, and where it is kept.

A voice is cloned only from the recording of its speaker's consent, see
packaging/docs/decisions/0155-voices-are-lent-by-reading-the-consent.md. Nothing here knows Qt,
models or the window; whoever listens (a transcription of the engine) is passed in as text.
"""
