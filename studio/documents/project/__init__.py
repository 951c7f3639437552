"""Projects: one SQLite file each, in which nothing a user made is ever lost. No Qt.

Importing this is cheap; SQLite is loaded when the first project is opened.
"""

from studio.documents.project.project import SUFFIX, TEXT, Project, blob_name
from studio.documents.project.records import (
    Backup,
    DocumentInfo,
    HistoryEntry,
    Leftover,
    ProjectInUseError,
    SnapshotInfo,
    UnwrittenChangesError,
)
from studio.documents.project.session import ProjectSession
from studio.documents.spans import Origin, Span, TextEdit, TextState

__all__ = [
    "SUFFIX",
    "TEXT",
    "Backup",
    "DocumentInfo",
    "HistoryEntry",
    "Leftover",
    "Origin",
    "Project",
    "ProjectInUseError",
    "ProjectSession",
    "SnapshotInfo",
    "Span",
    "TextEdit",
    "TextState",
    "UnwrittenChangesError",
    "blob_name",
]
