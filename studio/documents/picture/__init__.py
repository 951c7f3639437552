"""Pictures as layers of tiles: painting, selecting, undo, compositing and keeping. No Qt.

Nothing is imported here, so that ``geometry`` costs no numpy; everything else does.
"""
