"""The library pane: everything ever made, as a grid to search, sort, star and make again."""
