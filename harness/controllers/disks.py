"""The simulated disks of a cluster: what pods find in their volumes, and what outlives them.

A volume holds files as bytes by name (`notes.txt`, `models/a.json`). It begins in memory; the
first program that asks for its `folder` gets a real directory, and from then on the files are
there: so a program that knows only paths runs unmodified. What a persistent volume holds is found
by its source, a directory of a node or a handle, as in life: it outlives pod, claim and even the
PersistentVolume object, until the storage system erases it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, MutableMapping
from pathlib import Path

import orjson

from harness.apiserver.requests import Object

from .objects import uid_of

#: What a PersistentVolumeSpec can say about where the data is.
_SOURCES = ("hostPath", "local", "csi", "nfs")


class Volume(MutableMapping[str, bytes]):
    """Files by name.

    Args:
        make_folder: Gives an empty directory, when one is wanted.
        files: What it holds in the beginning.
        folder: Where its files are already.
    """

    def __init__(
        self,
        make_folder: Callable[[], Path],
        files: dict[str, bytes] | None = None,
        *,
        folder: Path | None = None,
    ) -> None:
        self._make_folder = make_folder
        self._files: dict[str, bytes] = files or {}
        self._folder = folder

    @property
    def folder(self) -> Path:
        """The files as a directory; from now on they live there."""
        if self._folder is None:
            folder = self._make_folder()
            for name, data in self._files.items():
                _write(folder / name, data)
            self._folder, self._files = folder, {}
        return self._folder

    def below(self, path: str) -> Volume:
        """A part of it, as mounted by `subPath`: a directory, or a single file."""
        return Volume(self._make_folder, folder=self._part(path))

    def _part(self, path: str) -> Path:
        part = self.folder / path
        if not part.exists():
            part.mkdir(parents=True)
        return part

    def erase(self) -> None:
        """Lose everything."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._folder, self._files = None, {}

    def __getitem__(self, name: str) -> bytes:
        if self._folder is None:
            return self._files[name]
        try:
            return (self._folder / name).read_bytes()
        except (FileNotFoundError, IsADirectoryError):
            raise KeyError(name) from None

    def __setitem__(self, name: str, data: bytes) -> None:
        if self._folder is None:
            self._files[name] = data
        else:
            _write(self._folder / name, data)

    def __delitem__(self, name: str) -> None:
        if self._folder is None:
            del self._files[name]
            return
        try:
            (self._folder / name).unlink()
        except FileNotFoundError:
            raise KeyError(name) from None

    def __iter__(self) -> Iterator[str]:
        if self._folder is None:
            return iter(sorted(self._files))
        found = (path for path in self._folder.rglob("*") if path.is_file())
        return iter(sorted(path.relative_to(self._folder).as_posix() for path in found))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


class Disks:
    """All disks of a cluster. Directories are made on demand and go with `close`."""

    def __init__(self) -> None:
        self._persistent: dict[str, Volume] = {}
        self._of_pods: dict[tuple[str, str], Volume] = {}
        self._root: Path | None = None
        self._made = 0

    def persistent(self, volume: Object) -> Volume:
        """The disk behind a PersistentVolume; empty when it is new."""
        return self._persistent.setdefault(_address(volume), self.made())

    def of_pod(self, pod: Object, name: str) -> Volume:
        """A volume that lives with the pod."""
        return self._of_pods.setdefault((uid_of(pod), name), self.made())

    def made(self, files: dict[str, bytes] | None = None) -> Volume:
        """A volume that nobody else sees."""
        return Volume(self._new_folder, files)

    def forget_pod(self, uid: str) -> None:
        """The pod is gone, and its own volumes with it."""
        for key in [key for key in self._of_pods if key[0] == uid]:
            self._of_pods.pop(key).erase()

    def erase(self, volume: Object) -> None:
        """The storage system gives the space to somebody else."""
        disk = self._persistent.pop(_address(volume), None)
        if disk is not None:
            disk.erase()

    def close(self) -> None:
        """Remove every directory; the cluster is being stopped."""
        if self._root is not None:
            shutil.rmtree(self._root, ignore_errors=True)
            self._root = None

    def _new_folder(self) -> Path:
        if self._root is None:
            # Named as `subjects/scratch.py` reads it: `harness clean` removes it after a `kill -9`.
            prefix = f"operator-harness-disks-{os.getpid()}-"
            self._root = Path(tempfile.mkdtemp(prefix=prefix))
        self._made += 1
        folder = self._root / f"disk-{self._made}"
        folder.mkdir()
        return folder


def _address(volume: Object) -> str:
    """Where the data of a PersistentVolume is: the same place is the same data."""
    spec = volume["spec"]
    place = {name: spec[name] for name in _SOURCES if name in spec} or uid_of(volume)
    node = spec.get("nodeAffinity") if "csi" not in spec else None
    return orjson.dumps([place, node], option=orjson.OPT_SORT_KEYS).decode()
