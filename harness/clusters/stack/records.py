"""Stacks that are up, written down before they are: what to destroy when the run is killed.

    .harness/stacks/CLUSTER/run.json   program, plugin, process of the run; removed after `destroy`

The state of a stack is in the same folder, so whoever reads the record can destroy what it tells
of. A record whose run still lives is no leftover.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from harness.errors import InfrastructureError

from ..run_identity import RunIdentity
from .plugin import Plugin
from .program import StackProgram

_FILE = "run.json"


@dataclass(frozen=True, slots=True)
class StackRecord:
    """One stack that a run has brought up.

    Args:
        folder: Of the stack; named as its cluster.
        program: What was provisioned.
        plugin: By which plugin.
        run: The process of the run.
    """

    folder: Path
    program: StackProgram
    plugin: Plugin
    run: RunIdentity

    @property
    def cluster(self) -> str:
        """The cluster that it is on."""
        return self.folder.name

    def write(self) -> None:
        """Write it down."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        program, plugin = self.program, self.plugin
        document = {
            "program": {"folder": str(program.folder), "name": program.name},
            "project": program.project,
            "config": dict(program.config),
            "plugin": {
                "description": plugin.description,
                "folder": str(plugin.folder) if plugin.folder else "",
            },
            "run": asdict(self.run),
        }
        half = self.folder / f"{_FILE}.tmp"
        half.write_text(json.dumps(document, indent=2) + "\n")
        half.replace(self.folder / _FILE)

    def remove(self) -> None:
        """Nothing of it is left: its folder goes, state and logs too."""
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def recorded(folder: Path, program: StackProgram, plugin: Plugin) -> Iterator[None]:
    """A record for as long as the stack is up; it stays when the stack could not be destroyed."""
    record = StackRecord(folder, program, plugin, RunIdentity.own())
    record.write()
    try:
        yield
    except InfrastructureError:
        raise  # such as that of a destruction that failed
    except BaseException:
        record.remove()
        raise
    record.remove()


def leftover_stacks(home: Path) -> list[StackRecord]:
    """Stacks of runs that were killed, by cluster.

    Args:
        home: The folder of all runs, `.harness`.

    Raises:
        InfrastructureError: A record is damaged.
    """
    found = [_read(file) for file in sorted((home / "stacks").glob(f"*/{_FILE}"))]
    return [record for record in found if not record.run.is_alive()]


def _read(file: Path) -> StackRecord:
    try:
        document = json.loads(file.read_text())
        program, plugin, owner = document["program"], document["plugin"], document["run"]
        return StackRecord(
            file.parent,
            StackProgram(
                Path(program["folder"]), program["name"], document["project"], document["config"]
            ),
            Plugin(plugin["description"], Path(plugin["folder"]) if plugin["folder"] else None),
            RunIdentity(owner["pid"], owner["began"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InfrastructureError(
            f"{file} should say which stack a run has brought up, but cannot be read: {error!r}; "
            f"destroy the stack by hand, then delete {file.parent}"
        ) from None
