"""What killed runs have left on this machine: kind clusters, stacks, programs, temporary folders.

Programs and folders are ended and removed by guardians, even after a `kill -9`. Here is what stays
when the guardian was killed too, as when a whole container of CI is out of memory.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from harness.clusters.control_plane_programs import CONTROLLERS, NEEDED
from harness.clusters.run_identity import beginning_of
from harness.errors import HarnessError
from harness.subjects.scratch import scratch_folders

from .cleaning_stacks import clean_stacks
from .leftovers import Fate, Leftover, Tell

_PROGRAMS = frozenset({*NEEDED, *CONTROLLERS})
#: How guardians are started; their folder comes last.
_GUARDIAN = ["-I", "-S", "-c"]


def clean_machine(folder: Path, tell: Tell, *, dry_run: bool) -> None:
    """Remove what is left of runs whose process is gone.

    Args:
        folder: Of all runs, `.harness`.
        tell: Told of each leftover.
        dry_run: Only tell.
    """
    _clean_kind_clusters(folder, tell, dry_run=dry_run)
    clean_stacks(folder, tell, dry_run=dry_run)
    for scratch, owner in scratch_folders():
        _clean_folder(scratch, owner, tell, dry_run=dry_run)


def _clean_kind_clusters(folder: Path, tell: Tell, *, dry_run: bool) -> None:
    from harness.clusters.kind import delete_leftover, leftover_kind_clusters

    try:
        leftovers = leftover_kind_clusters(folder)
    except HarnessError as error:
        tell(Leftover(Fate.STUCK, f"records of kind clusters in {folder}: {error}"))
        return
    for record in leftovers:
        text = f"kind cluster {record.name!r}"
        if dry_run:
            tell(Leftover(Fate.WOULD_GO, f"delete {text}"))
            continue
        try:
            delete_leftover(record)
        except HarnessError as error:
            remedy = f"start Docker and try again, or: kind delete cluster --name {record.name}"
            tell(Leftover(Fate.STUCK, f"{text} cannot be deleted: {error}", remedy))
        else:
            tell(Leftover(Fate.GONE, f"{text} deleted"))


def _clean_folder(scratch: Path, owner: int, tell: Tell, *, dry_run: bool) -> None:
    if beginning_of(owner):
        if owner != os.getpid():
            tell(Leftover(Fate.SPARED, f"{scratch}: process {owner}, which made it, runs"))
        return
    orphans = dict(_processes_of(scratch))
    for pid, program in orphans.items():
        _end(pid, f"{program} (process {pid}) of {scratch}", tell, dry_run=dry_run)
    if dry_run:
        tell(Leftover(Fate.WOULD_GO, f"remove {scratch}"))
        return
    shutil.rmtree(scratch, ignore_errors=True)
    if scratch.exists():
        tell(Leftover(Fate.STUCK, f"{scratch} cannot be removed", f"remove it: rm -r {scratch}"))
    else:
        tell(Leftover(Fate.GONE, f"{scratch} removed"))


def _end(pid: int, text: str, tell: Tell, *, dry_run: bool) -> None:
    if dry_run:
        tell(Leftover(Fate.WOULD_GO, f"end {text}"))
        return
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # its guardian was faster
    except PermissionError as error:
        tell(Leftover(Fate.STUCK, f"{text} cannot be ended: {error}", f"end it: kill -9 {pid}"))
        return
    tell(Leftover(Fate.GONE, f"{text} ended"))


def _processes_of(scratch: Path) -> Iterator[tuple[int, str]]:
    """The programs that we have started with this folder, and guardians of it.

    Programs of a control plane name it in their arguments, subjects have a kubeconfig in it.
    """
    for pid, arguments, kubeconfig in _all_processes():
        program = Path(arguments[0]).name if arguments else ""
        named = any(str(scratch) in argument for argument in arguments[1:])
        is_guardian = arguments[1:4] == _GUARDIAN and arguments[-1] == str(scratch)
        if is_guardian or (named and program in _PROGRAMS):
            yield pid, "guardian" if is_guardian else program
        elif Path(kubeconfig).parent == scratch:
            yield pid, program


def _all_processes() -> Iterator[tuple[int, list[str], str]]:
    """Number, arguments and KUBECONFIG of each process that we may look at."""
    proc = Path("/proc")
    if not (proc / "self").exists():  # macOS
        yield from _processes_by_ps()
        return
    for entry in sorted((e for e in proc.iterdir() if e.name.isdigit()), key=lambda e: int(e.name)):
        try:
            arguments = _words(entry / "cmdline")
            variables = dict(word.partition("=")[::2] for word in _words(entry / "environ"))
        except OSError:
            continue  # it has ended, or is somebody else's
        yield int(entry.name), arguments, variables.get("KUBECONFIG", "")


def _words(file: Path) -> list[str]:
    return [word.decode(errors="replace") for word in file.read_bytes().split(b"\0") if word]


def _processes_by_ps() -> Iterator[tuple[int, list[str], str]]:
    listed = subprocess.run(
        ["ps", "-axo", "pid=,command="], capture_output=True, text=True, check=False
    )
    for line in listed.stdout.splitlines():
        pid, _, command = line.strip().partition(" ")
        yield int(pid), command.split(), ""
