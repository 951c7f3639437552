"""The picture pane: a canvas, results over it, and one button that knows what to do."""
