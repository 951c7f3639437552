"""The panes, by name; each is imported only when it is first shown.

A pane is a ``QWidget`` made as ``Pane(context)`` with

- ``title: str`` and ``icon_name: str`` (Lucide) for the rail,
- ``inspector: QWidget``, shown in the panel on the right,
- ``activated()``: called each time it comes to the front, the first time after the first paint,
- ``close_requested() -> bool``: says whether the window may close now, having kept its work,
- ``open_file(path)``: opens a file of the user,
- optionally ``header: QWidget``, shown in the strip above the work instead of the title.
"""

PANES: tuple[tuple[str, str], ...] = (("text", "studio.app.panes.text.pane:TextPane"),)
"""(name, "module:class") from top to bottom of the rail."""
