"""Put an engine together from the user's folders and settings; the window and the command line
both start here, so both run the same engine.
"""

from __future__ import annotations

from pathlib import Path

from studio.core.inputs import InputStore
from studio.core.paths import Folders, first_party_plugins
from studio.core.requests import Capability
from studio.core.settings import Settings
from studio.engine.engine import Engine
from studio.engine.registry import Registry
from studio.models.built_in import built_in_models
from studio.models.store import ModelStore
from studio.voices.store import VoiceStore

CRASH_FILE = "plugin-crashes.json"
QUEUE_FILE = "queue.sqlite"
INPUTS_FOLDER = "inputs"


def build_engine(
    folders: Folders,
    settings: Settings,
    *,
    queue_file: Path | None,
    safe_mode: bool = False,
) -> Engine:
    """Return an engine that is not started yet; nothing is read or imported here.

    Args:
        folders: Where models, plugins and state lie.
        settings: Device, memory, model folders, plugins that are on, default models.
        queue_file: Where waiting jobs are kept; ``None``: they end with the program.
        safe_mode: Run with Triptych's own backends only.
    """
    registry = Registry(
        folders=(first_party_plugins(), folders.plugins),
        enabled=settings.enabled_plugins,
        safe_mode=safe_mode,
        crash_file=folders.state / CRASH_FILE,
    )
    store = ModelStore(
        (folders.models, *(Path(f) for f in settings.files.model_folders), *built_in_models())
    )
    chosen = settings.writing.text_model
    return Engine(
        registry=registry,
        store=store,
        settings=settings.computing,
        queue_file=queue_file,
        inputs=InputStore(folders.state / INPUTS_FOLDER),
        voices=VoiceStore(folders.voices, folders.credentials),
        default_models={
            Capability.TEXT_GENERATE: chosen,
            Capability.TEXT_CHAT: chosen,
        }
        if chosen
        else {},
    )
