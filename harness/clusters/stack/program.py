"""The Pulumi program of a project: a folder with `__main__.py`, and what it is called with.

`Pulumi.yaml` says the project's name, by which Pulumi finds the configuration of a program. The
rest of that file is for `pulumi up` by hand: here the program runs in the harness's own Python.

See https://www.pulumi.com/docs/iac/concepts/projects/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from harness.errors import FormatError, UsageError

MAIN = "__main__.py"
_DESCRIPTION = "Pulumi.yaml"
_UNNAMED = "operator-harness"


@dataclass(frozen=True)
class StackProgram:
    """What to provision: `folder` holds `__main__.py`, `name` is the stack's."""

    folder: Path
    name: str = "harness"
    project: str = _UNNAMED
    config: Mapping[str, str] = field(default_factory=dict)


def stack_program(
    folder: Path, *, name: str = "harness", config: Mapping[str, str] | None = None
) -> StackProgram:
    """The program in a folder.

    Raises:
        UsageError: There is none.
        FormatError: Its `Pulumi.yaml` is no YAML, or names no project.
    """
    if not (folder / MAIN).is_file():
        raise UsageError(
            f"there is no Pulumi program in {folder}: [tool.operator-harness.stack] program must "
            f"name a folder with a {MAIN}"
        )
    return StackProgram(folder.resolve(), name, _project(folder), dict(config or {}))


def _project(folder: Path) -> str:
    description = folder / _DESCRIPTION
    if not description.is_file():
        return _UNNAMED
    try:
        project = YAML(typ="safe").load(description)["name"]
    except (YAMLError, KeyError, TypeError) as error:
        raise FormatError(f"not a Pulumi project: {error!r}", file=str(description)) from None
    return str(project)
