"""Which `pulumi-resource-kubernetes` is used: it is chosen here, once, and said aloud.

    named with --pulumi-plugin  >  found on PATH  >  installed in the user's home  >  downloaded now

Nothing else is tried, so a stand-in is used when somebody names it and never otherwise. A folder
that was named counts as the published plugin only when it is called as Pulumi calls those that it
installs (`resource-kubernetes-v4.34.2`).

See https://www.pulumi.com/docs/iac/concepts/plugins/
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from harness.errors import UsageError

from .engine import ENGINE, missing_engine

EXECUTABLE = "pulumi-resource-kubernetes"
_PACKAGE = "pulumi-kubernetes"
_INSTALLED = re.compile(r"resource-kubernetes-v(?P<version>\d+(?:\.\d+)*)")
_DOWNLOAD_SECONDS = 120.0

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plugin:
    """A plugin that is there.

    `folder` goes in front of the engine's PATH; it is None where Pulumi finds the plugin itself.
    """

    description: str
    folder: Path | None = None

    @property
    def is_stand_in(self) -> bool:
        """Whether it is test equipment."""
        return self.description.startswith("STAND-IN")


def choose_plugin(named: str = "", *, tell: Tell = lambda line: None) -> Plugin:
    """The plugin to use; `named` is a folder that holds one.

    Raises:
        UsageError: There is none and none can be downloaded, or the folder holds none; or there
            is no engine that could use it.
    """
    if missing := missing_engine():
        raise UsageError(missing)
    found = find_plugin(named)
    if found is None:
        tell(f"downloading {EXECUTABLE} v{wanted_version()}")
        _download()
        found = find_plugin()
    if found is None:
        raise UsageError(missing_plugin())
    return found


def find_plugin(named: str = "") -> Plugin | None:
    """The plugin that is there already; None when there is none.

    Raises:
        UsageError: The folder that was named holds none.
    """
    if named:
        return _in_folder(Path(named))
    if path := shutil.which(EXECUTABLE):
        return Plugin(f"{EXECUTABLE} from PATH: {path}")
    versions = [
        match["version"]
        for folder in _entries(plugins_folder())
        if (match := _INSTALLED.fullmatch(folder.name)) and (folder / EXECUTABLE).is_file()
    ]
    wanted = wanted_version()
    fitting = [version for version in versions if _fits(version, wanted)]
    if not fitting:
        return None
    version = wanted if wanted in fitting else max(fitting, key=_numbers)
    return Plugin(f"{EXECUTABLE} v{version} (installed)")


def missing_plugin() -> str:
    """What to do when there is no plugin, in one sentence."""
    version = wanted_version()
    return (
        f"Pulumi's plugin {EXECUTABLE} v{version} is not installed and cannot be downloaded here: "
        f"run `pulumi plugin install resource kubernetes {version}` where there is a network, or "
        f"name a folder that holds the plugin with --pulumi-plugin"
    )


def wanted_version() -> str:
    """The version that belongs to the installed Python package."""
    try:
        return metadata.version(_PACKAGE)
    except metadata.PackageNotFoundError:
        return "4"


def user_home() -> Path:
    """Pulumi's folder of the user."""
    return Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")


def plugins_folder() -> Path:
    """Where Pulumi installs plugins for the user."""
    return user_home() / "plugins"


def _in_folder(folder: Path) -> Plugin:
    executable = folder / EXECUTABLE
    if not os.access(executable, os.X_OK) or not executable.is_file():
        raise UsageError(
            f"--pulumi-plugin {folder} holds no program {EXECUTABLE}; name the folder of one"
        )
    if match := _INSTALLED.fullmatch(folder.name):
        return Plugin(f"{EXECUTABLE} v{match['version']} from {folder}", folder.resolve())
    return Plugin(f"STAND-IN for {EXECUTABLE} from {folder}", folder.resolve())


def _download() -> None:
    """Ask Pulumi to install it; what comes of it is seen by looking."""
    command = [ENGINE, "plugin", "install", "resource", "kubernetes", wanted_version()]
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        subprocess.run(
            command, env=environment, capture_output=True, timeout=_DOWNLOAD_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return


def _fits(version: str, wanted: str) -> bool:
    """Whether Pulumi takes this version when the program asks for `wanted`."""
    have, need = _numbers(version), _numbers(wanted)
    return have[:1] == need[:1] and have >= need


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []
