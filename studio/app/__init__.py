"""The window: everything Qt. Objects are made in :mod:`studio.app.main` and passed in."""
