"""Archives in a folder: one folder an archive, one file a replica in it, whole or not there at all.

    ARCHIVE/ORDINAL.json

An archive is written under another name, flushed, and then takes its own in one step. So whoever
finds an archive finds all of it, and a try that was cut off leaves nothing but a folder that the
next one throws away.
"""

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

NEW = ".new-"
NUMBERED = re.compile(r"(.+)-([0-9]+)")


class NoArchive(Exception):
    """There is no archive of this name."""


def write(folder: Path, archive: str, states: Mapping[int, bytes]) -> None:
    """Store the states of all replicas by ordinal. An archive that is there already stays."""
    if (folder / archive).exists():
        return
    unfinished = folder / f"{NEW}{archive}"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    for ordinal, state in states.items():
        with (unfinished / f"{ordinal}.json").open("wb") as file:
            file.write(state)
            file.flush()
            os.fsync(file.fileno())
    unfinished.rename(folder / archive)


def read(folder: Path, archive: str) -> dict[int, bytes]:
    """The states of an archive by ordinal."""
    if not (folder / archive).is_dir():
        known = ", ".join(names(folder)) or "none"
        raise NoArchive(f"There is no archive {archive!r}; there are: {known}.")
    files = sorted((folder / archive).glob("*.json"), key=lambda path: int(path.stem))
    return {int(path.stem): path.read_bytes() for path in files}


def names(folder: Path) -> list[str]:
    """All archives, in the order of their names."""
    return sorted(path.name for path in folder.iterdir() if _is_archive(path))


def _is_archive(path: Path) -> bool:
    # A new file system has a folder lost+found of its own.
    return path.is_dir() and not path.name.startswith(NEW) and path.name != "lost+found"


def prune(folder: Path, newest: str, keep: int) -> list[str]:
    """Delete the oldest archives of the schedule that made `newest`; returns their names.

    A schedule numbers its archives. Those with other names were made by hand, and stay.
    """
    numbered = NUMBERED.fullmatch(newest)
    if numbered is None:
        return []
    schedule, number = numbered[1], int(numbered[2])
    old = sorted(_numbers(folder, schedule))[:-keep]
    pruned = [f"{schedule}-{each}" for each in old]
    unfinished = [each for each in _numbers(folder, f"{NEW}{schedule}") if each < number]
    for name in [*pruned, *(f"{NEW}{schedule}-{each}" for each in unfinished)]:
        shutil.rmtree(folder / name, ignore_errors=True)
    return pruned


def _numbers(folder: Path, schedule: str) -> list[int]:
    found = (NUMBERED.fullmatch(path.name) for path in folder.iterdir())
    return [int(match[2]) for match in found if match is not None and match[1] == schedule]
