"""Where Triptych keeps things; every other module asks here.

``TRIPTYCH_DATA_DIR`` puts everything under one folder, for portable installations and tests.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

APP_NAME = "Triptych"
PACKAGE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Folders:
    """The application's folders; none is created by asking.

    Attributes:
        config: Settings.
        data: Models, projects, plugins: what the user would back up.
        cache: What can be made again.
        state: Logs, the job queue, window layout.
    """

    config: Path
    data: Path
    cache: Path
    state: Path

    @property
    def models(self) -> Path:
        """Folder of the model store."""
        return self.data / "models"

    @property
    def plugins(self) -> Path:
        """Folder of plugins the user added."""
        return self.data / "plugins"

    @property
    def projects(self) -> Path:
        """Folder of projects that have no other place yet."""
        return self.data / "projects"

    @property
    def library(self) -> Path:
        """Folder of everything ever made, unless the user chose another."""
        return self.data / "library"

    @property
    def credentials(self) -> Path:
        """Folder of this installation's certificates."""
        return self.data / "credentials"

    @property
    def voices(self) -> Path:
        """Folder of voices that people lent, each with its speaker's consent."""
        return self.data / "voices"

    @property
    def wildcards(self) -> Path:
        """Folder of the user's wildcard files, for prompts that choose."""
        return self.data / "wildcards"

    @property
    def logs(self) -> Path:
        """Folder of log files."""
        return self.state / "logs"

    @property
    def settings_file(self) -> Path:
        """The settings file."""
        return self.config / "settings.json"


def user_folders() -> Folders:
    """Return this user's folders, by the rules of the system or ``TRIPTYCH_DATA_DIR``."""
    chosen = os.environ.get("TRIPTYCH_DATA_DIR")
    if chosen:
        root = Path(chosen).expanduser().absolute()
        return Folders(root / "config", root, root / "cache", root / "state")
    import platformdirs

    directories = platformdirs.PlatformDirs(APP_NAME, appauthor=False)
    return Folders(
        Path(directories.user_config_dir),
        Path(directories.user_data_dir),
        Path(directories.user_cache_dir),
        Path(directories.user_state_dir),
    )


def assets() -> Path:
    """Return the folder of icons, fonts, styles and built-in data."""
    installed = PACKAGE / "_assets"
    return installed if installed.is_dir() else PACKAGE.parent / "assets"


def first_party_plugins() -> Path:
    """Return the folder of the plugins that come with Triptych; may not exist."""
    return PACKAGE.parent / "plugins"
