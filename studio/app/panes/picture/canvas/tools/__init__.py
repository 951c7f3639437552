"""The tools of the canvas, one object each."""
