"""The sound pane: tracks on a time line, voices, recording, narration."""
