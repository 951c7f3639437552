"""The time line: tracks with clips, drawn and handled."""
