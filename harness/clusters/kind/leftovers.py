"""Clusters that we have created, written down before they exist.

    .harness/clusters/NAME.json   name, program, process of the run; removed after the deletion

A run that is killed leaves its record, so that `harness clean` finds the cluster. A record whose
run still lives is no leftover.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from harness.errors import InfrastructureError

from ..run_identity import RunIdentity
from .commands import Run, run

_DELETION_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class KindRecord:
    """One cluster that was created by a run.

    Args:
        name: As kind knows it.
        kind_bin: Absolute path of the program that created it.
        kubeconfig: Its kubeconfig, from which the deletion takes it out.
        run: The process of the run.
        file: Where this is written.
    """

    name: str
    kind_bin: str
    kubeconfig: str
    run: RunIdentity
    file: Path

    def write(self) -> None:
        """Write it down."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        document = {
            "name": self.name,
            "kind": self.kind_bin,
            "kubeconfig": self.kubeconfig,
            "run": asdict(self.run),
        }
        half = self.file.with_suffix(".tmp")
        half.write_text(json.dumps(document, indent=2) + "\n")
        half.replace(self.file)

    def remove(self) -> None:
        """There is nothing to clean up any more."""
        self.file.unlink(missing_ok=True)


def record_file(folder: Path, name: str) -> Path:
    """Where the record of a cluster is, in the folder of all runs (`.harness`)."""
    return folder / "clusters" / f"{name}.json"


def read_record(file: Path) -> KindRecord:
    """The record in a file.

    Raises:
        InfrastructureError: It is damaged.
    """
    try:
        document = json.loads(file.read_text())
        owner = RunIdentity(document["run"]["pid"], document["run"]["began"])
        return KindRecord(document["name"], document["kind"], document["kubeconfig"], owner, file)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InfrastructureError(
            f"{file} should say which kind cluster a run has created, but cannot be read: "
            f"{error!r}; look at `kind get clusters`, delete what is not needed, then the file"
        ) from None


def leftover_kind_clusters(folder: Path) -> list[KindRecord]:
    """Clusters of runs that were killed, by name.

    Args:
        folder: Of all runs, `.harness`.
    """
    found = [read_record(file) for file in sorted((folder / "clusters").glob("*.json"))]
    return [record for record in found if not record.run.is_alive()]


def delete_leftover(record: KindRecord, *, run: Run = run) -> None:
    """Delete a cluster that a killed run has left, and its record; no error when it is gone.

    Raises:
        CommandFailed: kind cannot delete it.
    """
    delete_cluster(record, run=run)
    record.remove()


def delete_cluster(record: KindRecord, *, run: Run = run) -> None:
    """Delete the cluster of a record, and its kubeconfig if that is ours.

    Raises:
        CommandFailed: kind cannot delete it.
    """
    command = [record.kind_bin, "delete", "cluster", f"--name={record.name}"]
    run([*command, f"--kubeconfig={record.kubeconfig}"], timeout_seconds=_DELETION_SECONDS)
    kubeconfig = Path(record.kubeconfig)
    if kubeconfig.parent == record.file.parent:
        kubeconfig.unlink(missing_ok=True)
