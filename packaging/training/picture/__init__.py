"""Train, judge and export the built-in picture model; see README.md in this folder."""
