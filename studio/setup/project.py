"""What a checkout asks to have installed: pyproject.toml and the pins beside this set-up."""

from __future__ import annotations

import hashlib
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Project:
    """What pyproject.toml and constraints.txt ask for.

    Attributes:
        root: The checkout.
        requirements: What each extra needs; "" is what a start needs, build tools included.
        torch: The pinned torch, such as "torch==2.13.0".
        packages_digest: Changes when other packages have to be installed.
        project_digest: Changes when Triptych's own metadata has to be written anew.
    """

    root: Path
    requirements: dict[str, list[str]]
    torch: str
    packages_digest: str
    project_digest: str

    @property
    def constraints(self) -> Path:
        """The file of pins."""
        return self.root / "packaging" / "constraints.txt"


def read_project(root: Path) -> Project:
    """Read what has to be installed in a checkout.

    Args:
        root: The checkout.

    Returns:
        The requirements, and digests that tell when they have changed.
    """
    pins = (root / "packaging" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    data = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    project = data["project"]
    requirements = {"": [*project["dependencies"], *data["build-system"]["requires"], "editables"]}
    requirements.update(project.get("optional-dependencies", {}))
    metadata = [
        project.get(key) for key in ("name", "version", "scripts", "gui-scripts", "entry-points")
    ]
    return Project(
        root=root,
        requirements=requirements,
        torch=next(line.strip() for line in pins if line.startswith("torch==")),
        packages_digest=_digest([pins, requirements]),
        project_digest=_digest([metadata, data.get("tool", {}).get("hatch")]),
    )
