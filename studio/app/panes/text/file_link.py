"""Which file on disk a manuscript belongs to, and how it was when we last saw it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from studio.documents.textfile import FileToken, TextFile, changed_outside, write_text_file


@dataclass(frozen=True, kw_only=True)
class FileLink:
    """A text file and how it is written.

    Attributes:
        path: The file.
        encoding: Python's name of its encoding.
        newline: What ends its lines.
        had_bom: It starts with a byte-order mark.
        token: How it looked when it was last read or written; ``None`` when not known.
    """

    path: Path
    encoding: str = "utf-8"
    newline: str = "\n"
    had_bom: bool = False
    token: FileToken | None = None

    @staticmethod
    def of(path: Path, file: TextFile) -> FileLink:
        """Return the link of a file just read or written."""
        return FileLink(
            path=path.absolute(),
            encoding=file.encoding,
            newline=file.newline,
            had_bom=file.had_bom,
            token=file.token,
        )

    def to_meta(self) -> dict[str, Any]:
        """Return the link as plain data for a document's meta."""
        return {
            "path": str(self.path),
            "encoding": self.encoding,
            "newline": self.newline,
            "had_bom": self.had_bom,
            "token": asdict(self.token) if self.token is not None else None,
        }

    @staticmethod
    def from_meta(meta: Mapping[str, Any]) -> FileLink | None:
        """Read what :meth:`to_meta` returned; ``None`` when there is no link."""
        plain = meta.get("file")
        if not isinstance(plain, Mapping) or not plain.get("path"):
            return None
        token = plain.get("token")
        return FileLink(
            path=Path(str(plain["path"])),
            encoding=str(plain.get("encoding", "utf-8")),
            newline=str(plain.get("newline", "\n")),
            had_bom=bool(plain.get("had_bom", False)),
            token=FileToken(**token) if isinstance(token, Mapping) else None,
        )

    def changed_outside(self) -> bool:
        """Return whether another program changed or removed the file.

        Raises:
            StorageError: It is there and cannot be read.
        """
        return self.token is not None and changed_outside(self.path, self.token)

    def written(self, text: str) -> tuple[FileLink, str]:
        """Write the file anew; return its link then, and a notice ("" for none).

        Raises:
            StorageError: The file is as it was before.
        """
        file = write_text_file(
            self.path,
            text,
            encoding=self.encoding,
            newline=self.newline,  # type: ignore[arg-type]
            had_bom=self.had_bom,
        )
        return FileLink.of(self.path, file), file.notice
