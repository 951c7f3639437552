"""Tells what model files and folders of pictures are, from names and shapes alone; no torch."""
